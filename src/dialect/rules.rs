//! [`Dialect`]: what a target can say, from `dialects/<target>/*.toml`. No row = the target does not have it.

use std::collections::{HashMap, HashSet};

use super::quote::Quoting;
use super::template::{Grammar, Part, Template};
use crate::error::SqlState;
use crate::types::{OidMap, PgType};

/// A target dialect.
#[derive(Debug)]
pub struct Dialect {
    pub name: &'static str,
    pub text: TextRules,
    pub(super) functions: OidMap<u32, FunctionRule>,
    pub(super) types: OidMap<PgType, TypeRule>,
    pub(super) casts: OidMap<(PgType, PgType), FunctionRule>,
    pub(super) syntax: HashMap<Construct, SyntaxRule>,
    pub(super) driver: DriverRules,
}

/// What a connection through a driver library needs to know of the target (`driver` of `dialect.toml`).
#[derive(Clone, Debug, Default)]
pub struct DriverRules {
    /// Run on each connection: what values and comparisons mean must not depend on a server's or a user's settings.
    pub session: Vec<String>,
    /// The detail of a driver's error that is the engine's own message, without the driver's words around it.
    pub message: Option<String>,
    /// SQLSTATEs of errors that come without one, by the first words of the engine's message.
    pub states: Vec<(String, SqlState)>,
    /// PostgreSQL's types whose values come whole in Arrow's own; of others the text is asked for.
    pub(super) arrow: HashSet<PgType>,
    /// How the text of a value is asked for, where a cast says another than the type's output.
    pub(super) texts: HashMap<PgType, Template>,
}

/// The closed set of text flags (`text` of `dialect.toml`).
#[derive(Clone, Copy, Debug)]
pub struct TextRules {
    /// `sqlparser`'s nearest grammar.
    pub grammar: Grammar,
    pub quoting: Quoting,
    /// PostgreSQL itself: schema-qualified functions, `::`, typed literals, positions in ORDER BY.
    pub postgresql: bool,
    pub collation: Collations,
    pub fence: Fences,
    /// Names of tables stand without AS, and cannot name columns.
    pub bare_alias: bool,
    pub limit: LimitOrder,
    pub parameters: Parameters,
    pub srid: SridCarrier,
    /// A derived table or CTE has no list of column names: its select list names them.
    pub unlisted: bool,
    /// `UNION DISTINCT` where PostgreSQL says `UNION`.
    pub distinct_sets: bool,
    /// The names of a result are letters, digits and `_`, each once in any case.
    pub plain_results: bool,
    /// A schema's name may hold a database's before its last point.
    pub dotted: bool,
    /// An outer join's condition holds an equality of columns.
    pub equal_joins: bool,
    /// `ARRAY(t)` where PostgreSQL says `t[]`.
    pub called_arrays: bool,
}

/// How text is compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Collations {
    /// By bytes or code points, which is PostgreSQL's C over UTF-8; there is nothing to print.
    Binary,
    /// A collation is printed where it matters.
    Named,
}

/// What keeps a query's own conditions above a policy's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fences {
    /// Nothing is known to: relations with a row policy are refused.
    None,
    /// `OFFSET 0` in the derived table.
    Offset,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LimitOrder {
    /// `OFFSET n ROWS FETCH NEXT m ROWS ONLY`.
    Fetch,
    LimitOffset,
    /// As `LimitOffset`; there is no OFFSET without a LIMIT.
    LimitRequired,
    OffsetLimit,
}

/// How bind parameters are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Parameters {
    /// `$1`; one number may stand in several places.
    Dollar,
    /// There are none.
    None,
    /// `?`, one value for each place.
    Question,
}

/// Where the target keeps the SRID of a geometry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SridCarrier {
    /// In the column's type: a column without one is SRID 0 throughout.
    Type,
    /// In each value.
    Value,
}

/// How a function of the language is said.
#[derive(Clone, Debug)]
pub struct FunctionRule {
    pub form: Form,
    pub evidence: Evidence,
    /// Why a translation is only approximate.
    pub why: Option<String>,
    /// The oldest version of the target that has it.
    pub min_version: Option<Version>,
    pub guards: Vec<Guard>,
    /// TRUE wherever the function is TRUE or raises: may be pushed before a local recheck.
    pub superset: Option<Template>,
    /// The guards of `superset` and `subset`.
    pub weaker_guards: Vec<Guard>,
    /// TRUE only where the function is TRUE: what is pushed for it under NOT.
    pub subset: Option<Template>,
    /// The row that is tried where the guards of this one do not hold.
    pub otherwise: Option<Box<FunctionRule>>,
}

impl FunctionRule {
    /// The row that stands after so many others of its function.
    #[cfg(test)]
    pub(super) fn nth(&self, number: usize) -> &FunctionRule {
        match (number, &self.otherwise) {
            (1.., Some(otherwise)) => otherwise.nth(number - 1),
            _ => self,
        }
    }

    /// Puts a row behind those of its function.
    pub(super) fn push(&mut self, rule: FunctionRule) {
        match &mut self.otherwise {
            Some(otherwise) => otherwise.push(rule),
            None => self.otherwise = Some(Box::new(rule)),
        }
    }
}

/// A function's form in the target.
#[derive(Clone, Debug)]
pub enum Form {
    /// Evaluated by Graticule only: the target's own would answer about another catalog or session, or differently.
    Local(String),
    /// The same name and arguments.
    Native,
    Refuse(String),
    Template(Template),
}

/// A condition of a row: one that cannot be shown when printing refuses, one about EMPTY is printed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Guard {
    /// FALSE when a spatial argument is EMPTY.
    EmptyFalse,
    /// NULL when a spatial argument is EMPTY.
    EmptyNull,
    /// TRUE when a spatial argument is EMPTY.
    EmptyTrue,
    /// That argument is a constant number from 0 to 1.
    Fraction(usize),
    /// That argument is a constant, not NULL.
    Literal(usize),
    /// Every spatial argument is of this kind (as in typmods), by its type.
    Kind(u8),
    /// Constants among the spatial arguments are far from the poles and span no half of the globe: a sphere takes them as they are meant.
    Narrow,
    /// No spatial argument can be a collection.
    NoCollection,
    /// That argument is a constant number above zero.
    Positive(usize),
    /// That argument is one of these constants.
    OneOf(usize, Vec<String>),
    /// The aggregate says its order.
    Ordered,
    /// That argument is a constant interval that has these parts alone.
    Parts(usize, Vec<Part>),
    /// That argument is a constant text without a backslash or an underscore.
    Plain(usize),
    /// That argument is a constant pattern of LIKE that is well-formed.
    Pattern(usize),
    /// All spatial arguments have one SRID, known when printing.
    SameSrid,
    /// Every spatial argument is declared a point, line or polygon: one part.
    Single,
    /// That argument is a constant SRID, which the target keeps in the type: it need not be printed.
    Srid(usize),
    /// Every argument is text.
    Text,
    /// No spatial argument has Z or M.
    TwoDimensions,
}

/// What is known of the equality of a row.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    Approximate,
    /// The target's documentation says the same. The least that is used unless the session asks for another.
    #[default]
    Documented,
    /// Executed equal on the real engine.
    Exact,
}

/// A version of a target: numbers between dots.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Version(pub Vec<u32>);

/// How a type is said.
#[derive(Clone, Debug)]
pub enum TypeRule {
    Named(Box<NamedType>),
    Native,
    Refuse(String),
}

/// A type of a foreign target.
#[derive(Clone, Debug)]
pub struct NamedType {
    /// As a cast names it; `:precision` and `:scale` stand for numeric's.
    pub name: String,
    /// How a value is written; `None`: its PostgreSQL text, cast.
    pub literal: Option<Template>,
    /// How a bind parameter is taken; `None`: cast.
    pub parameter: Option<Template>,
    /// What the outermost select list asks for; `None`: the value itself.
    pub fetch: Option<Template>,
    pub carrier: CarrierRule,
    /// Is a geometry EMPTY?
    pub empty: Option<Template>,
    /// A struct of a geometry's bounds `xmin`, `ymin`, `xmax`, `ymax`: what the holes `:xmin1` ... ask.
    pub bounds: Option<Template>,
    /// The target keeps another geometry than a constant says (rings turned, Z dropped): only flat points stand outside of weaker conditions.
    pub turned: bool,
    /// It keeps no constant to the last bit, not even a point: none stands outside of weaker conditions.
    pub rounded: bool,
    /// GROUP BY, DISTINCT and set operations agree with PostgreSQL's.
    pub groups: bool,
    /// ORDER BY agrees with PostgreSQL's.
    pub orders: bool,
}

/// How values of a type come back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CarrierRule {
    Ewkb,
    Native,
    Text,
    Wkb,
}

/// How a construct is said.
#[derive(Clone, Debug)]
pub enum SyntaxRule {
    Native,
    Refuse(String),
    Rule(Rewrite),
}

/// The closed set of ways round a construct that a target lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rewrite {
    /// By CASE.
    Case,
    /// By COALESCE.
    Coalesce,
    /// EXISTS with equalities of columns alone.
    Exists,
    /// By a key of its own for NULLs.
    NullKey,
    /// By element_at() where the subscript is above zero.
    ElementAt,
    /// By a test that the subscript is above zero.
    Positive,
    /// By rank() in a derived table.
    Rank,
    /// By row_number() in a derived table.
    RowNumber,
    /// By UNION ALL.
    Union,
    /// In WHERE alone.
    Where,
}

impl Rewrite {
    pub fn by_name(name: &str) -> Option<Rewrite> {
        Some(match name {
            "case" => Rewrite::Case,
            "coalesce" => Rewrite::Coalesce,
            "element_at" => Rewrite::ElementAt,
            "exists" => Rewrite::Exists,
            "null-key" => Rewrite::NullKey,
            "positive" => Rewrite::Positive,
            "rank" => Rewrite::Rank,
            "row_number" => Rewrite::RowNumber,
            "union" => Rewrite::Union,
            "where" => Rewrite::Where,
            _ => return None,
        })
    }
}

macro_rules! constructs {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The closed set of constructs that a dialect declares in `dialect.toml`.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Construct { $($variant),* }

        impl Construct {
            pub const ALL: &'static [Construct] = &[$(Construct::$variant),*];

            pub fn name(self) -> &'static str {
                match self { $(Construct::$variant => $name),* }
            }
        }
    };
}

constructs! {
    AggregateFilter = "aggregate FILTER",
    AggregateOrder = "aggregate ORDER BY",
    Array = "arrays",
    BooleanTest = "IS TRUE, IS FALSE, IS UNKNOWN",
    Correlated = "correlated sub-queries",
    Cte = "WITH",
    DataModifyingCte = "data-modifying WITH",
    Delete = "DELETE",
    DistinctOn = "DISTINCT ON",
    ExceptAll = "EXCEPT ALL and INTERSECT ALL",
    FrameExclusion = "frame exclusion",
    FrameGroups = "GROUPS frames",
    FrameRange = "RANGE frames with offsets",
    FullJoin = "FULL JOIN",
    FunctionInFrom = "functions in FROM",
    Greatest = "GREATEST and LEAST",
    GroupingSets = "GROUPING SETS",
    Insert = "INSERT",
    IsDistinct = "IS DISTINCT FROM",
    Lateral = "LATERAL",
    Locking = "FOR UPDATE",
    OnConflict = "ON CONFLICT",
    Only = "ONLY",
    Quantified = "comparisons with ANY or ALL",
    QuantifiedOrder = "comparisons with ANY or ALL other than IN",
    Recursive = "WITH RECURSIVE",
    Returning = "RETURNING",
    Rows = "row values",
    Subscript = "subscripts",
    SystemColumns = "system columns",
    Update = "UPDATE",
    Values = "VALUES",
    WholeRow = "whole-row references",
    Window = "window functions",
    WithTies = "WITH TIES",
}

impl Construct {
    /// The rewrites that a dialect may name for it.
    pub(super) fn rewrites(self) -> &'static [Rewrite] {
        match self {
            Construct::AggregateFilter | Construct::IsDistinct | Construct::Quantified => &[Rewrite::Case],
            Construct::AggregateOrder => &[Rewrite::NullKey],
            Construct::BooleanTest | Construct::Greatest => &[Rewrite::Coalesce],
            Construct::Correlated => &[Rewrite::Exists, Rewrite::Where],
            Construct::DistinctOn => &[Rewrite::RowNumber],
            Construct::Subscript => &[Rewrite::ElementAt, Rewrite::Positive],
            Construct::Values => &[Rewrite::Union],
            Construct::WithTies => &[Rewrite::Rank],
            _ => &[],
        }
    }
}

impl Evidence {
    pub fn by_name(name: &str) -> Option<Evidence> {
        Some(match name {
            "approximate" => Evidence::Approximate,
            "documented" => Evidence::Documented,
            "exact" => Evidence::Exact,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Evidence::Approximate => "approximate",
            Evidence::Documented => "documented",
            Evidence::Exact => "exact",
        }
    }
}

impl Version {
    /// The leading numbers of `483`, `v1.5.5` or `1.5.5-r1`.
    pub fn parse(text: &str) -> Option<Version> {
        let text = text.trim().trim_start_matches('v');
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let numbers: Option<Vec<u32>> = text[..end].trim_end_matches('.').split('.').map(|n| n.parse().ok()).collect();
        numbers.map(Version)
    }
}

impl Dialect {
    pub fn function(&self, oid: u32) -> Option<&FunctionRule> {
        self.functions.get(&oid)
    }

    /// The rule of a cast that is no function of the language.
    pub fn cast(&self, source: PgType, target: PgType) -> Option<&FunctionRule> {
        self.casts.get(&(source, target))
    }

    /// The rule of a base type; arrays follow their element.
    pub fn ty(&self, ty: PgType) -> Option<&TypeRule> {
        self.types.get(&ty.array_element().unwrap_or(ty))
    }

    /// The rule of a foreign target's type.
    pub fn named(&self, ty: PgType) -> Option<&NamedType> {
        match self.ty(ty) {
            Some(TypeRule::Named(named)) => Some(named),
            _ => None,
        }
    }

    /// Has the target the type, under its own name or another?
    pub fn has_type(&self, ty: PgType) -> bool {
        matches!(self.ty(ty), Some(TypeRule::Named(_) | TypeRule::Native))
    }

    /// Do values of a PostgreSQL's type come whole in Arrow's own?
    pub(super) fn comes_in_arrow(&self, ty: PgType) -> bool {
        self.driver.arrow.contains(&ty)
    }

    /// What connections through a driver library need.
    pub fn driver(&self) -> &DriverRules {
        &self.driver
    }

    pub fn syntax(&self, construct: Construct) -> Option<&SyntaxRule> {
        self.syntax.get(&construct)
    }
}
