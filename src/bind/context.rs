//! [`Binder`]: the state of binding one statement.

use std::rc::Rc;
use std::sync::Arc;

use crate::bound::{Bound, CteId, Expr, ExprKind, ExprType, RangeId, ReadSet, Span, Statement};
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::sql::Literals;
use crate::types::PgType;

use super::scope::Scope;
use super::{BindContext, fold};

/// Nested expressions and queries beyond this are 54001: trees must also be dropped without overflowing a stack.
const MAX_DEPTH: usize = 1500;

pub(super) struct Binder<'a> {
    pub context: &'a BindContext<'a>,
    /// What stands in place of the tree's constants.
    pub literals: &'a Literals,
    pub catalog: &'a Catalog,
    /// Schemas in the order names are looked up, pg_catalog included.
    pub path: Vec<String>,
    pub env: Env,
    /// Innermost last.
    pub scopes: Vec<Scope>,
    pub ranges: Vec<RangeInfo>,
    /// Parameter types; `UNKNOWN` while undetermined.
    pub params: Vec<PgType>,
    pub next_cte: u32,
    /// Set-returning calls met so far.
    pub set_returning: usize,
    /// Where the last of them stands.
    pub last_set_returning: Span,
    pub recursion: Recursion,
    /// The type name that was looked up last: the casts of a select list are often of one type.
    pub last_type: Option<(String, PgType)>,
    /// Relations met, with their versions.
    pub read_relations: Vec<(u32, u64)>,
    depth: usize,
}

/// What is known about a range.
pub(super) struct RangeInfo {
    /// Index of the scope that defines it.
    pub depth: usize,
    /// The FROM item's name.
    pub alias: String,
    pub relation: Option<Arc<Relation>>,
    pub columns: Vec<RangeField>,
}

#[derive(Clone, Debug)]
pub(super) struct RangeField {
    pub name: Rc<str>,
    pub ty: ExprType,
    /// pg_class oid and attnum of the base column it is.
    pub origin: (u32, i16),
}

/// Why a recursive reference would be wrong here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Recursion {
    Allowed,
    Except,
    Intersect,
    OuterJoin,
    Subquery,
}

/// The part of a statement an expression stands in (`EXPR_KIND_*`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Default,
    DistinctOn,
    Filter,
    FromFunction,
    FromSubselect,
    GroupBy,
    Having,
    JoinOn,
    Limit,
    Offset,
    OrderBy,
    Other,
    Returning,
    SelectTarget,
    UpdateSource,
    Values,
    ValuesSingle,
    Where,
    WindowFrameGroups,
    WindowFrameRange,
    WindowFrameRows,
    WindowOrder,
    WindowPartition,
}

impl Kind {
    /// `ParseExprKindName`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Default => "DEFAULT",
            Kind::DistinctOn => "DISTINCT ON",
            Kind::Filter => "FILTER",
            Kind::FromFunction => "function in FROM",
            Kind::FromSubselect => "sub-SELECT in FROM",
            Kind::GroupBy => "GROUP BY",
            Kind::Having => "HAVING",
            Kind::JoinOn => "JOIN/ON",
            Kind::Limit => "LIMIT",
            Kind::Offset => "OFFSET",
            Kind::OrderBy => "ORDER BY",
            Kind::Other => "this context",
            Kind::Returning => "RETURNING",
            Kind::SelectTarget => "SELECT",
            Kind::UpdateSource => "UPDATE",
            Kind::Values | Kind::ValuesSingle => "VALUES",
            Kind::Where => "WHERE",
            Kind::WindowFrameGroups => "GROUPS",
            Kind::WindowFrameRange => "RANGE",
            Kind::WindowFrameRows => "ROWS",
            Kind::WindowOrder => "window ORDER BY",
            Kind::WindowPartition => "window PARTITION BY",
        }
    }
}

impl<'a> Binder<'a> {
    pub fn new(context: &'a BindContext<'a>, literals: &'a Literals, declared: &[PgType]) -> Binder<'a> {
        let mut path: Vec<String> = Vec::new();
        for schema in context.search_path {
            let name = match schema.as_str() {
                "$user" => match context.catalog.roles.get(&context.role) {
                    Some(role) => role.name.clone(),
                    None => continue,
                },
                name => name.to_owned(),
            };
            if !path.contains(&name) && context.catalog.schema_visible(context.role, &name) {
                path.push(name);
            }
        }
        if !path.iter().any(|schema| schema == "pg_catalog") {
            path.insert(0, "pg_catalog".to_owned());
        }
        let params = declared.iter().map(|ty| if *ty == PgType::INVALID { PgType::UNKNOWN } else { *ty }).collect();
        Binder {
            context,
            literals,
            catalog: context.catalog,
            path,
            env: super::environment(context.formats),
            scopes: Vec::new(),
            ranges: Vec::new(),
            params,
            next_cte: 0,
            set_returning: 0,
            last_set_returning: Span::default(),
            recursion: Recursion::Allowed,
            last_type: None,
            read_relations: Vec::new(),
            depth: 0,
        }
    }

    /// The finished statement: parameters determined, folded, context values taken out.
    pub fn finish(mut self, mut statement: Statement) -> Result<Bound> {
        self.check_params()?;
        let mut contexts = Vec::new();
        fold::Folder::new(self.context.fold, self.env, &mut contexts).statement(&mut statement)?;
        let path = self.context.search_path.join(", ");
        self.read_relations.sort_unstable();
        self.read_relations.dedup();
        let fold = if self.context.fold { "on" } else { "off" };
        let read = ReadSet {
            settings: vec![
                (Arc::from("search_path"), Arc::from(path.as_str())),
                (Arc::from("graticule.fold"), Arc::from(fold)),
            ],
            relations: self.read_relations,
            snapshot: self.catalog.snapshot,
        };
        Ok(Bound { statement, params: self.params, contexts, read })
    }

    /// Runs one nesting level deeper, on a grown stack.
    pub fn grown<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Error::new(SqlState::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded")
                .hint("Simplify the statement: its expressions are nested too deeply."));
        }
        self.depth += 1;
        let result = stacker::maybe_grow(256 * 1024, 8 * 1024 * 1024, || f(self));
        self.depth -= 1;
        result
    }

    pub fn new_range(&mut self, relation: Option<Arc<Relation>>, columns: Vec<RangeField>) -> RangeId {
        let depth = self.scopes.len().saturating_sub(1);
        self.ranges.push(RangeInfo { depth, alias: String::new(), relation, columns });
        RangeId(self.ranges.len() as u32 - 1)
    }

    pub fn range(&self, range: RangeId) -> &RangeInfo {
        &self.ranges[range.0 as usize]
    }

    pub fn new_cte(&mut self) -> CteId {
        self.next_cte += 1;
        CteId(self.next_cte - 1)
    }

    /// A reference to a range's column (system columns excluded).
    pub fn column_expr(&self, range: RangeId, column: usize, span: Span) -> Expr {
        let ty = self.range(range).columns[column].ty.clone();
        Expr::new(ExprKind::Column { range, column }, ty, span)
    }

    /// Base column behind an output expression.
    pub fn origin(&self, expr: &Expr) -> (u32, i16) {
        match &expr.kind {
            ExprKind::Column { range, column } => {
                let info = self.range(*range);
                match (info.columns.get(*column), &info.relation) {
                    (Some(field), _) => field.origin,
                    // System columns have negative numbers.
                    (None, Some(relation)) => {
                        let attnums = [-6, -1, -2, -3, -4, -5];
                        (relation.oid, attnums.get(column - info.columns.len()).copied().unwrap_or(0))
                    }
                    (None, None) => (0, 0),
                }
            }
            _ => (0, 0),
        }
    }

    pub fn format_type(&self, ty: PgType) -> String {
        self.catalog.format_type(ty, -1)
    }

    pub fn push_scope(&mut self) {
        self.scopes.push(Scope::default());
    }

    pub fn pop_scope(&mut self) -> Scope {
        self.scopes.pop().unwrap_or_default()
    }

    pub fn scope(&self) -> &Scope {
        self.scopes.last().expect("a scope is pushed before anything is bound")
    }

    pub fn scope_mut(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("a scope is pushed before anything is bound")
    }
}
