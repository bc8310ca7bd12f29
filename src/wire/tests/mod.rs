//! The protocol over a real socket. The scripts' answers are PostgreSQL 15's: see `scripts/`.

mod client;
mod fake;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use self::client::{Client, render};
use self::fake::FakeExecutor;
use super::startup::Authenticator;
use super::{Method, Options, Server, Tls, TrustLoopback};
use crate::error::Result;

/// A server with the fake executor, for the tests of other modules.
pub(crate) fn fake_server() -> Arc<Server> {
    Server::new(Arc::new(FakeExecutor), Arc::new(TrustLoopback), Options::default())
}

/// A server with the fake executor; its port.
async fn server(authenticator: Arc<dyn Authenticator>) -> (Arc<Server>, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let options = Options { drain_timeout: Duration::from_millis(300), ..Options::default() };
    let server = Server::new(Arc::new(FakeExecutor), authenticator, options);
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    (server, port)
}

async fn connected() -> (Arc<Server>, Client) {
    let (server, port) = server(Arc::new(TrustLoopback)).await;
    (server, Client::connect(port, &[("user", "postgres"), ("database", "core")]).await)
}

#[tokio::test]
async fn scripts_answer_as_postgresql() {
    let script = include_str!("../scripts/protocol.script");
    let (_server, mut client) = connected().await;
    client.until_ready().await;
    let (mut found, mut pending) = (String::new(), Vec::new());
    for line in script.lines().filter(|line| !line.starts_with("< ")) {
        found.push_str(line);
        found.push('\n');
        let Some(message) = line.strip_prefix("> ") else { continue };
        let answers = client::encode(message, &mut pending);
        if answers {
            client.send(&std::mem::take(&mut pending)).await;
            for (kind, body) in client.until_ready().await {
                found.push_str(&format!("< {}\n", render(kind, &body)));
            }
        }
    }
    // The first difference with what leads to it says more than the two texts.
    let (mut title, mut sent) = ("", Vec::new());
    for (expected, found) in script.lines().zip(found.lines()) {
        if expected.starts_with('#') {
            (title, sent) = (expected, Vec::new());
        }
        sent.push(expected);
        assert_eq!(found, expected, "{title}\n{}", sent.join("\n"));
    }
    assert_eq!(found.lines().count(), script.lines().count());
}

#[tokio::test]
async fn startup_reports_parameters() {
    let (_server, port) = server(Arc::new(TrustLoopback)).await;
    let parameters = [
        ("user", "bob"),
        ("client_encoding", "'utf-8'"),
        ("options", "-c search_path=a,b"),
        ("DateStyle", "ISO"),
        ("TimeZone", "Europe/Berlin"),
    ];
    let mut client = Client::connect(port, &parameters).await;
    let lines: Vec<String> = client.until_ready().await.iter().map(|(kind, body)| render(*kind, body)).collect();
    for expected in [
        "R 0",
        "S client_encoding=UTF8",
        "S server_version=15.8 (Graticule 0.1.0)",
        "S TimeZone=Europe/Berlin",
        "S DateStyle=ISO, MDY",
        "S standard_conforming_strings=on",
        "S session_authorization=bob",
        "S is_superuser=off",
        "S integer_datetimes=on",
        "Z I",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected} in {lines:?}");
    }
    client.query("show search_path").await;
    assert_eq!(client.lines().await[1], "D a,b");
}

#[tokio::test]
async fn bad_startups_are_refused() {
    let (_server, port) = server(Arc::new(TrustLoopback)).await;
    for (parameters, expected) in [
        (vec![("user", "x"), ("nope", "1")], "E FATAL 42704 unrecognized configuration parameter \"nope\""),
        (vec![("database", "x")], "E FATAL 28000 no PostgreSQL user name specified in startup packet"),
        (vec![("user", "x"), ("database", "missing")], "E FATAL 3D000 database \"missing\" does not exist"),
    ] {
        let mut client = Client::connect(port, &parameters).await;
        assert_eq!(client.until_closed().await.last().map(String::as_str), Some(expected));
    }
}

#[tokio::test]
async fn negotiates_tls_and_versions() {
    let (_server, port) = server(Arc::new(TrustLoopback)).await;
    let mut client = Client::open(port).await;
    client.send(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]).await;
    assert_eq!(client.byte().await, b'N');
    client.send(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30]).await;
    assert_eq!(client.byte().await, b'N');
    client.startup(0x0003_0002, &[("user", "x"), ("_pq_.odd", "1")]).await;
    let messages = client.until_ready().await;
    assert_eq!(messages[0].0, b'v');
    assert_eq!(messages[0].1, [&[0, 0, 0, 0, 0, 0, 0, 1][..], b"_pq_.odd\0"].concat());
}

#[tokio::test]
async fn bad_utf8_is_refused() {
    let (_server, mut client) = connected().await;
    client.until_ready().await;
    client.send(b"Q\0\0\0\x0fselect '\xff'\0").await;
    assert_eq!(client.lines().await[0], "E ERROR 22021 invalid byte sequence for encoding \"UTF8\": 0xff");
    client.query("select 1").await;
    assert_eq!(client.lines().await[1], "D 1");
}

#[tokio::test]
async fn cancel_requests_stop_statements() {
    let (_server, mut client) = connected().await;
    let key = client.until_ready().await.into_iter().find(|(kind, _)| *kind == b'K').unwrap().1;
    client.query("select sleep").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut other = Client::open(client.port).await;
    other.send(&[&[0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e][..], &key].concat()).await;
    let lines = client.lines().await;
    assert_eq!(lines, ["E ERROR 57014 canceling statement due to user request", "Z I"]);
}

#[tokio::test]
async fn timeouts_fire() {
    let (_server, mut client) = connected().await;
    client.until_ready().await;
    client.query("set statement_timeout = 50").await;
    client.lines().await;
    client.query("select sleep").await;
    assert_eq!(client.lines().await[0], "E ERROR 57014 canceling statement due to statement timeout");
    client.query("set idle_in_transaction_session_timeout = 50; begin").await;
    client.lines().await;
    let end = client.until_closed().await;
    assert_eq!(end, ["E FATAL 25P03 terminating connection due to idle-in-transaction timeout"]);
}

#[tokio::test]
async fn a_lost_client_stops_its_statement() {
    let (server, mut client) = connected().await;
    client.until_ready().await;
    client.query("select sleep").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.open_connections(), 1);
    drop(client);
    for _ in 0..100 {
        if server.open_connections() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection is still there");
}

#[tokio::test]
async fn shutdown_ends_idle_sessions_and_waits_for_transactions() {
    let (server, mut idle) = connected().await;
    idle.until_ready().await;
    let mut busy = Client::connect(idle.port, &[("user", "x")]).await;
    busy.until_ready().await;
    busy.query("begin").await;
    busy.lines().await;
    server.shutdown().await;
    let end = "E FATAL 57P01 terminating connection due to administrator command";
    assert_eq!(idle.until_closed().await, [end]);
    assert_eq!(busy.until_closed().await, [end]);
}

/// One role `bob` with the password `secret`.
struct Passwords(String);

#[async_trait::async_trait]
impl Authenticator for Passwords {
    async fn method(&self, _: &str, _: &str, _: Option<std::net::SocketAddr>, _: Tls) -> Result<Method> {
        Ok(Method::Scram { verifier: self.0.clone() })
    }
}

#[tokio::test]
async fn scram_checks_passwords() {
    use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
    let verifier = postgres_protocol::password::scram_sha_256(b"secret");
    let (_server, port) = server(Arc::new(Passwords(verifier))).await;
    for (password, works) in [("secret", true), ("wrong", false)] {
        let mut client = Client::connect(port, &[("user", "bob")]).await;
        let (_, body) = client.message().await.unwrap();
        assert_eq!(body, b"\0\0\0\x0aSCRAM-SHA-256\0\0");
        let mut scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
        let first = scram.message().to_vec();
        let body = [b"SCRAM-SHA-256\0".as_slice(), &(first.len() as u32).to_be_bytes(), &first].concat();
        client.send_message(b'p', &body).await;
        let (_, body) = client.message().await.unwrap();
        scram.update(&body[4..]).unwrap();
        client.send_message(b'p', scram.message()).await;
        if works {
            let (_, body) = client.message().await.unwrap();
            scram.finish(&body[4..]).unwrap();
            client.until_ready().await;
        } else {
            let lines = client.until_closed().await;
            assert_eq!(lines, ["E FATAL 28P01 password authentication failed for user \"bob\""]);
        }
    }
}

#[tokio::test]
async fn tls_encrypts() {
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    // Made for this test only: a certificate for `localhost` that nobody trusts.
    let certificate = CertificateDer::from_pem_slice(include_bytes!("localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("localhost.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let options = Options { tls: Some(tokio_rustls::TlsAcceptor::from(Arc::new(config))), ..Options::default() };
    let server = Server::new(Arc::new(FakeExecutor), Arc::new(TrustLoopback), options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { server.serve(listener).await });

    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'S');
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    stream.write_all(b"\0\0\0\x10\0\x03\0\0user\0x\0\0Q\0\0\0\x0dselect 7\0").await.unwrap();
    let (mut answer, complete) = (Vec::new(), b"SELECT 1\0Z\0\0\0\x05I");
    while !answer.ends_with(complete) {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_panic_ends_one_connection() {
    let (server, mut client) = connected().await;
    client.until_ready().await;
    client.query("select panic").await;
    assert_eq!(client.until_closed().await, ["E FATAL XX000 internal error: a panic"]);
    assert_eq!(server.open_connections(), 0);
}
