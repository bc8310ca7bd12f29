//! Introspection of a remote schema into plain structs, in one snapshot.

mod sql;

use std::collections::HashMap;

use super::pool::{Lease, Pool};
use crate::error::{Error, Result, SqlState};

/// A schema of a remote database.
#[derive(Clone, Debug, Default)]
pub struct RemoteSchema {
    pub name: String,
    pub comment: Option<String>,
    pub relations: Vec<RemoteRelation>,
    /// Enums, domains, composites, ranges and extension base types that columns use, however nested.
    pub types: Vec<RemoteType>,
    /// `None`: the database has no PostGIS.
    pub postgis: Option<Postgis>,
    /// `server_version`.
    pub version: String,
}

/// The remote's PostGIS.
#[derive(Clone, Debug)]
pub struct Postgis {
    /// Where its functions and operators are.
    pub schema: String,
    pub version: String,
}

/// A table, view, materialized view, foreign table or partitioned table.
#[derive(Clone, Debug)]
pub struct RemoteRelation {
    pub oid: u32,
    pub name: String,
    /// `pg_class.relkind`: r, v, m, f, p.
    pub kind: char,
    pub owner: String,
    pub comment: Option<String>,
    /// `None`: never analyzed.
    pub rows: Option<f64>,
    pub pages: i64,
    pub view_definition: Option<String>,
    /// The same text as it reads where the schema is on the search path.
    pub view_in_path: Option<String>,
    /// The login user may SELECT all of it.
    pub readable: bool,
    /// The remote has row security on it.
    pub row_security: bool,
    pub columns: Vec<RemoteColumn>,
    pub constraints: Vec<RemoteConstraint>,
    pub indexes: Vec<RemoteIndex>,
}

/// A column; dropped ones are not listed.
#[derive(Clone, Debug)]
pub struct RemoteColumn {
    pub name: String,
    pub number: i16,
    pub type_oid: u32,
    pub type_name: String,
    pub type_schema: String,
    /// `pg_type.typtype`: b, c, d, e, r, m, p.
    pub type_kind: char,
    /// For arrays: name and schema of the element type.
    pub element: Option<(String, String)>,
    pub typmod: i32,
    /// `format_type`: how PostgreSQL spells the type, typmod included.
    pub type_text: String,
    pub not_null: bool,
    pub default: Option<String>,
    /// `a` ALWAYS, `d` BY DEFAULT.
    pub identity: Option<char>,
    /// GENERATED ALWAYS AS (`default`) STORED.
    pub generated: bool,
    /// Not the type's default.
    pub collation: Option<String>,
    pub comment: Option<String>,
}

/// A primary key, unique, foreign key, check or exclusion constraint.
#[derive(Clone, Debug)]
pub struct RemoteConstraint {
    pub name: String,
    /// `pg_constraint.contype`: p, u, f, c, x, t.
    pub kind: char,
    /// `pg_get_constraintdef`.
    pub definition: String,
    pub columns: Vec<i16>,
    /// For foreign keys: schema, table, its column numbers.
    pub references: Option<(String, String, Vec<i16>)>,
    pub validated: bool,
    pub deferrable: bool,
    pub deferred: bool,
}

/// An index.
#[derive(Clone, Debug)]
pub struct RemoteIndex {
    pub name: String,
    /// `pg_get_indexdef`.
    pub definition: String,
    /// Column numbers of the key; 0 for an expression.
    pub columns: Vec<i16>,
    pub unique: bool,
    pub primary: bool,
    /// Access method: btree, gist, ...
    pub method: String,
    /// A partial index's predicate.
    pub predicate: Option<String>,
    pub valid: bool,
}

/// A type of the remote's own.
#[derive(Clone, Debug)]
pub struct RemoteType {
    pub oid: u32,
    pub name: String,
    pub schema: String,
    /// `pg_type.typtype`: b, c, d, e, r, m.
    pub kind: char,
    /// `pg_type.typcategory`.
    pub category: char,
    pub array_oid: u32,
    /// Enum labels in order.
    pub labels: Vec<String>,
    /// For domains: the base type as `format_type` spells it, its oid and typmod.
    pub base: Option<(String, u32, i32)>,
    /// For domains: NOT NULL.
    pub not_null: bool,
    /// For domains: `pg_get_constraintdef` of their checks.
    pub checks: Vec<String>,
    /// For composites: name, type as `format_type` spells it, its oid and typmod.
    pub attributes: Vec<(String, String, u32, i32)>,
    /// The extension that it belongs to.
    pub extension: Option<String>,
}

impl Pool {
    /// Describes a schema of the server; 3F000 when it is not there.
    pub async fn describe(&self, schema: &str) -> Result<RemoteSchema> {
        let mut lease = self.lease().await?;
        lease.begin_snapshot().await?;
        let described = lease.describe(schema).await;
        lease.end_snapshot().await?;
        described
    }

    /// Rows (`None`: never analyzed) and pages of a relation, as the server's planner has them.
    pub async fn estimate(&self, schema: &str, relation: &str) -> Result<Option<(Option<f64>, i64)>> {
        let mut lease = self.lease().await?;
        let rows = lease.connection()?.query(sql::ESTIMATE, &[Some(schema), Some(relation)]).await?;
        rows.into_iter().next().map(|row| Row(row.into_iter()).estimate()).transpose()
    }
}

/// The schemas of the server that its user may look into, system schemas excluded.
pub async fn schema_names(pool: &Pool) -> Result<Vec<String>> {
    let mut lease = pool.lease().await?;
    let rows = lease.connection()?.query(sql::SCHEMAS, &[]).await?;
    rows.into_iter().map(|row| Row(row.into_iter()).text()).collect()
}

impl Lease {
    async fn begin_snapshot(&mut self) -> Result<()> {
        // The planner thinks little of recursion over catalogs and would compile for seconds what runs in milliseconds.
        self.control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off").await
    }

    async fn end_snapshot(&mut self) -> Result<()> {
        self.control("ROLLBACK").await
    }

    async fn control(&mut self, text: &'static str) -> Result<()> {
        let connection = self.connection()?;
        let outcome = connection.command(text, &mut super::cancel::Watch::never()).await;
        outcome.map(|_| ()).map_err(|fault| fault.into_own_error(&self.server().name))
    }

    async fn describe(&mut self, schema: &str) -> Result<RemoteSchema> {
        let connection = self.connection()?;
        let mut answer = RemoteSchema {
            name: schema.to_owned(),
            version: connection.version().to_owned(),
            ..RemoteSchema::default()
        };
        let of = [Some(schema)];
        let Some(row) = connection.query(sql::SCHEMA, &of).await?.into_iter().next() else {
            let server = connection.server();
            return Err(Error::new(
                SqlState::INVALID_SCHEMA_NAME,
                format!("schema \"{schema}\" does not exist on server \"{server}\""),
            ));
        };
        answer.comment = Row(row.into_iter()).optional()?;
        for row in connection.query(sql::POSTGIS, &[]).await? {
            let mut row = Row(row.into_iter());
            answer.postgis = Some(Postgis { schema: row.text()?, version: row.text()? });
        }
        let mut places = HashMap::new();
        for row in connection.query(sql::RELATIONS, &of).await? {
            let relation = Row(row.into_iter()).relation()?;
            places.insert(relation.oid, answer.relations.len());
            answer.relations.push(relation);
        }
        connection.query(sql::SHOW_PATH, &of).await?;
        for row in connection.query(sql::VIEWS, &of).await? {
            let mut row = Row(row.into_iter());
            if let Some(place) = places.get(&row.parsed()?) {
                answer.relations[*place].view_in_path = row.optional()?;
            }
        }
        connection.query(sql::HIDE_PATH, &[]).await?;
        for row in connection.query(sql::COLUMNS, &of).await? {
            let mut row = Row(row.into_iter());
            if let Some(place) = places.get(&row.parsed()?) {
                answer.relations[*place].columns.push(row.column()?);
            }
        }
        for row in connection.query(sql::CONSTRAINTS, &of).await? {
            let mut row = Row(row.into_iter());
            if let Some(place) = places.get(&row.parsed()?) {
                answer.relations[*place].constraints.push(row.constraint()?);
            }
        }
        for row in connection.query(sql::INDEXES, &of).await? {
            let mut row = Row(row.into_iter());
            if let Some(place) = places.get(&row.parsed()?) {
                answer.relations[*place].indexes.push(row.index()?);
            }
        }
        for row in connection.query(sql::TYPES, &of).await? {
            answer.types.push(Row(row.into_iter()).remote_type()?);
        }
        Ok(answer)
    }
}

/// Reads the columns of a row one after the other.
struct Row(std::vec::IntoIter<Option<String>>);

impl Row {
    fn optional(&mut self) -> Result<Option<String>> {
        self.0.next().ok_or_else(|| Error::internal("a catalog row is too short"))
    }

    fn text(&mut self) -> Result<String> {
        self.optional()?.ok_or_else(|| Error::internal("a catalog column is null"))
    }

    fn parsed<T: std::str::FromStr>(&mut self) -> Result<T> {
        self.text()?.parse().map_err(|_| Error::internal("a catalog column has another type"))
    }

    fn flag(&mut self) -> Result<bool> {
        Ok(self.text()? == "t")
    }

    /// A "char" column; the zero byte (and so the empty text) is none.
    fn letter(&mut self) -> Result<Option<char>> {
        Ok(self.optional()?.and_then(|text| text.chars().next()))
    }

    fn kind(&mut self) -> Result<char> {
        self.letter()?.ok_or_else(|| Error::internal("a catalog column is empty"))
    }

    fn json<T: serde::de::DeserializeOwned + Default>(&mut self) -> Result<T> {
        match self.optional()? {
            None => Ok(T::default()),
            Some(text) => serde_json::from_str(&text).map_err(Error::internal),
        }
    }

    fn estimate(&mut self) -> Result<(Option<f64>, i64)> {
        let rows = self.parsed::<f64>()?;
        Ok(((rows >= 0.0).then_some(rows), self.parsed()?))
    }

    fn relation(&mut self) -> Result<RemoteRelation> {
        let (oid, name, kind) = (self.parsed()?, self.text()?, self.kind()?);
        let (owner, comment) = (self.text()?, self.optional()?);
        let (rows, pages) = self.estimate()?;
        Ok(RemoteRelation {
            oid,
            name,
            kind,
            owner,
            comment,
            rows,
            pages,
            view_definition: self.optional()?,
            view_in_path: None,
            readable: self.flag()?,
            row_security: self.flag()?,
            columns: Vec::new(),
            constraints: Vec::new(),
            indexes: Vec::new(),
        })
    }

    fn column(&mut self) -> Result<RemoteColumn> {
        Ok(RemoteColumn {
            name: self.text()?,
            number: self.parsed()?,
            type_oid: self.parsed()?,
            type_name: self.text()?,
            type_schema: self.text()?,
            type_kind: self.kind()?,
            element: self.optional()?.zip(self.optional()?),
            typmod: self.parsed()?,
            type_text: self.text()?,
            not_null: self.flag()?,
            default: self.optional()?,
            identity: self.letter()?,
            generated: self.letter()?.is_some(),
            collation: self.optional()?,
            comment: self.optional()?,
        })
    }

    fn constraint(&mut self) -> Result<RemoteConstraint> {
        let (name, kind, definition) = (self.text()?, self.kind()?, self.text()?);
        let columns = self.json()?;
        let (schema, table) = (self.optional()?, self.optional()?);
        let foreign = self.json()?;
        Ok(RemoteConstraint {
            name,
            kind,
            definition,
            columns,
            references: schema.zip(table).map(|(schema, table)| (schema, table, foreign)),
            validated: self.flag()?,
            deferrable: self.flag()?,
            deferred: self.flag()?,
        })
    }

    fn index(&mut self) -> Result<RemoteIndex> {
        Ok(RemoteIndex {
            name: self.text()?,
            definition: self.text()?,
            columns: self.json()?,
            unique: self.flag()?,
            primary: self.flag()?,
            method: self.text()?,
            predicate: self.optional()?,
            valid: self.flag()?,
        })
    }

    fn remote_type(&mut self) -> Result<RemoteType> {
        let (oid, name, schema) = (self.parsed()?, self.text()?, self.text()?);
        let (kind, category, array_oid) = (self.kind()?, self.kind()?, self.parsed()?);
        let labels = self.json()?;
        let (base, base_oid, base_typmod) = (self.optional()?, self.parsed()?, self.parsed()?);
        Ok(RemoteType {
            oid,
            name,
            schema,
            kind,
            category,
            array_oid,
            labels,
            base: base.map(|base| (base, base_oid, base_typmod)),
            not_null: self.flag()?,
            checks: self.json()?,
            attributes: self.json()?,
            extension: self.optional()?,
        })
    }
}
