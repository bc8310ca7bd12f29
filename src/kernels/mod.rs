//! Row-wise kernels: PostgreSQL's and PostGIS's functions over [`Datum`]s. No SQL, no DataFusion.
//!
//! One kernel, many callers: folding, context parameters, `Route::Constant`, the engine's UDFs and aggregates, tiles.
//! A kernel is found by its *symbol*: for PostgreSQL's internal functions `pg_proc.prosrc` (`int4pl`, `text_substr`), for all
//! other functions and for aggregates `name(argument types)` with `pg_type.typname`s (`st_area(geometry)`, `sum(int4)`,
//! `age(timestamptz)`). No kernel = the engine cannot run it = 0A000; never a guess.

pub mod cells;
pub mod columns;
pub mod compare;
pub mod core;
pub mod io;
pub mod spatial;

use std::sync::Arc;

use crate::error::Result;
use crate::types::{Datum, PgType};

/// What a kernel may know besides its arguments. Fixed for one execution.
#[derive(Clone)]
pub struct Env {
    pub formats: Arc<Formats>,
    /// `now()`: the transaction's start, microseconds since 2000-01-01 UTC.
    pub transaction_time: i64,
    /// `statement_timestamp()`, same unit.
    pub statement_time: i64,
    /// Functions that read the catalog or the session (`pg_table_is_visible`, `current_user`, `regclassin` ...).
    pub catalog: Arc<dyn CatalogFunctions>,
}

/// The settings that change how values are read and written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Formats {
    /// TimeZone as an IANA name, or a fixed offset as PostgreSQL spells it (`<+02>-02`).
    pub time_zone: String,
    pub date_style: DateStyle,
    pub interval_style: IntervalStyle,
    pub extra_float_digits: i32,
    pub bytea_output: ByteaOutput,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DateStyle {
    pub output: DateOutput,
    pub order: DateOrder,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DateOutput {
    German,
    Iso,
    Postgres,
    Sql,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DateOrder {
    Dmy,
    Mdy,
    Ymd,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IntervalStyle {
    Iso8601,
    Postgres,
    PostgresVerbose,
    SqlStandard,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ByteaOutput {
    Escape,
    Hex,
}

impl Default for Formats {
    fn default() -> Formats {
        Formats {
            time_zone: "UTC".to_owned(),
            date_style: DateStyle { output: DateOutput::Iso, order: DateOrder::Mdy },
            interval_style: IntervalStyle::Postgres,
            extra_float_digits: 1,
            bytea_output: ByteaOutput::Hex,
        }
    }
}

/// The catalog's and the session's side of the function library; `pgcatalog` implements it.
pub trait CatalogFunctions: Send + Sync {
    /// Calls the function of that symbol; `Ok(None)` when it is not one of ours (NULL is `Some(Datum::Null)`).
    fn call(&self, symbol: &str, call: &Call<'_>, args: &[Datum]) -> Result<Option<Datum>>;
    /// Is there a function of that symbol? (Routing asks before anything runs.)
    fn knows(&self, symbol: &str) -> bool;
    /// Text -> oid for reg* types (`'pg_class'::regclass`); errors as PostgreSQL (42P01, 42704, 42883).
    fn reg_in(&self, ty: PgType, text: &str) -> Result<u32>;
    /// oid -> text for reg* types; the number itself when nothing has that oid.
    fn reg_out(&self, ty: PgType, oid: u32) -> String;
}

/// A [`CatalogFunctions`] that knows nothing: for tests and for folding IMMUTABLE calls.
pub struct NoCatalog;

impl CatalogFunctions for NoCatalog {
    fn call(&self, _symbol: &str, _call: &Call<'_>, _args: &[Datum]) -> Result<Option<Datum>> {
        Ok(None)
    }

    fn knows(&self, _symbol: &str) -> bool {
        false
    }

    fn reg_in(&self, ty: PgType, text: &str) -> Result<u32> {
        text.parse().map_err(|_| crate::error::Error::unsupported(format!("{} input here", ty.name())))
    }

    fn reg_out(&self, _ty: PgType, oid: u32) -> String {
        oid.to_string()
    }
}

impl Default for Env {
    fn default() -> Env {
        Env { formats: Arc::default(), transaction_time: 0, statement_time: 0, catalog: Arc::new(NoCatalog) }
    }
}

/// One call site: the bound types around a kernel's arguments.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub env: &'a Env,
    /// Actual argument types after coercion (concrete even where the signature is polymorphic).
    pub args: &'a [PgType],
    /// Concrete result type.
    pub returns: PgType,
}

/// A scalar kernel. Strict functions are not called with NULLs (the caller answers NULL); others see `Datum::Null`.
pub type Scalar = fn(&Call<'_>, &[Datum]) -> Result<Datum>;

/// Rows of a set-returning function, produced lazily; each row has one datum per output column.
pub type Rows = Box<dyn Iterator<Item = Result<Vec<Datum>>> + Send>;

/// A set-returning kernel.
pub type SetReturning = fn(&Call<'_>, &[Datum]) -> Result<Rows>;

/// The state of one group of one aggregate call. DISTINCT, ORDER BY and FILTER are the caller's work.
pub trait Accumulator: Send + std::fmt::Debug {
    /// One input row. Strict aggregates are not called with NULLs.
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()>;
    /// The result over the rows so far (may be called repeatedly: running windows).
    fn finish(&self, call: &Call<'_>) -> Result<Datum>;
    /// Bytes held, for the memory accountant.
    fn size(&self) -> usize {
        std::mem::size_of_val(self)
    }
}

/// Makes the state of an empty group. For ordered-set aggregates (`percentile_cont`) `update` receives the aggregated
/// (sorted) argument, and `direct` the direct arguments.
pub type Aggregate = fn(direct: &[Datum]) -> Result<Box<dyn Accumulator>>;

/// The scalar kernel of a symbol.
pub fn scalar(symbol: &str) -> Option<Scalar> {
    core::scalar(symbol).or_else(|| spatial::scalar(symbol)).or_else(|| cells::scalar(symbol))
}

/// The set-returning kernel of a symbol.
pub fn set_returning(symbol: &str) -> Option<SetReturning> {
    core::set_returning(symbol).or_else(|| spatial::set_returning(symbol)).or_else(|| cells::set_returning(symbol))
}

/// The aggregate of a symbol. Strictness is the signature's.
pub fn aggregate(symbol: &str) -> Option<Aggregate> {
    core::aggregate(symbol).or_else(|| spatial::aggregate(symbol))
}
