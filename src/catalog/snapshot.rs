//! [`Catalog`]: one immutable snapshot of a database, and the privilege checks over it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::objects::{Acl, ForeignType, Index, Privilege, Relation, Role, Schema, Server, UserMapping};
use super::signatures::Language;
use crate::types::PgType;

/// Fixed oids of PostgreSQL's own catalog objects.
pub mod oids {
    /// pg_catalog, public, information_schema schemas.
    pub const PG_CATALOG: u32 = 11;
    pub const PUBLIC: u32 = 2200;
    pub const INFORMATION_SCHEMA: u32 = 13_000;
    /// Our own: `graticule`.
    pub const GRATICULE: u32 = 12_000;
    /// The bootstrap superuser `postgres`.
    pub const SUPERUSER: u32 = 10;
    /// The first oid for objects that users make.
    pub const FIRST_NORMAL: u32 = 16_384;
}

/// A snapshot. Cloning is cheap per object (Arc), so a new snapshot shares what did not change.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// Grows by one with every change.
    pub snapshot: u64,
    pub database: String,
    pub database_oid: u32,
    pub language: Arc<Language>,
    pub schemas: BTreeMap<String, Arc<Schema>>,
    relations: BTreeMap<(String, String), Arc<Relation>>,
    relations_by_oid: HashMap<u32, Arc<Relation>>,
    pub roles: BTreeMap<u32, Arc<Role>>,
    pub servers: BTreeMap<u32, Arc<Server>>,
    pub mappings: Vec<Arc<UserMapping>>,
    pub foreign_types: BTreeMap<PgType, Arc<ForeignType>>,
    /// The next oid to give; never goes back.
    pub next_oid: u32,
    /// Oids once given to a relation name: it keeps its oid when it is attached again.
    pub known_oids: Arc<BTreeMap<(String, String), u32>>,
}

/// Makes the next snapshot from one.
#[derive(Debug)]
pub struct CatalogBuilder {
    next: Catalog,
}

impl Catalog {
    /// An empty database: schemas pg_catalog, information_schema, public; role `postgres`.
    pub fn empty(database: &str, language: Arc<Language>) -> Catalog {
        let schema = |oid, name: &str, usage: bool| {
            let entries = usage.then(|| {
                vec![
                    (oids::SUPERUSER, vec![(Privilege::Usage, false), (Privilege::Create, false)]),
                    (0, vec![(Privilege::Usage, false)]),
                ]
            });
            let schema = Schema {
                oid,
                name: name.to_owned(),
                owner: oids::SUPERUSER,
                acl: Acl { entries },
                comment: None,
                attached: None,
            };
            (name.to_owned(), Arc::new(schema))
        };
        let superuser = Role {
            oid: oids::SUPERUSER,
            name: "postgres".to_owned(),
            superuser: true,
            inherit: true,
            create_role: true,
            create_db: true,
            login: true,
            bypass_rls: true,
            password: None,
            member_of: Vec::new(),
            connection_limit: -1,
        };
        Catalog {
            snapshot: 1,
            database: database.to_owned(),
            database_oid: oids::FIRST_NORMAL,
            language,
            schemas: BTreeMap::from([
                schema(oids::PG_CATALOG, "pg_catalog", true),
                schema(oids::INFORMATION_SCHEMA, "information_schema", true),
                schema(oids::GRATICULE, "graticule", true),
                schema(oids::PUBLIC, "public", true),
            ]),
            relations: BTreeMap::new(),
            relations_by_oid: HashMap::new(),
            roles: BTreeMap::from([(oids::SUPERUSER, Arc::new(superuser))]),
            servers: BTreeMap::new(),
            mappings: Vec::new(),
            foreign_types: BTreeMap::new(),
            next_oid: oids::FIRST_NORMAL + 4_000,
            known_oids: Arc::default(),
        }
    }

    pub fn relation(&self, schema: &str, name: &str) -> Option<&Arc<Relation>> {
        self.relations.get(&(schema.to_owned(), name.to_owned()))
    }

    pub fn relation_by_oid(&self, oid: u32) -> Option<&Arc<Relation>> {
        self.relations_by_oid.get(&oid)
    }

    /// Every relation, by schema and name.
    pub fn relations(&self) -> impl Iterator<Item = &Arc<Relation>> {
        self.relations.values()
    }

    /// The relation an index belongs to.
    pub fn index(&self, oid: u32) -> Option<(&Arc<Relation>, &Index)> {
        self.relations
            .values()
            .find_map(|relation| relation.indexes.iter().find(|index| index.oid == oid).map(|index| (relation, index)))
    }

    pub fn schema_by_oid(&self, oid: u32) -> Option<&Arc<Schema>> {
        self.schemas.values().find(|schema| schema.oid == oid)
    }

    pub fn role(&self, name: &str) -> Option<&Arc<Role>> {
        self.roles.values().find(|role| role.name == name)
    }

    pub fn server(&self, name: &str) -> Option<&Arc<Server>> {
        self.servers.values().find(|server| server.name == name)
    }

    /// The mapping that applies to a role on a server: its own, else PUBLIC's.
    pub fn user_mapping(&self, server: u32, role: u32) -> Option<&Arc<UserMapping>> {
        let find = |role| self.mappings.iter().find(|mapping| mapping.server == server && mapping.role == role);
        find(role).or_else(|| find(0))
    }

    pub fn foreign_type(&self, ty: PgType) -> Option<&Arc<ForeignType>> {
        self.foreign_types.get(&ty)
    }

    /// `format_type` for any type, foreign ones included.
    pub fn format_type(&self, ty: PgType, typmod: i32) -> String {
        match self.foreign_type(ty) {
            Some(foreign) => match &foreign.kind {
                super::ForeignTypeKind::Array(element) => format!("{}[]", self.format_type(*element, typmod)),
                _ => foreign.name.clone(),
            },
            None => crate::types::format_type(ty, typmod),
        }
    }

    /// The roles whose privileges `role` has: itself, and (with INHERIT) those it is a member of, transitively.
    pub fn effective_roles(&self, role: u32) -> HashSet<u32> {
        let mut all = HashSet::from([role]);
        let mut todo = vec![role];
        while let Some(next) = todo.pop() {
            let Some(role) = self.roles.get(&next).filter(|role| role.inherit) else { continue };
            for parent in &role.member_of {
                if all.insert(*parent) {
                    todo.push(*parent);
                }
            }
        }
        all
    }

    pub fn is_superuser(&self, role: u32) -> bool {
        self.roles.get(&role).is_some_and(|role| role.superuser)
    }

    /// Has `role` this privilege by ownership or by the ACL? `public` is what PUBLIC has under a NULL acl.
    fn allowed(&self, role: u32, owner: u32, acl: &Acl, privilege: Privilege, public: bool) -> bool {
        if self.is_superuser(role) {
            return true;
        }
        let roles = self.effective_roles(role);
        match &acl.entries {
            None => public || roles.contains(&owner),
            Some(entries) => entries.iter().any(|(grantee, privileges)| {
                (*grantee == 0 || roles.contains(grantee))
                    && privileges.iter().any(|(granted, _)| *granted == privilege)
            }),
        }
    }

    pub fn schema_allows(&self, role: u32, schema: &Schema, privilege: Privilege) -> bool {
        self.allowed(role, schema.owner, &schema.acl, privilege, false)
    }

    /// Table-level privilege only; see [`Catalog::column_allows`]. System relations are readable by all.
    pub fn relation_allows(&self, role: u32, relation: &Relation, privilege: Privilege) -> bool {
        let public = matches!(relation.source, super::Source::System) && privilege == Privilege::Select;
        self.allowed(role, relation.owner, &relation.acl, privilege, public)
    }

    /// Table-level or column-level privilege on one attribute.
    pub fn column_allows(&self, role: u32, relation: &Relation, column: usize, privilege: Privilege) -> bool {
        self.relation_allows(role, relation, privilege)
            || relation.columns.get(column).is_some_and(|column| {
                column.acl.entries.is_some() && self.allowed(role, relation.owner, &column.acl, privilege, false)
            })
    }

    pub fn server_allows(&self, role: u32, server: &Server, privilege: Privilege) -> bool {
        self.allowed(role, server.owner, &server.acl, privilege, false)
    }

    /// Is the object's schema usable by the role? What lies in others does not exist for it (invariant 9).
    pub fn schema_visible(&self, role: u32, schema: &str) -> bool {
        self.schemas.get(schema).is_some_and(|schema| self.schema_allows(role, schema, Privilege::Usage))
    }

    pub fn edit(&self) -> CatalogBuilder {
        CatalogBuilder { next: Catalog { snapshot: self.snapshot + 1, ..self.clone() } }
    }
}

impl CatalogBuilder {
    /// An oid never given before.
    pub fn new_oid(&mut self) -> u32 {
        let oid = self.next.next_oid;
        self.next.next_oid += 1;
        oid
    }

    /// The oid of a relation (or of something named within one, `name` then being qualified by it): the one it had, else a new one.
    pub fn oid_of(&mut self, schema: &str, name: &str) -> u32 {
        let key = (schema.to_owned(), name.to_owned());
        if let Some(oid) = self.next.known_oids.get(&key) {
            return *oid;
        }
        let oid = self.new_oid();
        Arc::make_mut(&mut self.next.known_oids).insert(key, oid);
        oid
    }

    pub fn put_relation(&mut self, relation: Relation) {
        let relation = Arc::new(relation);
        self.next.relations_by_oid.insert(relation.oid, Arc::clone(&relation));
        self.next.relations.insert((relation.schema.to_string(), relation.name.clone()), relation);
    }

    pub fn drop_relation(&mut self, schema: &str, name: &str) {
        if let Some(relation) = self.next.relations.remove(&(schema.to_owned(), name.to_owned())) {
            self.next.relations_by_oid.remove(&relation.oid);
        }
    }

    /// Drops a schema with everything in it.
    pub fn drop_schema(&mut self, name: &str) {
        let gone: Vec<String> = self
            .next
            .relations
            .keys()
            .filter(|(schema, _)| schema == name)
            .map(|(_, relation)| relation.clone())
            .collect();
        for relation in gone {
            self.drop_relation(name, &relation);
        }
        self.next.schemas.remove(name);
    }

    /// The snapshot under construction, for schemas, roles, servers, mappings and foreign types.
    pub fn catalog(&mut self) -> &mut Catalog {
        &mut self.next
    }

    pub fn finish(self) -> Catalog {
        self.next
    }
}
