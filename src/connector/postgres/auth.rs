//! Reaching a server: socket, TLS, startup, authentication.

use std::io;

use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use super::fault::{ServerError, unreachable};
use super::options::{Credentials, PostgresServer, SslMode};
use super::tls;
use super::wire::{Fields, Frame, Io, Wire};
use crate::error::{Error, Result};

/// Connects, with TLS as the server's sslmode says. Nothing is sent after the SSLRequest.
pub(super) async fn dial(server: &PostgresServer) -> Result<Box<dyn Io>> {
    if server.is_local() {
        let path = std::path::Path::new(&server.host).join([".s.PGSQL.", &server.port.to_string()].concat());
        let stream = UnixStream::connect(path).await.map_err(|error| unreachable(&server.name, error))?;
        return Ok(Box::new(stream));
    }
    let mut stream = tcp(server).await.map_err(|error| unreachable(&server.name, error))?;
    let Some(connector) = tls::connector(server)? else { return Ok(Box::new(stream)) };
    // One byte and not more is read before the handshake: nothing sent in the clear can pass for an answer (CVE-2021-23222).
    let mut request = bytes::BytesMut::new();
    frontend::ssl_request(&mut request);
    let answer = async {
        stream.write_all(&request).await?;
        stream.read_u8().await
    };
    match answer.await.map_err(|error| unreachable(&server.name, error))? {
        b'S' => {
            let name = tls::server_name(server)?;
            let stream = connector.connect(name, stream).await.map_err(|error| unreachable(&server.name, error))?;
            Ok(Box::new(stream))
        }
        _ if server.sslmode == SslMode::Prefer => Ok(Box::new(stream)),
        _ => Err(unreachable(&server.name, "The server does not support TLS, which the option sslmode asks for.")),
    }
}

async fn tcp(server: &PostgresServer) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in tokio::net::lookup_host((server.host.as_str(), server.port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Startup and authentication, up to (and without) the messages that follow AuthenticationOk.
pub(super) async fn start(
    wire: &mut Wire,
    server: &PostgresServer,
    credentials: &Credentials,
    settings: &[(&str, &str)],
) -> Result<()> {
    let login = [
        ("user", credentials.user.as_str()),
        ("database", server.dbname.as_deref().unwrap_or(&credentials.user)),
        ("application_name", server.application_name.as_str()),
    ];
    frontend::startup_message(login.into_iter().chain(settings.iter().copied()), &mut wire.write)
        .map_err(|error| unreachable(&server.name, error))?;
    send(wire, server).await?;
    loop {
        let body = receive(wire, server).await?.body;
        let mut fields = Fields(&body);
        match fields.i32()? {
            0 => return Ok(()),
            3 => {
                frontend::password_message(password(server, credentials)?, &mut wire.write)
                    .map_err(|error| unreachable(&server.name, error))?;
                send(wire, server).await?;
            }
            5 => {
                let salt = fields.0.try_into().map_err(|_| super::wire::malformed())?;
                let hash = md5_hash(credentials.user.as_bytes(), password(server, credentials)?, salt);
                frontend::password_message(hash.as_bytes(), &mut wire.write)
                    .map_err(|error| unreachable(&server.name, error))?;
                send(wire, server).await?;
            }
            10 => scram(wire, server, credentials, fields.0).await?,
            _ => {
                return Err(unreachable(
                    &server.name,
                    "The server asks for an authentication method that is not supported.",
                )
                .hint("Supported are trust, password, md5 and scram-sha-256."));
            }
        }
    }
}

async fn scram(wire: &mut Wire, server: &PostgresServer, credentials: &Credentials, offered: &[u8]) -> Result<()> {
    let failed = |error: io::Error| unreachable(&server.name, error);
    if !offered.split(|byte| *byte == 0).any(|mechanism| mechanism == SCRAM_SHA_256.as_bytes()) {
        return Err(unreachable(&server.name, "The server offers no SASL mechanism that is supported."));
    }
    let mut exchange = ScramSha256::new(password(server, credentials)?, ChannelBinding::unsupported());
    frontend::sasl_initial_response(SCRAM_SHA_256, exchange.message(), &mut wire.write).map_err(failed)?;
    send(wire, server).await?;
    exchange.update(&expect(wire, server, 11).await?).map_err(failed)?;
    frontend::sasl_response(exchange.message(), &mut wire.write).map_err(failed)?;
    send(wire, server).await?;
    // The server proves that it knows the password too.
    exchange.finish(&expect(wire, server, 12).await?).map_err(failed)
}

async fn expect(wire: &mut Wire, server: &PostgresServer, kind: i32) -> Result<Vec<u8>> {
    let body = receive(wire, server).await?.body;
    let mut fields = Fields(&body);
    if fields.i32()? != kind {
        return Err(super::wire::malformed());
    }
    Ok(fields.0.to_vec())
}

fn password<'a>(server: &PostgresServer, credentials: &'a Credentials) -> Result<&'a [u8]> {
    credentials.password.as_deref().map(str::as_bytes).ok_or_else(|| {
        unreachable(&server.name, "The server asks for a password.")
            .hint("Set the option \"password\" of the user mapping.")
    })
}

async fn send(wire: &mut Wire, server: &PostgresServer) -> Result<()> {
    wire.flush().await.map_err(|error| unreachable(&server.name, error))
}

/// The next Authentication message.
async fn receive(wire: &mut Wire, server: &PostgresServer) -> Result<Frame> {
    loop {
        let Some(frame) = wire.take().map_err(|error| unreachable(&server.name, error))? else {
            wire.fill().await.map_err(|error| unreachable(&server.name, error))?;
            continue;
        };
        match frame.tag {
            b'R' => return Ok(frame),
            b'E' => return Err(refused(server, &frame)?),
            b'N' => {}
            _ => return Err(super::wire::malformed()),
        }
    }
}

/// The server's own words stay in the detail: to the client it is our connection that failed, not its login.
pub(super) fn refused(server: &PostgresServer, frame: &Frame) -> Result<Error> {
    let error = ServerError::parse(&frame.body)?;
    Ok(unreachable(&server.name, [error.message.as_str(), " (SQLSTATE ", error.state.code(), ")"].concat()))
}
