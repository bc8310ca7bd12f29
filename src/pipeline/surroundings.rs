//! What a session brings to a statement: its role, its effective search path, the kernels' surroundings.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Env, Formats};
use crate::pgcatalog::{SessionAccess, SessionCatalog};
use crate::session::{SessionContext, SharedSettings};

/// The resolved form of a session's identity over one snapshot, kept between statements in the session's slot.
pub(super) struct Surroundings {
    pub(super) catalog: Arc<Catalog>,
    settings_version: u64,
    user: Arc<str>,
    session_user: Arc<str>,
    pub(super) role: u32,
    pub(super) functions: Arc<SessionCatalog>,
    /// `graticule.fold`.
    pub(super) fold: bool,
    pub(super) formats: Arc<Formats>,
    pub(super) reading: Arc<Reading>,
    settings: Arc<SharedSettings>,
}

/// What bind, policies and routing read of a session, the snapshot apart. Equal readings over one snapshot give equal plans,
/// save for literals whose reading depends on the session's formats.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Reading {
    user: Arc<str>,
    values: [String; READ.len()],
}

/// The settings of a [`Reading`].
const READ: [&str; 4] = ["search_path", "graticule.fold", "graticule.route", "graticule.fidelity"];

impl Reading {
    fn of(session: &SessionContext) -> Reading {
        let values =
            session.settings.read(|settings| READ.map(|name| settings.get(name).unwrap_or_default().to_owned()));
        Reading { user: Arc::clone(&session.user), values }
    }

    /// Whether a setting is among those compared.
    pub(super) fn covers(name: &str) -> bool {
        READ.contains(&name)
    }
}

impl Surroundings {
    /// The slot's surroundings when nothing changed, else new ones.
    pub(super) fn of(session: &SessionContext, catalog: &Arc<Catalog>) -> Result<Arc<Surroundings>> {
        let mut slot = session.slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = slot.as_ref().and_then(|slot| slot.downcast_ref::<Arc<Surroundings>>())
            && known.still_holds(session, catalog)
        {
            return Ok(Arc::clone(known));
        }
        let fresh = Arc::new(Surroundings::new(session, catalog)?);
        *slot = Some(Box::new(Arc::clone(&fresh)));
        Ok(fresh)
    }

    fn still_holds(&self, session: &SessionContext, catalog: &Arc<Catalog>) -> bool {
        Arc::ptr_eq(&self.catalog, catalog)
            && self.settings_version == session.settings.version()
            && self.user == session.user
            && self.session_user == session.session_user
    }

    fn new(session: &SessionContext, catalog: &Arc<Catalog>) -> Result<Surroundings> {
        let role = role(catalog, &session.user)?;
        let search_path = effective_path(catalog, role, &session.user, &session.search_path);
        let access = Access { settings: Arc::clone(&session.settings), pid: session.pid };
        let functions = SessionCatalog {
            catalog: Arc::clone(catalog),
            role,
            session_role: self::role(catalog, &session.session_user)?,
            search_path: search_path.into(),
            session: Arc::new(access),
        };
        Ok(Surroundings {
            catalog: Arc::clone(catalog),
            settings_version: session.settings.version(),
            user: Arc::clone(&session.user),
            session_user: Arc::clone(&session.session_user),
            role,
            functions: Arc::new(functions),
            fold: session.settings.read(|settings| settings.get("graticule.fold") != Some("off")),
            formats: Arc::clone(&session.formats),
            reading: Arc::new(Reading::of(session)),
            settings: Arc::clone(&session.settings),
        })
    }

    /// Whether these settings have these values now.
    pub(super) fn has(&self, values: &[(Arc<str>, String)]) -> bool {
        values.is_empty()
            || self
                .settings
                .read(|settings| values.iter().all(|(name, value)| settings.get(name).unwrap_or_default() == value))
    }

    pub(super) fn search_path(&self) -> &[String] {
        &self.functions.search_path
    }

    /// The kernels' surroundings of one statement.
    pub(super) fn env(&self, session: &SessionContext) -> Env {
        Env {
            formats: Arc::clone(&session.formats),
            transaction_time: session.transaction_time,
            statement_time: session.statement_time,
            catalog: Arc::clone(&self.functions) as Arc<dyn crate::kernels::CatalogFunctions>,
        }
    }
}

fn role(catalog: &Catalog, name: &str) -> Result<u32> {
    catalog
        .role(name)
        .map(|role| role.oid)
        .ok_or_else(|| Error::new(SqlState::INVALID_AUTHORIZATION, format!("role \"{name}\" does not exist")))
}

/// Schemas of the path that exist and are usable; pg_catalog first unless it is named.
fn effective_path(catalog: &Catalog, role: u32, user: &str, path: &[String]) -> Vec<String> {
    let mut effective: Vec<String> = Vec::new();
    if !path.iter().any(|name| name == "pg_catalog") {
        effective.push("pg_catalog".to_owned());
    }
    for name in path {
        let name = if name == "$user" { user } else { name };
        if catalog.schema_visible(role, name) && !effective.iter().any(|known| known == name) {
            effective.push(name.to_owned());
        }
    }
    effective
}

struct Access {
    settings: Arc<SharedSettings>,
    pid: i32,
}

impl SessionAccess for Access {
    fn setting(&self, name: &str) -> Option<String> {
        self.settings.current_setting(name, true).ok().flatten()
    }

    fn set_setting(&self, name: &str, value: &str, local: bool) -> Result<String> {
        self.settings.set_config(name, Some(value), local)
    }

    fn process_id(&self) -> i32 {
        self.pid
    }
}
