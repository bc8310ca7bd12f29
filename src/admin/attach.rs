//! Attached schemas, foreign tables: a source's relations become ours.

mod tables;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::sql::ast::Node;
use crate::sql::ast::{CreateForeignTableStmt, ImportForeignSchemaStmt, ImportForeignSchemaType};

use super::{Change, Context, apply_options, done, require_owner, require_superuser, server};
use crate::catalog::{
    Acl, CatalogBuilder, Column, Constraint, ConstraintKind, ForeignType, ForeignTypeKind, Index, Relation,
    RelationKind, Schema, Server, Source,
};
use crate::connector::RemoteTables;
use crate::connector::postgres::{RemoteColumn, RemoteConstraint, RemoteRelation, RemoteSchema, RemoteType};
use crate::error::{Error, Result, SqlState};
use crate::types::{GeometryTypmod, PgType};

/// What a source answers about one of its schemas.
#[derive(Clone, Debug)]
pub enum Described {
    Files(Vec<DescribedFile>),
    Postgres(Box<RemoteSchema>),
    Tables(Box<RemoteTables>),
}

/// A file (or folder of files) that is a table.
#[derive(Clone, Debug)]
pub struct DescribedFile {
    pub name: String,
    pub path: String,
    pub columns: Vec<DescribedColumn>,
    pub rows: Option<u64>,
}

/// A column of a file.
#[derive(Clone, Debug)]
pub struct DescribedColumn {
    pub name: String,
    pub ty: PgType,
    pub typmod: i32,
    pub not_null: bool,
}

/// `graticule.attach(server [, remote [, local]])`: every relation of the remote schema appears in the local one, which is made
/// when missing; attaching again follows the source (new, changed and vanished relations).
pub(super) async fn attach(context: &Context<'_>, args: &[Option<String>]) -> Result<Change> {
    let arg = |position: usize| args.get(position).and_then(|arg| arg.as_deref());
    let name = arg(0).ok_or_else(|| Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, "attach needs a server's name"))?;
    let server = server(context, name)?;
    require_owner(context, server.owner, &format!("foreign server {name}"))?;
    let remote = arg(1).unwrap_or(crate::connector::default_schema(&server.wrapper));
    let local = arg(2).or(arg(1)).unwrap_or(name);
    let described = context.sources.describe(context.catalog, server, context.role, remote).await?;
    let mut builder = context.catalog.edit();
    let schema = local_schema(context, &mut builder, local, Some((server.oid, remote.to_owned())))?;
    let mut import = Import::new(context, server, &schema, builder);
    import.all(&described, None)?;
    import.drop_vanished(&described);
    done(import.finish(&described), "SELECT 1")
}

/// `graticule.detach(local)`: the schema and what came with it are gone; the source is untouched.
pub(super) fn detach(context: &Context<'_>, args: &[Option<String>]) -> Result<Change> {
    let name = args.first().and_then(|arg| arg.as_deref()).unwrap_or("");
    let schema = super::schema::schema(context, name)?;
    require_owner(context, schema.owner, &format!("schema {name}"))?;
    if schema.attached.is_none() {
        return Err(Error::new(
            SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("schema \"{name}\" is not attached"),
        ));
    }
    let mut builder = context.catalog.edit();
    builder.drop_schema(name);
    done(builder, "SELECT 1")
}

/// IMPORT FOREIGN SCHEMA: as attach, but pinned, into a schema that exists.
pub(super) async fn import_schema(context: &Context<'_>, statement: &ImportForeignSchemaStmt) -> Result<Change> {
    let server = server(context, &statement.server_name)?;
    require_owner(context, server.owner, &format!("foreign server {}", server.name))?;
    let schema = super::schema::schema(context, &statement.local_schema)?;
    require_owner(context, schema.owner, &format!("schema {}", schema.name))?;
    let listed: Vec<String> = statement
        .table_list
        .iter()
        .filter_map(|node| match node {
            Node::RangeVar(range) => Some(range.relname.clone()),
            _ => None,
        })
        .collect();
    let except = statement.list_type == ImportForeignSchemaType::FdwImportSchemaExcept;
    let wanted = |name: &str| listed.is_empty() || listed.iter().any(|listed| listed == name) != except;
    let described = context.sources.describe(context.catalog, server, context.role, &statement.remote_schema).await?;
    let mut import = Import::new(context, server, &schema, context.catalog.edit());
    import.pinned = true;
    import.all(&described, Some(&wanted))?;
    done(import.finish(&described), "IMPORT FOREIGN SCHEMA")
}

/// CREATE FOREIGN TABLE: one relation of a source under a name of ours. Columns may be left out; those given must be the source's.
pub(super) async fn create_foreign_table(context: &Context<'_>, statement: &CreateForeignTableStmt) -> Result<Change> {
    require_superuser(context, "create foreign table")?;
    let base = &statement.base;
    if !base.inh_relations.is_empty() {
        return Err(Error::unsupported("INHERITS in CREATE FOREIGN TABLE"));
    }
    let range = base.relation.as_ref().ok_or_else(|| Error::internal("CREATE FOREIGN TABLE without a name"))?;
    let server = server(context, &statement.servername)?;
    let schema_name = if range.schemaname.is_empty() {
        context.search_path.iter().find(|schema| *schema != "pg_catalog").cloned().unwrap_or_default()
    } else {
        range.schemaname.clone()
    };
    let schema = super::schema::schema(context, &schema_name)?;
    if context.catalog.relation(&schema_name, &range.relname).is_some() {
        let message = format!("relation \"{}\" already exists", range.relname);
        return if base.if_not_exists {
            super::skipped(context, "CREATE FOREIGN TABLE", format!("{message}, skipping"))
        } else {
            Err(Error::new(SqlState::DUPLICATE_TABLE, message))
        };
    }
    let mut options = BTreeMap::new();
    apply_options(&mut options, &statement.options)?;
    let known = ["column_name", "path", "primary_key", "schema_name", "table_name"];
    if let Some(wrong) = options.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::new(SqlState(*b"HV00D"), format!("invalid option \"{wrong}\""))
            .hint(format!("Valid options in this context are: {}", known.join(", "))));
    }
    let option = |name: &str| options.get(name).cloned();
    let (remote_schema, remote_name) = if server.wrapper != "geoparquet" {
        (
            option("schema_name").unwrap_or_else(|| schema_name.clone()),
            option("table_name").unwrap_or(range.relname.clone()),
        )
    } else {
        (option("path").or_else(|| option("table_name")).unwrap_or(range.relname.clone()), String::new())
    };
    let described = context.sources.describe(context.catalog, server, context.role, &remote_schema).await?;
    let mut import = Import::new(context, server, &schema, context.catalog.edit());
    import.pinned = true;
    let mut relation = match &described {
        Described::Files(files) => match files.as_slice() {
            [file] => import.file(file, &range.relname)?,
            _ => {
                return Err(Error::new(
                    SqlState::UNDEFINED_TABLE,
                    format!("\"{remote_schema}\" is not one file or folder of files"),
                ));
            }
        },
        Described::Postgres(remote) => {
            let found = remote.relations.iter().find(|relation| relation.name == remote_name).ok_or_else(|| {
                Error::new(
                    SqlState::UNDEFINED_TABLE,
                    format!("relation \"{remote_schema}.{remote_name}\" does not exist on server \"{}\"", server.name),
                )
            })?;
            let types = import.types(remote);
            import.relation(remote, found, &range.relname, &types)?
        }
        Described::Tables(remote) => {
            let names = import.names(&remote.tables, |table| &table.name);
            let mut named = remote.tables.iter().zip(names);
            let found = named.find(|(table, name)| table.name == remote_name || *name == remote_name);
            let found = found.map(|(table, _)| table).ok_or_else(|| {
                Error::new(
                    SqlState::UNDEFINED_TABLE,
                    format!("relation \"{remote_schema}.{remote_name}\" does not exist on server \"{}\"", server.name),
                )
            })?;
            import.table(remote, found, &range.relname)?
        }
    };
    relation.kind = RelationKind::ForeignTable;
    let narrows = matches!(described, Described::Tables(_));
    restrict_columns(context, &mut relation, &base.table_elts, narrows)?;
    if let Some(key) = option("primary_key") {
        add_primary_key(&mut import.builder, &mut relation, &key)?;
    }
    import.builder.put_relation(relation);
    done(import.finish(&described), "CREATE FOREIGN TABLE")
}

/// Keeps the columns that the statement lists, in its order, checking their types. `narrows`: the source keeps any geometry in a column, and
/// the statement may promise one kind of them, on which conditions there rely; each value that is fetched is tested (22023).
fn restrict_columns(
    context: &Context<'_>,
    relation: &mut Relation,
    elements: &[crate::sql::ast::Node],
    narrows: bool,
) -> Result<()> {
    if elements.is_empty() {
        return Ok(());
    }
    let mut kept = Vec::new();
    for element in elements {
        let Node::ColumnDef(definition) = element else {
            return Err(Error::unsupported("a table constraint in CREATE FOREIGN TABLE"));
        };
        let mut options = BTreeMap::new();
        apply_options(&mut options, &definition.fdwoptions)?;
        let remote = options.get("column_name").unwrap_or(&definition.colname);
        let mut column = relation
            .columns
            .iter()
            .find(|column| [&column.remote_name, &column.name].contains(&remote))
            .cloned()
            .ok_or_else(|| {
                Error::new(SqlState::UNDEFINED_COLUMN, format!("column \"{remote}\" does not exist at the source"))
            })?;
        if let Some(type_name) = &definition.type_name {
            let (ty, typmod) = crate::bind::type_name(context.catalog, type_name)?;
            if narrows && is_narrower(ty, typmod, &column) {
                column.typmod = typmod;
            }
            if ty != column.ty || (typmod != -1 && typmod != column.typmod) {
                return Err(Error::new(
                    SqlState::DATATYPE_MISMATCH,
                    format!("column \"{}\" is of another type at the source", definition.colname),
                )
                .detail(format!(
                    "It is {} there, and {} here.",
                    context.catalog.format_type(column.ty, column.typmod),
                    context.catalog.format_type(ty, typmod)
                )));
            }
        }
        column.name.clone_from(&definition.colname);
        kept.push(column);
    }
    // Constraints and indexes speak of attnums: those of columns left out go.
    let present: Vec<i16> = kept.iter().map(|column| column.attnum).collect();
    relation.constraints.retain(|constraint| constraint.columns.iter().all(|attnum| present.contains(attnum)));
    relation.indexes.retain(|index| index.columns.iter().all(|attnum| present.contains(attnum)));
    relation.columns = kept;
    Ok(())
}

/// Is it a kind of what the column holds, in the same SRID?
fn is_narrower(ty: PgType, typmod: i32, column: &Column) -> bool {
    let unpacked = (GeometryTypmod::unpack(typmod), GeometryTypmod::unpack(column.typmod));
    let (Some(declared), Some(known)) = unpacked else { return false };
    ty == PgType::GEOMETRY && column.ty == ty && declared.srid == known.srid && known.kind == 0 && !known.z && !known.m
}

fn add_primary_key(builder: &mut CatalogBuilder, relation: &mut Relation, key: &str) -> Result<()> {
    let names: Vec<&str> = key.split(',').map(str::trim).collect();
    let mut attnums = Vec::new();
    for name in &names {
        let index = relation.column(name).ok_or_else(|| {
            Error::new(
                SqlState::UNDEFINED_COLUMN,
                format!("column \"{name}\" named in option \"primary_key\" does not exist"),
            )
        })?;
        relation.columns[index].not_null = true;
        attnums.push(relation.columns[index].attnum);
    }
    relation.constraints.retain(|constraint| constraint.kind != ConstraintKind::PrimaryKey);
    relation.indexes.iter_mut().for_each(|index| index.primary = false);
    let name = format!("{}_pkey", relation.name);
    tables::add_key(builder, relation, &name, ConstraintKind::PrimaryKey, &names, attnums);
    Ok(())
}

/// The schema to attach into; made when missing. Another server's attached schema is refused.
fn local_schema(
    context: &Context<'_>,
    builder: &mut CatalogBuilder,
    name: &str,
    attached: Option<(u32, String)>,
) -> Result<Arc<Schema>> {
    if matches!(name, "graticule" | "pg_catalog" | "information_schema") || name.starts_with("pg_") {
        return Err(Error::new(SqlState::RESERVED_NAME, format!("cannot attach into schema \"{name}\"")));
    }
    let next = match context.catalog.schemas.get(name) {
        Some(schema) => {
            require_owner(context, schema.owner, &format!("schema {name}"))?;
            if schema.attached.as_ref().is_some_and(|old| Some(old) != attached.as_ref()) {
                return Err(Error::new(
                    SqlState::DUPLICATE_SCHEMA,
                    format!("schema \"{name}\" is attached to something else"),
                )
                .hint("Give another local name: graticule.attach(server, remote, local)."));
            }
            Schema { attached, ..(**schema).clone() }
        }
        None => Schema {
            oid: builder.oid_of(name, ""),
            name: name.to_owned(),
            owner: context.role,
            acl: Acl::default(),
            comment: None,
            attached,
        },
    };
    let next = Arc::new(next);
    builder.catalog().schemas.insert(name.to_owned(), Arc::clone(&next));
    Ok(next)
}

struct Import<'a> {
    context: &'a Context<'a>,
    server: &'a Arc<Server>,
    schema: &'a Arc<Schema>,
    builder: CatalogBuilder,
    /// Foreign tables that stay as they are, not an attached schema's.
    pinned: bool,
}

impl<'a> Import<'a> {
    fn new(
        context: &'a Context<'a>,
        server: &'a Arc<Server>,
        schema: &'a Arc<Schema>,
        builder: CatalogBuilder,
    ) -> Import<'a> {
        Import { context, server, schema, builder, pinned: false }
    }

    fn all(&mut self, described: &Described, wanted: Option<&dyn Fn(&str) -> bool>) -> Result<()> {
        let wanted = |name: &str| wanted.is_none_or(|wanted| wanted(name));
        match described {
            Described::Files(files) => {
                for file in files.iter().filter(|file| wanted(&file.name)) {
                    let relation = self.file(file, &file.name)?;
                    self.builder.put_relation(relation);
                }
            }
            Described::Postgres(remote) => {
                let types = self.types(remote);
                for found in remote.relations.iter().filter(|relation| wanted(&relation.name)) {
                    // A system view of ours (geometry_columns ...) answers under that name.
                    let ours = self.context.catalog.relation(&self.schema.name, &found.name);
                    if ours.is_some_and(|relation| matches!(relation.source, Source::System)) {
                        continue;
                    }
                    let relation = self.relation(remote, found, &found.name, &types)?;
                    self.builder.put_relation(relation);
                }
            }
            Described::Tables(remote) => {
                for (found, name) in remote.tables.iter().zip(self.names(&remote.tables, |table| &table.name)) {
                    if wanted(&name) {
                        let relation = self.table(remote, found, &name)?;
                        self.builder.put_relation(relation);
                    }
                }
            }
        }
        Ok(())
    }

    /// Relations of this server in this schema that the source no longer has.
    fn drop_vanished(&mut self, described: &Described) {
        let present: Vec<String> = match described {
            Described::Files(files) => files.iter().map(|file| file.name.clone()).collect(),
            Described::Postgres(remote) => remote.relations.iter().map(|relation| relation.name.clone()).collect(),
            Described::Tables(remote) => self.names(&remote.tables, |table| &table.name),
        };
        for relation in self.context.catalog.relations() {
            if *relation.schema == *self.schema.name
                && relation.server() == Some(self.server.oid)
                && !present.contains(&relation.name)
            {
                self.builder.drop_relation(&relation.schema, &relation.name);
            }
        }
    }

    /// Ends the import: what was learnt of the server itself is kept with it.
    fn finish(mut self, described: &Described) -> CatalogBuilder {
        let mut next = (**self.server).clone();
        match described {
            Described::Files(_) => {}
            Described::Postgres(remote) => {
                next.postgis_schema = remote.postgis.as_ref().map(|postgis| postgis.schema.clone());
            }
            Described::Tables(remote) => {
                // Rows of the dialect may ask for a version.
                next.options.insert("version".to_owned(), remote.version.clone());
                next.postgis_schema.clone_from(&remote.postgis_schema);
            }
        }
        if next.postgis_schema != self.server.postgis_schema || next.options != self.server.options {
            self.builder.catalog().servers.insert(next.oid, Arc::new(next));
        }
        self.builder
    }

    /// The next version of a relation under this name: plan caches see the change.
    fn version(&self, name: &str) -> u64 {
        self.context.catalog.relation(&self.schema.name, name).map_or(1, |old| old.version + 1)
    }

    /// Rights and comment of a relation attached before stay.
    fn kept(&self, name: &str) -> (u32, Acl) {
        match self.context.catalog.relation(&self.schema.name, name) {
            Some(old) => (old.owner, old.acl.clone()),
            None => (self.schema.owner, Acl::default()),
        }
    }

    fn kept_column(&self, relation: &str, column: &str) -> Acl {
        let old = self.context.catalog.relation(&self.schema.name, relation);
        old.and_then(|old| old.columns.iter().find(|old| old.name == column))
            .map_or_else(Acl::default, |old| old.acl.clone())
    }

    fn file(&mut self, file: &DescribedFile, name: &str) -> Result<Relation> {
        let (owner, acl) = self.kept(name);
        let columns = file.columns.iter().zip(1_i16..).map(|(column, attnum)| Column {
            name: column.name.clone(),
            attnum,
            ty: column.ty,
            typmod: column.typmod,
            not_null: column.not_null,
            default: None,
            identity: '\0',
            generated: '\0',
            collation: None,
            comment: None,
            acl: self.kept_column(name, &column.name),
            remote_name: column.name.clone(),
        });
        Ok(Relation {
            columns: columns.collect(),
            oid: self.builder.oid_of(&self.schema.name, name),
            schema: self.schema.name.as_str().into(),
            schema_oid: self.schema.oid,
            name: name.to_owned(),
            kind: if self.pinned { RelationKind::ForeignTable } else { RelationKind::Table },
            source: Source::Files { server: self.server.oid, path: file.path.clone() },
            constraints: Vec::new(),
            indexes: Vec::new(),
            owner,
            acl,
            comment: None,
            rows: file.rows.map_or(-1.0, |rows| rows as f32),
            pages: 0,
            view_definition: None,
            view_in_path: None,
            version: self.version(name),
            row_type: self.builder.oid_of(&self.schema.name, &format!("{name}\u{1}type")),
        })
    }

    /// Oids here of the remote's own types, by remote oid.
    fn types(&mut self, remote: &RemoteSchema) -> HashMap<(String, String), PgType> {
        let mut found = HashMap::new();
        for ty in &remote.types {
            if self.builtin(remote, &ty.schema, &ty.name).is_some() {
                continue;
            }
            let oid = self.type_oid(&ty.schema, &ty.name);
            found.insert((ty.schema.clone(), ty.name.clone()), oid);
            if ty.array_oid != 0 {
                found.insert(
                    (ty.schema.clone(), format!("_{}", ty.name)),
                    self.type_oid(&ty.schema, &format!("_{}", ty.name)),
                );
            }
        }
        for ty in &remote.types {
            let Some(oid) = found.get(&(ty.schema.clone(), ty.name.clone())).copied() else { continue };
            let array = found.get(&(ty.schema.clone(), format!("_{}", ty.name))).copied();
            let foreign = |oid, name: String, kind, array| ForeignType {
                oid,
                schema: self.schema.name.clone(),
                name,
                kind,
                server: self.server.oid,
                remote_schema: ty.schema.clone(),
                array,
            };
            let own = foreign(oid, ty.name.clone(), kind(ty), array);
            let array = array.map(|array| foreign(array, format!("_{}", ty.name), ForeignTypeKind::Array(oid), None));
            let types = &mut self.builder.catalog().foreign_types;
            types.insert(own.oid, Arc::new(own));
            if let Some(array) = array {
                types.insert(array.oid, Arc::new(array));
            }
        }
        found
    }

    fn type_oid(&mut self, schema: &str, name: &str) -> PgType {
        let oid = self.builder.oid_of(&self.schema.name, &format!("\u{1}type\u{1}{schema}\u{1}{name}"));
        PgType(PgType::FIRST_FOREIGN + oid)
    }

    /// A type that we know: PostgreSQL's own, or PostGIS's in the extension's schema.
    fn builtin(&self, remote: &RemoteSchema, schema: &str, name: &str) -> Option<PgType> {
        let ty = PgType::by_name(name)?;
        let spatial = ty.is_spatial() || ty.element().is_some_and(PgType::is_spatial);
        let home =
            if spatial { remote.postgis.as_ref().map(|postgis| postgis.schema.as_str()) } else { Some("pg_catalog") };
        (home == Some(schema)).then_some(ty)
    }

    fn column_type(
        &self,
        remote: &RemoteSchema,
        column: &RemoteColumn,
        types: &HashMap<(String, String), PgType>,
    ) -> Result<PgType> {
        self.builtin(remote, &column.type_schema, &column.type_name)
            .or_else(|| types.get(&(column.type_schema.clone(), column.type_name.clone())).copied())
            .ok_or_else(|| {
                Error::unsupported(format!(
                    "type {}.{} of server \"{}\"",
                    column.type_schema, column.type_name, self.server.name
                ))
            })
    }

    fn relation(
        &mut self,
        remote: &RemoteSchema,
        found: &RemoteRelation,
        name: &str,
        types: &HashMap<(String, String), PgType>,
    ) -> Result<Relation> {
        let (owner, acl) = self.kept(name);
        let columns = found
            .columns
            .iter()
            .map(|column| {
                Ok(Column {
                    name: column.name.clone(),
                    attnum: column.number,
                    ty: self.column_type(remote, column, types)?,
                    typmod: column.typmod,
                    not_null: column.not_null,
                    default: column.default.clone(),
                    identity: column.identity.unwrap_or('\0'),
                    generated: if column.generated { 's' } else { '\0' },
                    collation: column.collation.clone(),
                    comment: column.comment.clone(),
                    acl: self.kept_column(name, &column.name),
                    remote_name: column.name.clone(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let mut indexes = Vec::new();
        for index in found.indexes.iter().filter(|index| index.valid) {
            indexes.push(Index {
                oid: self.builder.oid_of(&self.schema.name, &format!("{name}\u{1}index\u{1}{}", index.name)),
                name: index.name.clone(),
                method: index.method.clone(),
                columns: index.columns.clone(),
                unique: index.unique,
                primary: index.primary,
                definition: index.definition.clone(),
                options: vec![0; index.columns.len()],
                predicate: index.predicate.clone(),
                expressions: None,
            });
        }
        let mut constraints = Vec::new();
        for constraint in &found.constraints {
            if let Some(constraint) = self.constraint(remote, name, constraint, &indexes) {
                constraints.push(constraint);
            }
        }
        let kind = if self.pinned { Some(RelationKind::ForeignTable) } else { RelationKind::from_code(found.kind) };
        Ok(Relation {
            oid: self.builder.oid_of(&self.schema.name, name),
            schema: self.schema.name.as_str().into(),
            schema_oid: self.schema.oid,
            name: name.to_owned(),
            kind: kind.ok_or_else(|| Error::unsupported(format!("relation kind \"{}\"", found.kind)))?,
            columns,
            source: Source::Remote { server: self.server.oid, schema: remote.name.clone(), name: found.name.clone() },
            constraints,
            indexes,
            owner,
            acl,
            comment: found.comment.clone(),
            rows: found.rows.map_or(-1.0, |rows| rows as f32),
            pages: i32::try_from(found.pages).unwrap_or(i32::MAX),
            view_definition: found.view_definition.clone(),
            view_in_path: found.view_in_path.clone(),
            version: self.version(name),
            row_type: self.builder.oid_of(&self.schema.name, &format!("{name}\u{1}type")),
        })
    }

    fn constraint(
        &mut self,
        remote: &RemoteSchema,
        relation: &str,
        found: &RemoteConstraint,
        indexes: &[Index],
    ) -> Option<Constraint> {
        let kind = match found.kind {
            'p' => ConstraintKind::PrimaryKey,
            'u' => ConstraintKind::Unique,
            'f' => ConstraintKind::ForeignKey,
            'c' => ConstraintKind::Check,
            'x' => ConstraintKind::Exclusion,
            // Constraint triggers are the source's own matter.
            _ => return None,
        };
        let references = found.references.as_ref().map(|(schema, table, columns)| {
            let oid = if *schema == remote.name { self.builder.oid_of(&self.schema.name, table) } else { 0 };
            (oid, columns.clone())
        });
        Some(Constraint {
            oid: self.builder.oid_of(&self.schema.name, &format!("{relation}\u{1}constraint\u{1}{}", found.name)),
            name: found.name.clone(),
            kind,
            columns: found.columns.clone(),
            definition: found.definition.clone(),
            references,
            actions: ['a', 'a', 's'],
            index: indexes.iter().find(|index| index.name == found.name).map_or(0, |index| index.oid),
            deferrable: found.deferrable,
            deferred: found.deferred,
        })
    }
}

fn kind(ty: &RemoteType) -> ForeignTypeKind {
    match ty.kind {
        'e' => ForeignTypeKind::Enum(ty.labels.clone()),
        'r' | 'm' => ForeignTypeKind::Range,
        // Domains and composites are carried as their text; their structure stays the source's.
        _ => ForeignTypeKind::Base,
    }
}
