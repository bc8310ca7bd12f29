//! [`Language`]: the accepted functions, operators and casts, loaded once from `dialects/signatures/*.toml`.

mod load;
pub(crate) mod rows;

use std::sync::{Arc, OnceLock};

use super::{Cast, Function, Operator};
use crate::error::Result;
use crate::types::{NameMap, OidMap, PgType};

/// Every function, operator and cast of the language, indexed for resolution.
#[derive(Debug, Default)]
pub struct Language {
    functions: NameMap<String, Vec<Arc<Function>>>,
    functions_by_oid: OidMap<u32, Arc<Function>>,
    operators: NameMap<String, Vec<Arc<Operator>>>,
    operators_by_oid: OidMap<u32, Arc<Operator>>,
    casts: OidMap<(PgType, PgType), Arc<Cast>>,
}

impl Language {
    /// The language of the embedded signature files, parsed once per process.
    pub fn load() -> Result<Arc<Language>> {
        static LANGUAGE: OnceLock<Result<Arc<Language>>> = OnceLock::new();
        LANGUAGE.get_or_init(|| load::load(load::FILES).map(Arc::new)).clone()
    }

    /// Overloads of a name in any schema.
    pub fn functions(&self, name: &str) -> &[Arc<Function>] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn function_by_oid(&self, oid: u32) -> Option<&Arc<Function>> {
        self.functions_by_oid.get(&oid)
    }

    /// The function of that signature: `abs(int4)`, `array_append(anycompatiblearray,anycompatible)`, `unnest(anyarray)`.
    pub fn function(&self, signature: &str) -> Option<&Arc<Function>> {
        let name = signature.split('(').next()?;
        self.functions(name).iter().find(|function| function.signature() == signature)
    }

    pub fn all_functions(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.functions_by_oid.values()
    }

    /// Operators of that name, prefix ones (left INVALID) included.
    pub fn operators(&self, name: &str) -> &[Arc<Operator>] {
        self.operators.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn operator_by_oid(&self, oid: u32) -> Option<&Arc<Operator>> {
        self.operators_by_oid.get(&oid)
    }

    pub fn all_operators(&self) -> impl Iterator<Item = &Arc<Operator>> {
        self.operators_by_oid.values()
    }

    pub fn cast(&self, source: PgType, target: PgType) -> Option<&Arc<Cast>> {
        self.casts.get(&(source, target))
    }

    pub fn all_casts(&self) -> impl Iterator<Item = &Arc<Cast>> {
        self.casts.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{CastContext, CastKind, FunctionKind, Volatility};

    #[test]
    fn the_language_only_grows() {
        let language = Language::load().unwrap();
        for (count, floor) in [
            (language.all_functions().count(), 2130),
            (language.all_operators().count(), 529),
            (language.all_casts().count(), 187),
        ] {
            assert!(count >= floor, "{count} < {floor}");
        }
    }

    #[test]
    fn functions_are_pg_proc_s() {
        let language = Language::load().unwrap();
        let abs = language.function("abs(int4)").unwrap();
        assert_eq!((abs.oid, abs.symbol.as_str(), abs.schema), (1397, "int4abs", "pg_catalog"));
        assert_eq!((abs.strict, abs.leakproof, abs.volatility), (true, false, Volatility::Immutable));

        let dump = language.function("st_dump(geometry)").unwrap();
        assert!(dump.returns_set && dump.schema == "public" && dump.symbol == "st_dump(geometry)");
        assert_eq!(dump.columns, [("path".to_owned(), PgType::INT4_ARRAY), ("geom".to_owned(), PgType::GEOMETRY)]);

        let json = language.function("st_asgeojson(geometry,int4,int4)").unwrap();
        assert_eq!(json.args[1].name.as_deref(), Some("maxdecimaldigits"));
        assert_eq!(json.args[1].default.as_deref(), Some("9"));

        let build = language.function("json_build_object(any)").unwrap();
        assert!(build.variadic);

        let percentile = language.function("percentile_cont(float8,float8)").unwrap();
        assert_eq!((percentile.kind, percentile.direct_args), (FunctionKind::OrderedSet, 1));
        assert_eq!(language.function("row_number()").unwrap().kind, FunctionKind::Window);
        assert_eq!(language.function("_pg_expandarray(anyarray)").unwrap().schema, "information_schema");
    }

    #[test]
    fn operators_and_casts_are_the_oracle_s() {
        let language = Language::load().unwrap();
        let overlaps =
            language.operators("&&").iter().find(|op| op.left == PgType::GEOMETRY && op.right == PgType::GEOMETRY);
        assert_eq!(overlaps.unwrap().function.name, "geometry_overlaps");
        assert_eq!(overlaps.unwrap().schema, "public");
        let minus = language.operators("-").iter().find(|op| op.left == PgType::INVALID && op.right == PgType::INT4);
        assert_eq!(minus.unwrap().function.symbol, "int4um");

        let widen = language.cast(PgType::INT4, PgType::INT8).unwrap();
        assert_eq!(widen.context, CastContext::Implicit);
        assert!(matches!(&widen.kind, CastKind::Function(function) if function.name == "int8"));
        let geography = language.cast(PgType::GEOMETRY, PgType::GEOGRAPHY).unwrap();
        assert_eq!(geography.context, CastContext::Implicit);
        assert!(matches!(language.cast(PgType::VARCHAR, PgType::TEXT).unwrap().kind, CastKind::Binary));
    }

    #[test]
    fn a_bad_row_is_named() {
        for (row, expected) in [
            (
                r#"{ name = "f", args = "", returns = "int4", volatility = "stable", strict = true, oid = 1, x = 1 },"#,
                "pg-x.toml:2: unknown key `x`",
            ),
            (
                r#"{ name = "f", args = "a int5", returns = "int4", volatility = "stable", strict = true, oid = 1 },"#,
                "pg-x.toml:2: unknown type `int5`",
            ),
            (
                r#"{ name = "f", args = "", returns = "int4", volatility = "often", strict = true, oid = 1 },"#,
                "pg-x.toml:2: unknown volatility `often`",
            ),
        ] {
            let text = format!("functions = [\n{row}\n]\n");
            let error = load::load(&[("pg-x.toml", &text)]).unwrap_err();
            assert_eq!(error.message(), format!("internal error: {expected}"));
        }
        let row = r#"{ name = "f", args = "int4", returns = "int4", volatility = "stable", strict = true, oid = 1 },"#;
        let twice = format!("functions = [\n{row}\n{}\n]\n", row.replace("oid = 1", "oid = 2"));
        assert_eq!(
            load::load(&[("pg-x.toml", &twice)]).unwrap_err().message(),
            "internal error: pg-x.toml:3: function pg_catalog.f(int4) stands twice"
        );
    }

    #[test]
    fn data_files_are_toml() {
        for (file, text) in load::FILES {
            rows::tests::same_as_toml(file, text);
        }
    }
}
