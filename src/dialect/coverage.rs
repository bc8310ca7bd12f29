//! How each function of the language is answered on a target: for `graticule check` and `docs/functions.md`.

use super::rules::{Dialect, Evidence, Form, Version};
use super::template::Piece;
use crate::catalog::{Function, FunctionKind, Language};
use crate::kernels;

/// How one function is answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// By the target's function of the same arguments.
    Native(Evidence),
    /// By other SQL there.
    Rewritten(Evidence),
    /// A weaker condition runs there, and the rows are tested again here.
    Superset(Evidence),
    /// Here, over the rows that the target's conditions leave.
    Local,
    /// 0A000.
    Refused,
}

/// How many functions are answered in which way.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Coverage {
    pub native: usize,
    pub rewritten: usize,
    pub superset: usize,
    pub local: usize,
    pub refused: usize,
    /// Of those that run there (or partly): executed equal on the real engine.
    pub exact: usize,
    pub documented: usize,
    pub approximate: usize,
}

impl Dialect {
    /// Whether the function runs there, in which form, and how that is known.
    pub fn answer(&self, function: &Function) -> Answer {
        let rule = self.function(function.oid);
        match rule.map(|rule| (&rule.form, rule)) {
            Some((Form::Native, rule)) => Answer::Native(rule.evidence),
            Some((Form::Template(template), rule)) => {
                let holes =
                    template.pieces().iter().filter(|piece| matches!(piece, Piece::Hole(_) | Piece::All)).count();
                let text = template.pieces().iter().filter_map(|piece| match piece {
                    Piece::Text(text) => Some(text.as_str()),
                    _ => None,
                });
                let text: String = text.collect();
                let calls = text.matches('(').count();
                let plain = (calls <= 1 || template.operator().is_some())
                    && !text.contains("CASE")
                    && holes <= function.args.len().max(1);
                if plain { Answer::Native(rule.evidence) } else { Answer::Rewritten(rule.evidence) }
            }
            Some((_, rule)) if rule.superset.is_some() => Answer::Superset(rule.evidence),
            _ if computed_here(function) => Answer::Local,
            _ => Answer::Refused,
        }
    }

    /// Over the whole language.
    pub fn coverage(&self, language: &Language) -> Coverage {
        let mut coverage = Coverage::default();
        for function in language.all_functions() {
            let answer = self.answer(function);
            let evidence = match answer {
                Answer::Native(evidence) => Some((&mut coverage.native, evidence)),
                Answer::Rewritten(evidence) => Some((&mut coverage.rewritten, evidence)),
                Answer::Superset(evidence) => Some((&mut coverage.superset, evidence)),
                Answer::Local => {
                    coverage.local += 1;
                    None
                }
                Answer::Refused => {
                    coverage.refused += 1;
                    None
                }
            };
            if let Some((count, evidence)) = evidence {
                *count += 1;
                match evidence {
                    Evidence::Approximate => coverage.approximate += 1,
                    Evidence::Documented => coverage.documented += 1,
                    Evidence::Exact => coverage.exact += 1,
                }
            }
        }
        coverage
    }

    /// The least version of the target that a function needs there.
    pub fn min_version(&self, function: &Function) -> Option<&Version> {
        self.function(function.oid)?.min_version.as_ref()
    }
}

/// Is there a kernel, or is it a window function, which the engine has?
fn computed_here(function: &Function) -> bool {
    match function.kind {
        FunctionKind::Window => true,
        FunctionKind::Procedure => false,
        FunctionKind::Function if function.returns_set => kernels::set_returning(&function.symbol).is_some(),
        FunctionKind::Function => kernels::scalar(&function.symbol).is_some(),
        FunctionKind::Aggregate | FunctionKind::Hypothetical | FunctionKind::OrderedSet => {
            kernels::aggregate(&function.symbol).is_some()
        }
    }
}

impl Answer {
    /// As the table writes it.
    pub fn text(self) -> String {
        match self {
            Answer::Native(evidence) => format!("native, {}", evidence.name()),
            Answer::Rewritten(evidence) => format!("rewritten, {}", evidence.name()),
            Answer::Superset(evidence) => format!("superset, {}", evidence.name()),
            Answer::Local => "local".to_owned(),
            Answer::Refused => "refused".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_only_grows() {
        let language = Language::load().unwrap();
        for (name, there) in [("bigquery", 200), ("duckdb", 445), ("postgis", 1790), ("trino", 200)] {
            let coverage = Dialect::by_name(name).unwrap().coverage(&language);
            let said = coverage.native + coverage.rewritten + coverage.superset;
            assert!(said >= there, "{name}: {coverage:?}");
            assert_eq!(said + coverage.local + coverage.refused, language.all_functions().count());
        }
        let duckdb = Dialect::by_name("duckdb").unwrap();
        let answer = |signature: &str| duckdb.answer(language.function(signature).unwrap());
        assert_eq!(answer("int4eq(int4,int4)"), Answer::Native(Evidence::Exact));
        assert_eq!(answer("geometry_overlaps(geometry,geometry)"), Answer::Superset(Evidence::Exact));
        assert_eq!(answer("h3_get_resolution(h3index)"), Answer::Local);
        assert_eq!(answer("quadbin_fromzxy(int4,int4,int4)"), Answer::Rewritten(Evidence::Exact));
        assert_eq!(answer("st_letters(text,json)"), Answer::Refused);
    }
}
