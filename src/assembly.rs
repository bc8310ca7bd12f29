//! Puts the process together from its configuration: store, catalog, request path, authentication.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::catalog::Language;
use crate::config::Config;
use crate::demo as sample;
use crate::error::{Error, Result, SqlState};
use crate::kernels::columns::datum_at;
use crate::kernels::{Env, io};
use crate::pipeline::{Database, Pipeline};
use crate::session::{Executor, Open, SessionContext, Settings, SharedSettings, TransactionMode};
use crate::sql::{self, Kind};
use crate::wire::{Authenticator, Method, Tls};

/// What `serve` needs.
pub struct Assembly {
    pub executor: Arc<dyn Executor>,
    pub authenticator: Arc<dyn Authenticator>,
    /// Whether some role has a password; without, only the loopback is served, by trust.
    pub has_passwords: bool,
}

/// Opens the store, loads the catalog, runs `--init`.
pub async fn assemble(config: &Config) -> Result<Assembly> {
    let language = language(config)?;
    let folder = config.data_dir.as_deref();
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::new(SqlState::IO_ERROR, format!("could not make the data folder {}: {error}", folder.display()))
        })?;
    }
    let pipeline = Arc::new(pipeline(config)?);
    pipeline.add_database(&config.database, Database::open(&config.database, language, folder)?);
    if let Some(init) = &config.init {
        run_script(&pipeline, &config.database, init).await?;
    }
    let catalog = pipeline.database(&config.database)?.catalog();
    let has_passwords = catalog.roles.values().any(|role| role.password.is_some());
    let authenticator = Arc::new(RoleAuthenticator { pipeline: Arc::clone(&pipeline), has_passwords });
    Ok(Assembly { executor: pipeline, authenticator, has_passwords })
}

/// The language, once the dialects of the configuration's folder stand beside the program's.
fn language(config: &Config) -> Result<Arc<Language>> {
    let language = Language::load()?;
    let Some(folder) = &config.dialects else { return Ok(language) };
    let fault = |path: &Path, error: std::io::Error| {
        Error::new(SqlState::IO_ERROR, format!("could not read dialects in {}: {error}", path.display()))
    };
    let list = |folder: &Path| -> Result<Vec<std::path::PathBuf>> {
        let entries = std::fs::read_dir(folder).map_err(|error| fault(folder, error))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| fault(folder, error)));
        let mut paths = paths.collect::<Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    let mut dialects = Vec::new();
    for path in list(folder)?.into_iter().filter(|path| path.is_dir()) {
        let mut files = Vec::new();
        for file in list(&path)?.into_iter().filter(|file| file.extension().is_some_and(|end| end == "toml")) {
            let text = std::fs::read_to_string(&file).map_err(|error| fault(&file, error))?;
            files.push((file.display().to_string(), text));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        dialects.push((name, files));
    }
    crate::dialect::Dialect::add(dialects, &language)?;
    Ok(language)
}

#[cfg(feature = "engine")]
fn pipeline(config: &Config) -> Result<Pipeline> {
    let spill = config.data_dir.as_ref().map_or_else(std::env::temp_dir, |folder| folder.join("spill"));
    std::fs::create_dir_all(&spill).map_err(|error| {
        Error::new(SqlState::IO_ERROR, format!("could not make the spill folder {}: {error}", spill.display()))
    })?;
    let memory = usize::try_from(config.limits.memory_megabytes).unwrap_or(usize::MAX >> 20).saturating_mul(1 << 20);
    Ok(Pipeline::new(Arc::new(crate::engine::Engine::new(memory, &spill)?)))
}

#[cfg(not(feature = "engine"))]
fn pipeline(_config: &Config) -> Result<Pipeline> {
    Ok(Pipeline::new())
}

/// `graticule check`: everything that `serve` would read, without writing anything: definitions go to memory.
///
/// The answer says of each dialect how its functions are answered, or what is wrong in which line of which file.
pub async fn check(config: &Config) -> Result<String> {
    let language = language(config)?;
    let mut out = format!("{} functions in the language\n", language.all_functions().count());
    let mut wrong = None;
    for (name, dialect) in crate::dialect::Dialect::load_each() {
        match dialect {
            Ok(dialect) => {
                let c = dialect.coverage(&language);
                out.push_str(&format!(
                    "{name:10} {} there ({} native, {} rewritten, {} by a superset; {} exact, {} documented, {} approximate), {} here, {} refused\n",
                    c.native + c.rewritten + c.superset,
                    c.native,
                    c.rewritten,
                    c.superset,
                    c.exact,
                    c.documented,
                    c.approximate,
                    c.local,
                    c.refused
                ));
            }
            Err(error) => {
                out.push_str(&format!("{name:10} {}\n", error.message()));
                wrong.get_or_insert(error);
            }
        }
    }
    if let Some(error) = wrong {
        return Err(error.detail(out));
    }
    assemble(&Config { data_dir: None, ..config.clone() }).await.map(|_| out)
}

/// `graticule verify`: the table of `graticule.verify`, what differs first.
pub async fn verify(config: &Config, server: &str, forecast: bool) -> Result<String> {
    let language = language(config)?;
    let pipeline = Arc::new(pipeline(config)?);
    if let Some(folder) = &config.data_dir {
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::new(SqlState::IO_ERROR, format!("could not make the data folder {}: {error}", folder.display()))
        })?;
    }
    pipeline.add_database(&config.database, Database::open(&config.database, language, config.data_dir.as_deref())?);
    if let Some(init) = &config.init {
        run_script(&pipeline, &config.database, init).await?;
    }
    let session = superuser_session(&config.database);
    let mut out = String::new();
    for option in if forecast { &["', 'forecast"][..] } else { &["', 'forecast", ""] } {
        let text = format!("SELECT graticule.verify('{}{option}')", server.replace('\'', "''"));
        let statement = sql::parse(&text)?.pop().ok_or_else(|| Error::internal("no statement"))?;
        let mut transaction = pipeline.begin(&session).await?;
        let plan = pipeline.prepare(&session, transaction.as_mut(), &Arc::new(statement), &[]).await?;
        let open = Open { plan: &plan, params: Vec::new(), relay: None, held: false, cancel: CancellationToken::new() };
        let mut opened = pipeline.open(&session, transaction.as_mut(), open).await?;
        let mut rows = Vec::new();
        if let Some(cursor) = &mut opened.cursor {
            while let Some(crate::connector::Rows::Batch(batch)) = cursor.fetch(4096).await? {
                for at in 0..batch.num_rows() {
                    let value = |column: usize| {
                        let ty = plan.columns()[column].ty;
                        let value = datum_at(batch.column(column).as_ref(), at, ty)?;
                        if value.is_null() { Ok(String::new()) } else { io::output(&Env::default(), ty, &value) }
                    };
                    rows.push((0..batch.num_columns()).map(value).collect::<Result<Vec<_>>>()?);
                }
            }
        }
        transaction.commit(&session).await?;
        rows.sort_by_key(|row| (row[2] != "differs", row[2] != "equal"));
        for row in rows {
            out.push_str(format!("{:8} {:12} {:3}  {}  {}", row[2], row[1], row[3], row[0], row[4]).trim_end());
            out.push('\n');
        }
        for notice in opened.notices.iter().skip(usize::from(!option.is_empty() || forecast) ^ 1) {
            out.push_str(notice.error.message());
            out.push('\n');
        }
    }
    Ok(out)
}

/// `graticule demo`: a configuration that serves the sample data, unpacked below the data folder (or a temporary one).
pub async fn demo(config: Config) -> Result<Config> {
    let base = config
        .data_dir
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("graticule-demo-{}", std::process::id())));
    let folder = sample::unpack(&base)?;
    let script = folder.join("setup.sql");
    std::fs::write(&script, sample::setup_script(&folder))
        .map_err(|error| Error::new(SqlState::IO_ERROR, format!("could not write {}: {error}", script.display())))?;
    #[allow(clippy::print_stdout)]
    {
        println!("{}", sample::greeting(&config.listen.ip().to_string(), config.listen.port()));
    }
    Ok(Config { database: "demo".to_owned(), init: Some(script), data_dir: None, ..config })
}

/// Runs a script of definitions as the superuser. What exists already is left as it is, so that a script can be run at every start.
async fn run_script(pipeline: &Arc<Pipeline>, database: &str, path: &Path) -> Result<()> {
    let fault = |error: Error, at: Option<usize>, text: &str| {
        let line = at.map_or(1, |at| text.get(..at).map_or(1, |before| before.matches('\n').count() + 1));
        let mut error = error;
        let message = format!("{}:{line}: {}", path.display(), error.message());
        error.fields_mut().message = message;
        error
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::new(SqlState::IO_ERROR, format!("could not read {}: {error}", path.display())))?;
    let statements = sql::parse(&text).map_err(|error| {
        let at = error.fields().position;
        fault(error, at, &text)
    })?;
    let session = superuser_session(database);
    for statement in statements {
        let statement = Arc::new(statement);
        if let Kind::Command(_) = &statement.kind {
            let error = Error::unsupported("a session command in a script of definitions");
            return Err(fault(error, Some(statement.text_range.start), &text));
        }
        match run_statement(pipeline, &session, &statement).await {
            Ok(()) => {}
            Err(error) if is_duplicate(&error) => tracing::info!("{}", error.message()),
            Err(error) => return Err(fault(error, Some(statement.text_range.start), &text)),
        }
    }
    Ok(())
}

fn is_duplicate(error: &Error) -> bool {
    matches!(error.state(), SqlState::DUPLICATE_OBJECT | SqlState::DUPLICATE_SCHEMA | SqlState::DUPLICATE_TABLE)
}

async fn run_statement(
    pipeline: &Arc<Pipeline>,
    session: &SessionContext,
    statement: &Arc<sql::Statement>,
) -> Result<()> {
    let mut transaction = pipeline.begin(session).await?;
    let plan = pipeline.prepare(session, transaction.as_mut(), statement, &[]).await?;
    let open = Open { plan: &plan, params: Vec::new(), relay: None, held: false, cancel: CancellationToken::new() };
    let mut opened = pipeline.open(session, transaction.as_mut(), open).await?;
    if let Some(cursor) = &mut opened.cursor {
        while cursor.fetch(1024).await?.is_some() {}
        cursor.close().await?;
    }
    transaction.commit(session).await.map(|_| ())
}

fn superuser_session(database: &str) -> SessionContext {
    let name: Arc<str> = "postgres".into();
    SessionContext {
        pid: 0,
        database: database.into(),
        session_user: Arc::clone(&name),
        user: name,
        peer: None,
        search_path: Arc::new(["public".to_owned()]),
        formats: Arc::default(),
        settings: Arc::new(SharedSettings::new(Settings::default())),
        transaction_time: 0,
        statement_time: 0,
        mode: TransactionMode::default(),
        in_block: false,
        slot: Arc::default(),
    }
}

/// Roles with a password prove it; without any password in the catalog, the loopback is trusted.
struct RoleAuthenticator {
    pipeline: Arc<Pipeline>,
    has_passwords: bool,
}

#[async_trait]
impl Authenticator for RoleAuthenticator {
    async fn method(&self, user: &str, database: &str, peer: Option<SocketAddr>, _tls: Tls) -> Result<Method> {
        let refused =
            || Error::new(SqlState::INVALID_PASSWORD, format!("password authentication failed for user \"{user}\""));
        let catalog = match self.pipeline.database(database) {
            Ok(database) => database.catalog(),
            Err(_) if !self.has_passwords => return Ok(Method::Trust),
            Err(_) => return Err(refused()),
        };
        let passwords = catalog.roles.values().any(|role| role.password.is_some());
        if !passwords {
            let loopback = peer.is_none_or(|peer| peer.ip().is_loopback());
            return if loopback { Ok(Method::Trust) } else { Err(refused()) };
        }
        match catalog.role(user).and_then(|role| role.password.clone()) {
            Some(verifier) => Ok(Method::Scram { verifier }),
            None => Err(refused()),
        }
    }
}
