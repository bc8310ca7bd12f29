//! Type names: `int4`, `pg_catalog.varchar(10)`, `geometry(Point,4326)[]`, types of attached sources.

use crate::sql::ast::Node;
use crate::sql::ast::{Constant, TypeName};

use crate::bound::Span;
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{at, names, span};
use super::context::Binder;
use super::typmod;

impl Binder<'_> {
    /// `typenameTypeIdAndMod`.
    pub fn type_name(&mut self, name: &TypeName) -> Result<(PgType, i32)> {
        let place = span(name.location);
        if name.setof {
            return Err(at(Error::unsupported("SETOF type"), place));
        }
        if name.pct_type {
            return Err(at(Error::unsupported("%TYPE"), place));
        }
        let base = self.base_of_name(name, place)?;
        let typmod = if name.typmods.is_empty() {
            -1
        } else {
            typmod::typmod_in(base, &names(&name.names), &self.typmods(name)?).map_err(|error| at(error, place))?
        };
        if name.array_bounds.is_empty() {
            return Ok((base, typmod));
        }
        match self.array_of(base) {
            Some(array) => Ok((array, typmod)),
            None => {
                let message = format!("could not find array type for data type {}", self.format_type(base));
                Err(at(Error::new(SqlState::UNDEFINED_OBJECT, message), place))
            }
        }
    }

    /// The type without typmod and array bounds.
    fn base_of_name(&mut self, name: &TypeName, place: Span) -> Result<PgType> {
        if let ([Node::String(name)], Some((last, ty))) = (name.names.as_slice(), &self.last_type)
            && name == last
        {
            return Ok(*ty);
        }
        let parts = names(&name.names);
        let Some(base) = self.lookup_type(&parts)? else {
            return Err(at(self.no_such_type(&parts), place));
        };
        if let [part] = parts.as_slice() {
            self.last_type = Some(((*part).to_owned(), base));
        }
        Ok(base)
    }

    fn no_such_type(&self, parts: &[&str]) -> Error {
        let written = parts.join(".");
        let relation = match parts {
            [name] => self.path.iter().find_map(|schema| self.catalog.relation(schema, name)),
            [schema, name] => self.catalog.relation(schema, name),
            _ => None,
        };
        if relation.is_some() {
            return Error::unsupported(format!("the row type of relation \"{written}\" as a type name"));
        }
        Error::new(SqlState::UNDEFINED_OBJECT, format!("type \"{written}\" does not exist"))
    }

    /// The type of a possibly qualified name, without typmod or array bounds.
    pub fn lookup_type(&self, parts: &[&str]) -> Result<Option<PgType>> {
        let (schema, name) = match parts {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            [database, schema, name] if *database == self.catalog.database => (Some(*schema), *name),
            [_, _, _] => {
                let message = format!("cross-database references are not implemented: {}", parts.join("."));
                return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
            }
            _ => {
                let message = format!("improper qualified name (too many dotted names): {}", parts.join("."));
                return Err(Error::new(SqlState::SYNTAX_ERROR, message));
            }
        };
        if let Some(schema) = schema
            && !self.catalog.schema_visible(self.context.role, schema)
        {
            return Err(Error::new(SqlState::INVALID_SCHEMA_NAME, format!("schema \"{schema}\" does not exist")));
        }
        let own = PgType::by_name(name).and_then(|ty| Some((self.rank(schema, home_schema(ty))?, ty)));
        if let Some((0, ty)) = own {
            return Ok(Some(ty));
        }
        let foreign = self.catalog.foreign_types.values().filter(|ty| ty.name == name);
        let foreign = foreign.filter_map(|ty| Some((self.rank(schema, &ty.schema)?, ty.oid)));
        Ok(own.into_iter().chain(foreign).min_by_key(|(rank, _)| *rank).map(|(_, ty)| ty))
    }

    fn typmods(&mut self, name: &TypeName) -> Result<Vec<String>> {
        name.typmods
            .iter()
            .map(|node| match node {
                Node::AConst(constant) => match self.literals.of(constant) {
                    Some(Constant::Integer(value)) => Ok(value.to_string()),
                    Some(Constant::Float(value)) => Ok(value.clone()),
                    Some(Constant::String(value)) => Ok(value.clone()),
                    _ => Err(bad_typmod()),
                },
                Node::ColumnRef(column) => match names(&column.fields).as_slice() {
                    [name] => Ok((*name).to_owned()),
                    _ => Err(bad_typmod()),
                },
                _ => Err(bad_typmod()),
            })
            .collect::<Result<Vec<_>>>()
            .map_err(|error| at(error, span(name.location)))
    }

    /// The array type over a type, foreign ones included.
    pub fn array_of(&self, element: PgType) -> Option<PgType> {
        element.array().or_else(|| self.catalog.foreign_type(element).and_then(|ty| ty.array))
    }

    /// The element type of an array type (the vectors of pg_catalog too), foreign ones included.
    pub fn element_of(&self, array: PgType) -> Option<PgType> {
        if let Some(element) = array.element() {
            return Some(element);
        }
        match self.catalog.foreign_type(array).map(|ty| &ty.kind) {
            Some(crate::catalog::ForeignTypeKind::Array(element)) => Some(*element),
            _ => None,
        }
    }
}

fn bad_typmod() -> Error {
    Error::new(SqlState::SYNTAX_ERROR, "type modifiers must be simple constants or identifiers")
}

/// PostGIS's types are in `public`, all others in pg_catalog.
fn home_schema(ty: PgType) -> &'static str {
    let base = ty.array_element().unwrap_or(ty);
    let postgis = base.is_spatial() || matches!(base, PgType::BOX2DF | PgType::GIDX | PgType::SPHEROID);
    if postgis { "public" } else { "pg_catalog" }
}
