//! The beginning of a connection: TLS, cancel requests, startup parameters, authentication.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Buf, Bytes, BytesMut};
use pgwire::api::auth::sasl::scram::{ScramSecret, ScramServerAuth};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Server;
use super::connection::{Connection, Fail};
use super::read::{Body, MAX_STARTUP, Message, ReadError, Reader};
use super::write::Writer;
use crate::error::{Error, Result, SqlState};
use crate::session::{Session, Settings, Startup};

const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// Decides how a client proves who it is.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The method for that role; 28000 to refuse at once. A role that does not exist gets a method too, so that nobody
    /// learns which roles there are.
    async fn method(&self, user: &str, database: &str, peer: Option<SocketAddr>, tls: Tls) -> Result<Method>;
}

/// Whether the connection is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tls {
    Off,
    On,
}

/// How a client proves who it is.
#[derive(Clone, Debug)]
pub enum Method {
    /// By a password, checked against PostgreSQL's verifier `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.
    Scram { verifier: String },
    /// Not at all.
    Trust,
}

/// Lets everybody in: only for a listener on the loopback.
pub struct TrustLoopback;

#[async_trait]
impl Authenticator for TrustLoopback {
    async fn method(&self, user: &str, database: &str, peer: Option<SocketAddr>, _tls: Tls) -> Result<Method> {
        if peer.is_none_or(|peer| peer.ip().is_loopback()) {
            return Ok(Method::Trust);
        }
        let message = format!(
            "no role with a password exists: user \"{user}\" of database \"{database}\" must connect from this host"
        );
        Err(Error::new(SqlState::INVALID_AUTHORIZATION, message))
    }
}

type Socket = (Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>);

/// Serves one accepted socket.
pub(super) async fn accept(server: Arc<Server>, stream: TcpStream, peer: SocketAddr) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    if let Err(error) = greet(server, stream, peer).await {
        tracing::debug!(%error, "a connection ended during startup");
    }
}

async fn greet(server: Arc<Server>, mut stream: TcpStream, peer: SocketAddr) -> std::io::Result<()> {
    let timeout = server.options.authentication_timeout;
    let deadline = tokio::time::Instant::now() + timeout;
    let within = |work| tokio::time::timeout_at(deadline, work);
    let mut tls = Tls::Off;
    let mut packet = within(packet_of(&mut stream)).await??;
    loop {
        match (packet.code, &server.options.tls) {
            (SSL_REQUEST, Some(acceptor)) if tls == Tls::Off => {
                stream.write_all(b"S").await?;
                let mut encrypted = tokio::time::timeout_at(deadline, acceptor.accept(stream)).await??;
                tls = Tls::On;
                let packet = tokio::time::timeout_at(deadline, packet_of(&mut encrypted)).await??;
                let (read, write) = tokio::io::split(encrypted);
                return login(server, (Box::new(read), Box::new(write)), peer, tls, packet, deadline).await;
            }
            (SSL_REQUEST | GSSENC_REQUEST, _) => {
                stream.write_all(b"N").await?;
                packet = tokio::time::timeout_at(deadline, packet_of(&mut stream)).await??;
            }
            _ => {
                let (read, write) = stream.into_split();
                return login(server, (Box::new(read), Box::new(write)), peer, tls, packet, deadline).await;
            }
        }
    }
}

/// A message before login: its code and the rest.
struct Packet {
    code: u32,
    body: Bytes,
}

async fn packet_of(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Packet> {
    let len = stream.read_u32().await? as usize;
    if !(8..=MAX_STARTUP).contains(&len) {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "invalid length of startup packet"));
    }
    let mut body = vec![0; len - 4];
    stream.read_exact(&mut body).await?;
    let mut body = Bytes::from(body);
    let code = body.get_u32();
    Ok(Packet { code, body })
}

async fn login(
    server: Arc<Server>,
    (read, write): Socket,
    peer: SocketAddr,
    tls: Tls,
    packet: Packet,
    deadline: tokio::time::Instant,
) -> std::io::Result<()> {
    let mut writer = Writer::new(write);
    if packet.code == CANCEL_REQUEST {
        let mut body = packet.body;
        if body.len() == 8 {
            server.registry.cancel(body.get_i32(), body.get_i32());
        }
        writer.shutdown().await;
        return Ok(());
    }
    let mut reader = Reader::new(read, BytesMut::with_capacity(8 << 10));
    let (pid, key, slot) = server.registry.register();
    let registered = Registered { server: server.clone(), pid };
    let starting = start(&server, &mut reader, &mut writer, peer, tls, packet, pid);
    match tokio::time::timeout_at(deadline, starting).await {
        Ok(Ok(session)) => {
            server.metrics.connections.inc();
            Connection::new(server, session, writer, slot).serve(reader, pid, key).await;
        }
        Ok(Err(Fail::Fatal(error) | Fail::Sql(error))) => {
            writer.error("FATAL", &error, None);
            writer.shutdown().await;
        }
        Ok(Err(Fail::Io(error))) => return Err(error),
        Err(_) => {
            let error = Error::new(SqlState(*b"57014"), "canceling authentication due to timeout");
            writer.error("FATAL", &error, None);
            writer.shutdown().await;
        }
    }
    drop(registered);
    Ok(())
}

/// Takes the connection out of the registry when it ends, however it ends.
struct Registered {
    server: Arc<Server>,
    pid: i32,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.server.registry.unregister(self.pid);
    }
}

async fn start(
    server: &Arc<Server>,
    reader: &mut Reader,
    writer: &mut Writer,
    peer: SocketAddr,
    tls: Tls,
    packet: Packet,
    pid: i32,
) -> Result<Session, Fail> {
    let parameters = parameters(packet, writer)?;
    if server.registry.count() > server.options.max_connections {
        return Err(Error::new(SqlState::TOO_MANY_CONNECTIONS, "sorry, too many clients already").into());
    }
    if server.drain.is_cancelled() {
        return Err(Error::new(SqlState::CANNOT_CONNECT_NOW, "the database system is shutting down").into());
    }
    let Parameters { user, database, settings: wanted } = parameters;
    if tls == Tls::Off && server.options.require_tls && !peer.ip().is_loopback() {
        let message = "connection requires a valid TLS encryption";
        return Err(Error::new(SqlState::INVALID_AUTHORIZATION, message).into());
    }
    match server.authenticator.method(&user, &database, Some(peer), tls).await? {
        Method::Trust => {}
        Method::Scram { verifier } => scram(server, reader, writer, &user, &verifier).await?,
    }
    let login = server.executor.connect(&database, &user).await?;
    writer.authentication(0, &[]);
    let mut settings = Settings::default();
    settings.set_internal("is_superuser", if login.superuser { "on" } else { "off" });
    for (name, value) in server.options.settings.iter().chain(&login.settings) {
        settings.set_default(name, value)?;
    }
    for (name, value) in &wanted {
        settings.set_default(name, value)?;
    }
    let startup = Startup { pid, user, database, peer: Some(peer), settings };
    Ok(Session::new(server.executor.clone(), startup, &login))
}

struct Parameters {
    user: String,
    database: String,
    /// In the order in which they apply.
    settings: Vec<(String, String)>,
}

fn parameters(packet: Packet, writer: &mut Writer) -> Result<Parameters> {
    let (major, minor) = (packet.code >> 16, packet.code & 0xffff);
    if major != 3 {
        let message = format!("unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.0");
        return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
    }
    let mut body = Body(packet.body);
    let (mut user, mut database, mut options) = (None, None, Vec::new());
    let (mut settings, mut unknown) = (Vec::new(), Vec::new());
    loop {
        let name = body.cstr()?;
        if name.is_empty() {
            break;
        }
        let value = body.cstr()?;
        match name.as_str() {
            "user" => user = Some(value),
            "database" => database = Some(value),
            "options" => options = option_settings(&value)?,
            "replication" => {
                if crate::session::settings::parse_bool(&value) != Some(false) {
                    return Err(Error::unsupported("replication"));
                }
            }
            name if name.starts_with("_pq_.") => unknown.push(name.to_owned()),
            _ => settings.push((name, value)),
        }
    }
    if minor > 0 || !unknown.is_empty() {
        writer.negotiate_protocol_version(0, &unknown);
    }
    let Some(user) = user.filter(|user| !user.is_empty()) else {
        let message = "no PostgreSQL user name specified in startup packet";
        return Err(Error::new(SqlState::INVALID_AUTHORIZATION, message));
    };
    let database = database.filter(|database| !database.is_empty()).unwrap_or_else(|| user.clone());
    // As PostgreSQL: command line options first, then the packet's own settings.
    options.extend(settings);
    Ok(Parameters { user, database, settings: options })
}

/// `-c name=value`, `-cname=value`, `--name=value`; backslashes protect blanks.
fn option_settings(text: &str) -> Result<Vec<(String, String)>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut inside, mut chars) = (false, text.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                word.extend(chars.next());
                inside = true;
            }
            c if c.is_ascii_whitespace() => {
                if inside {
                    words.push(std::mem::take(&mut word));
                }
                inside = false;
            }
            c => {
                word.push(c);
                inside = true;
            }
        }
    }
    if inside {
        words.push(word);
    }
    let mut settings = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("-c").or_else(|| word.strip_prefix("--")) {
            Some("") => words.next(),
            Some(setting) => Some(setting.to_owned()),
            None => None,
        };
        let pair = setting.as_deref().and_then(|setting| setting.split_once('='));
        let Some((name, value)) = pair else {
            let message = format!("invalid command-line argument for server process: {word}");
            return Err(Error::new(SqlState::SYNTAX_ERROR, message));
        };
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

/// SCRAM-SHA-256 against a stored verifier.
async fn scram(
    server: &Server,
    reader: &mut Reader,
    writer: &mut Writer,
    user: &str,
    verifier: &str,
) -> Result<(), Fail> {
    let denied = || {
        let message = format!("password authentication failed for user \"{user}\"");
        Fail::Fatal(Error::new(SqlState::INVALID_PASSWORD, message))
    };
    let malformed = || Fail::Fatal(Error::new(SqlState::PROTOCOL_VIOLATION, "malformed SCRAM message"));
    let secret = secret(verifier)
        .ok_or_else(|| Fail::Fatal(Error::internal("a stored password is not a SCRAM-SHA-256 verifier")))?;
    writer.authentication(10, b"SCRAM-SHA-256\0\0");
    writer.flush().await?;
    let mut first = Body(password(reader).await?);
    if first.cstr()? != "SCRAM-SHA-256" {
        let message = "client selected an invalid SASL authentication mechanism";
        return Err(Fail::Fatal(Error::new(SqlState::PROTOCOL_VIOLATION, message)));
    }
    let len = usize::try_from(first.i32()?).map_err(|_| malformed())?;
    let client_first = first.take(len)?;
    let (server_first, waiting) =
        ScramServerAuth::new().on_client_first_message_with_secret(&client_first, secret).map_err(|_| malformed())?;
    writer.authentication(11, server_first.as_bytes());
    writer.flush().await?;
    let client_final = password(reader).await?;
    let server_final = waiting.on_client_final_message(&client_final).map_err(|_| {
        server.metrics.failed_logins.inc();
        denied()
    })?;
    writer.authentication(12, server_final.as_bytes());
    Ok(())
}

async fn password(reader: &mut Reader) -> Result<Bytes, Fail> {
    match reader.message().await {
        Ok(Message::Password(body)) => Ok(body),
        Ok(_) => {
            let message = "expected SASL response";
            Err(Fail::Fatal(Error::new(SqlState::PROTOCOL_VIOLATION, message)))
        }
        Err(ReadError::Closed) => Err(Fail::Io(std::io::ErrorKind::UnexpectedEof.into())),
        Err(ReadError::Fatal(error) | ReadError::Message { error, .. }) => Err(Fail::Fatal(error)),
    }
}

fn secret(verifier: &str) -> Option<ScramSecret> {
    use base64::Engine;
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).ok();
    let (head, keys) = verifier.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
    let (iterations, salt) = head.split_once(':')?;
    let (stored_key, server_key) = keys.split_once(':')?;
    Some(ScramSecret::Verifier {
        salt: decode(salt)?,
        iterations: iterations.parse().ok()?,
        stored_key: decode(stored_key)?,
        server_key: decode(server_key)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_options() {
        for (text, expected) in [
            ("-c search_path=a,b", vec![("search_path", "a,b")]),
            ("-csearch_path=a\\ b --work-mem=64MB", vec![("search_path", "a b"), ("work_mem", "64MB")]),
            ("", vec![]),
        ] {
            let found = option_settings(text).unwrap();
            let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(found, expected);
        }
        assert!(option_settings("-x").is_err());
    }

    #[test]
    fn reads_verifiers() {
        assert!(secret("SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy").is_some());
        assert!(secret("md5abc").is_none());
    }
}
