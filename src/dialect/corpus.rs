//! What `graticule.verify` asks of a server: calls of the functions that its dialect translates, over constants alone.

use crate::catalog::{Function, FunctionKind, Language, Volatility};
use crate::types::PgType;

use super::rules::{Dialect, Evidence, Form, FunctionRule, Guard};

/// The calls that try one row of a dialect.
#[derive(Debug)]
pub struct Probe {
    /// `name(argument types)`.
    pub signature: String,
    pub evidence: Evidence,
    /// Calls as PostgreSQL writes them.
    pub calls: Vec<String>,
}

/// How many calls try a function.
const CALLS: usize = 8;

impl Dialect {
    /// The probes of every scalar function that the dialect says, by signature.
    pub fn corpus(&self, language: &Language) -> Vec<Probe> {
        let mut probes: Vec<Probe> = language
            .all_functions()
            .filter_map(|function| {
                let rule = self.function(function.oid)?;
                let said = matches!(rule.form, Form::Native | Form::Template(_));
                let plain = function.kind == FunctionKind::Function
                    && !function.returns_set
                    && !function.variadic
                    && function.volatility == Volatility::Immutable
                    && !function.name.starts_with('_');
                let calls = if said && plain { calls(function, rule)? } else { return None };
                Some(Probe { signature: function.signature(), evidence: rule.evidence, calls })
            })
            .collect();
        probes.sort_by(|a, b| a.signature.cmp(&b.signature));
        probes
    }
}

/// `None` where there is no constant for an argument.
fn calls(function: &Function, rule: &FunctionRule) -> Option<Vec<String>> {
    let values: Vec<Vec<String>> =
        (0..function.args.len()).map(|at| constants(function, rule, at)).collect::<Option<_>>()?;
    let most = values.iter().map(Vec::len).product::<usize>().min(CALLS);
    let mut calls = Vec::new();
    for n in 0..values.iter().map(Vec::len).max().unwrap_or(1).max(most) {
        // Arguments advance at different paces, so that they meet in different pairs.
        let args: Vec<&str> = values
            .iter()
            .enumerate()
            .map(|(at, values)| values[(n * (at + 1) + n / values.len() * at) % values.len()].as_str())
            .collect();
        let schema = if function.schema == "public" { String::new() } else { format!("{}.", function.schema) };
        let call = format!("{schema}\"{}\"({})", function.name, args.join(", "));
        if !calls.contains(&call) && calls.len() < CALLS {
            calls.push(call);
        }
    }
    Some(calls)
}

fn constants(function: &Function, rule: &FunctionRule, at: usize) -> Option<Vec<String>> {
    let ty = function.args.get(at)?.ty;
    for guard in &rule.guards {
        match guard {
            Guard::OneOf(argument, values) if *argument == at => {
                return Some(values.iter().map(|value| format!("'{}'::text", value.replace('\'', "''"))).collect());
            }
            Guard::Pattern(argument) if *argument == at => {
                return Some(["a%", "%c", "_", "%"].map(|pattern| format!("'{pattern}'::text")).to_vec());
            }
            Guard::Srid(argument) if *argument == at => return Some(vec!["4326".to_owned()]),
            Guard::Literal(argument) | Guard::Positive(argument) if *argument == at => {
                return match ty {
                    PgType::INT4 => Some(vec!["2".to_owned(), "1".to_owned()]),
                    PgType::FLOAT8 => Some(vec!["0.5::float8".to_owned(), "2.0::float8".to_owned()]),
                    PgType::TEXT => Some(vec!["','::text".to_owned()]),
                    _ => None,
                };
            }
            _ => {}
        }
    }
    let kind = rule.guards.iter().find_map(|guard| match guard {
        Guard::Kind(kind) => Some(*kind),
        Guard::NoCollection | Guard::Single => Some(3),
        _ => None,
    });
    let texts: &[&str] = match (ty, kind) {
        (PgType::BOOL, _) => &["true", "false"],
        (PgType::INT2, _) => &["3", "-7", "0", "32767"],
        (PgType::INT4, _) => &["3", "-7", "0", "46341", "2147483647"],
        (PgType::INT8, _) => &["3", "-7", "0", "3037000500", "9223372036854775807"],
        (PgType::FLOAT4, _) => &["0.5", "-2.5", "0", "1e20", "NaN"],
        (PgType::FLOAT8, _) => &["0.5", "-2.5", "0", "1e15", "NaN", "-0"],
        (PgType::NUMERIC, _) => &["2.50", "-2.50", "0.00", "12345.67"],
        (PgType::TEXT | PgType::VARCHAR, _) => &["abc", "", "aXb", "  é ", "ABC", "12"],
        (PgType::BYTEA, _) => &["\\x", "\\x616263", "\\x00ff"],
        (PgType::DATE, _) => &["2020-02-29", "1999-12-31", "2021-01-03"],
        (PgType::TIMESTAMP, _) => &["2020-02-29 23:59:59.999999", "2000-01-01 12:34:56.7", "2021-01-03 00:00:00"],
        (PgType::TIMESTAMPTZ, _) => &["2020-02-29 23:59:59.999999+00", "2000-01-01 12:34:56.7+00"],
        (PgType::UUID, _) => &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"],
        (PgType::GEOMETRY, Some(1)) => {
            &["SRID=4326;POINT(1 2)", "SRID=4326;POINT(0 0)", "SRID=4326;POINT(-74.006 40.7128)"]
        }
        (PgType::GEOMETRY, Some(2)) => &["SRID=4326;LINESTRING(0 0,3 4,3 8)", "SRID=4326;LINESTRING(0 0,1 0,1 1,0 0)"],
        (PgType::GEOMETRY, _) => &[
            "SRID=4326;POLYGON((0 0,4 0,4 4,0 4,0 0))",
            "SRID=4326;POLYGON((2 2,6 2,6 6,2 6,2 2))",
            "SRID=4326;POINT(1 2)",
            "SRID=4326;LINESTRING(-1 2,5 2)",
            "SRID=4326;POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,4 2,4 4,2 4,2 2))",
            "SRID=4326;MULTIPOINT((0 0),(1 1),(2 2))",
            "SRID=4326;POLYGON EMPTY",
        ],
        (PgType::GEOGRAPHY, _) => &["SRID=4326;POINT(-3.7038 40.4168)", "SRID=4326;POINT(2.35 48.85)"],
        (PgType::H3INDEX, _) => &["8928308280fffff", "81743ffffffffff"],
        _ => return None,
    };
    // A function of the grids takes their ids.
    let texts: &[&str] = match function.name.split('_').next() {
        Some("quadbin") if ty == PgType::INT8 => &["5207251884775047167", "5192650370358181887", "7"],
        Some("s2") if ty == PgType::INT8 => &["955378847514099712", "1152921504606846976"],
        _ => texts,
    };
    Some(texts.iter().map(|text| format!("'{text}'::{}", ty.name())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_functions_of_a_dialect_are_tried() {
        let language = Language::load().unwrap();
        for (name, least) in [("duckdb", 300), ("postgis", 700)] {
            let corpus = Dialect::by_name(name).unwrap().corpus(&language);
            assert!(corpus.len() >= least, "{name}: {}", corpus.len());
            assert!(corpus.iter().all(|probe| (1..=CALLS).contains(&probe.calls.len())));
            let parsed =
                corpus.iter().flat_map(|probe| &probe.calls).map(|call| crate::sql::parse(&format!("SELECT {call}")));
            parsed.for_each(|statement| assert!(statement.is_ok()));
        }
    }
}
