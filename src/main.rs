//! The `graticule` binary: flags, configuration, and the life of the process.

use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use graticule::config::{Config, LogFormat, TlsFiles};
use graticule::connector::adbc;
use graticule::{assembly, http, wire};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// A statement is many small pieces of memory: this allocator takes a tenth of its time away.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One PostGIS dialect over every warehouse.
#[derive(Parser)]
#[command(name = "graticule", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a driver library for the server, which starts it.
    #[command(name = "adbc-worker", hide = true)]
    AdbcWorker,
    /// Reads the configuration and the definitions, and says what is wrong with them.
    Check(Flags),
    /// Serves sample data, and says how to connect.
    Demo(Flags),
    /// Serves.
    Serve(Flags),
    /// Runs the corpus of constants on a server, prints what it finds, and keeps it: what differs is refused there.
    Verify {
        #[command(flatten)]
        flags: Flags,
        /// The server's name
        #[arg(long)]
        server: String,
        /// Say what it would cost, and do nothing
        #[arg(long)]
        forecast: bool,
    },
}

/// Flags win over the file.
#[derive(Args)]
struct Flags {
    /// graticule.toml
    #[arg(long)]
    config: Option<PathBuf>,
    /// The database that is made at the first start
    #[arg(long)]
    database: Option<String>,
    /// SQL that is run at every start
    #[arg(long)]
    init: Option<PathBuf>,
    /// Where definitions are kept
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Address of the PostgreSQL protocol [default: 127.0.0.1:5433]
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Address of HTTP [default: 127.0.0.1:8080]
    #[arg(long, conflicts_with = "no_http")]
    http: Option<SocketAddr>,
    /// No HTTP
    #[arg(long)]
    no_http: bool,
}

/// What ends the process early: an exit code and its message.
struct Exit(u8, String);

/// A wrong configuration or command line.
const BAD_CONFIGURATION: u8 = 2;

/// Stack of the worker threads: parse trees nest deeply.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Exit(code, message)) => {
            eprintln!("graticule: {message}");
            ExitCode::from(code)
        }
    }
}

fn run(command: Command) -> Result<(), Exit> {
    let (Command::Check(flags) | Command::Demo(flags) | Command::Serve(flags) | Command::Verify { flags, .. }) =
        &command
    else {
        return adbc::run_worker().map_err(|error| Exit(1, error.to_string()));
    };
    let config = config(flags)?;
    log(&config)?;
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.enable_all().thread_stack_size(STACK);
    if let Some(threads) = config.limits.threads {
        runtime.worker_threads(threads);
    }
    let runtime = runtime.build().map_err(|error| Exit(1, format!("cannot start: {error}")))?;
    runtime.block_on(async {
        match command {
            Command::Check(_) => {
                let text = assembly::check(&config).await;
                #[allow(clippy::print_stdout)]
                text.map(|text| print!("{text}")).map_err(|error| {
                    let detail = error.fields().detail.clone().map_or_else(String::new, |detail| format!("\n{detail}"));
                    Exit(BAD_CONFIGURATION, format!("{error}{detail}"))
                })
            }
            Command::Demo(_) => {
                let config = assembly::demo(config).await.map_err(|error| Exit(1, error.to_string()))?;
                serve(config).await
            }
            Command::Verify { server, forecast, .. } => {
                let text = assembly::verify(&config, &server, forecast).await;
                #[allow(clippy::print_stdout)]
                text.map(|text| print!("{text}")).map_err(|error| Exit(1, error.to_string()))
            }
            Command::AdbcWorker | Command::Serve(_) => serve(config).await,
        }
    })
}

fn config(flags: &Flags) -> Result<Config, Exit> {
    let mut config = match &flags.config {
        Some(file) => Config::load(file).map_err(|error| Exit(BAD_CONFIGURATION, error.to_string()))?,
        None => Config::default(),
    };
    if let Some(database) = &flags.database {
        config.database.clone_from(database);
    }
    if let Some(listen) = flags.listen {
        config.listen = listen;
    }
    config.init = flags.init.clone().or(config.init);
    config.data_dir = flags.data_dir.clone().or(config.data_dir);
    config.http = if flags.no_http { None } else { flags.http.or(config.http) };
    Ok(config)
}

fn log(config: &Config) -> Result<(), Exit> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| Exit(BAD_CONFIGURATION, format!("log.filter: {error}")))?;
    // A descriptor of our own: the parser redirects descriptor 2 while it works, and two parses at once may leave it redirected.
    let stderr = std::io::stderr().as_fd().try_clone_to_owned();
    let stderr = stderr.map_err(|error| Exit(1, format!("standard error: {error}")))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Arc::new(File::from(stderr)));
    match config.log.format {
        LogFormat::Json => subscriber.json().init(),
        LogFormat::Text => subscriber.with_ansi(false).init(),
    }
    Ok(())
}

async fn serve(config: Config) -> Result<(), Exit> {
    let tls = match &config.tls {
        Some(files) => Some(acceptor(files).map_err(|message| Exit(BAD_CONFIGURATION, message))?),
        None => None,
    };
    let assembly = assembly::assemble(&config).await.map_err(|error| Exit(1, error.to_string()))?;
    if !assembly.has_passwords && !config.listen.ip().is_loopback() {
        let message = format!(
            "no role has a password: only a loopback address may be listened on, not {} (CREATE ROLE ... PASSWORD in --init)",
            config.listen
        );
        return Err(Exit(BAD_CONFIGURATION, message));
    }
    let options = wire::Options {
        tls,
        require_tls: config.tls.as_ref().is_some_and(|tls| tls.required),
        max_connections: config.limits.max_connections,
        authentication_timeout: config.authentication_timeout(),
        drain_timeout: config.drain_timeout(),
        settings: config.session_settings(),
    };
    let server = wire::Server::new(assembly.executor, assembly.authenticator, options);
    let listener = bind(config.listen).await?;
    // Tests and scripts read the ports here, in case they were given as 0.
    tracing::info!(address = %local(&listener, config.listen), database = config.database, "listening");
    if let Some(address) = config.http {
        let listener = bind(address).await?;
        tracing::info!(address = %local(&listener, address), "serving http");
        let (routes, ending) = (http::router(server.clone()), server.clone());
        tokio::spawn(async move {
            if let Err(error) = http::serve(listener, routes, async move { ending.drained().await }).await {
                tracing::error!(%error, "http ended");
            }
        });
    }
    let serving = tokio::spawn({
        let server: Arc<wire::Server> = server.clone();
        async move { server.serve(listener).await }
    });
    terminated().await.map_err(|error| Exit(1, error.to_string()))?;
    tracing::info!("shutting down");
    server.shutdown().await;
    match serving.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Exit(1, error.to_string())),
        Err(error) => Err(Exit(1, error.to_string())),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Exit> {
    TcpListener::bind(address).await.map_err(|error| Exit(1, format!("cannot listen on {address}: {error}")))
}

fn local(listener: &TcpListener, wanted: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(wanted)
}

/// SIGTERM or SIGINT.
async fn terminated() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}

fn acceptor(files: &TlsFiles) -> Result<tokio_rustls::TlsAcceptor, String> {
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};
    let told = |file: &PathBuf, error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| told(&files.certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| told(&files.key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| told(&files.certificate, &error))?;
    Ok(tokio_rustls::TlsAcceptor::from(Arc::new(config)))
}
