//! Polymorphic argument types (`check_generic_type_consistency`, `enforce_generic_type_consistency`).

use crate::catalog::CastContext;
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::context::Binder;

/// (range, element) pairs of the built-in ranges, and (multirange, range).
const RANGES: [(PgType, PgType, PgType); 6] = [
    (PgType::INT4RANGE, PgType::INT4, PgType::INT4MULTIRANGE),
    (PgType::INT8RANGE, PgType::INT8, PgType::INT8MULTIRANGE),
    (PgType::NUMRANGE, PgType::NUMERIC, PgType::NUMMULTIRANGE),
    (PgType::TSRANGE, PgType::TIMESTAMP, PgType::TSMULTIRANGE),
    (PgType::TSTZRANGE, PgType::TIMESTAMPTZ, PgType::TSTZMULTIRANGE),
    (PgType::DATERANGE, PgType::DATE, PgType::DATEMULTIRANGE),
];

fn range_element(range: PgType) -> Option<PgType> {
    RANGES.iter().find(|(ty, _, _)| *ty == range).map(|(_, element, _)| *element)
}

fn multirange_range(multirange: PgType) -> Option<PgType> {
    RANGES.iter().find(|(_, _, ty)| *ty == multirange).map(|(range, _, _)| *range)
}

fn range_multirange(range: PgType) -> Option<PgType> {
    RANGES.iter().find(|(ty, _, _)| *ty == range).map(|(_, _, multirange)| *multirange)
}

fn range_over(element: PgType) -> Option<PgType> {
    RANGES.iter().find(|(_, ty, _)| *ty == element).map(|(range, _, _)| *range)
}

/// What the polymorphic arguments of a call stand for.
#[derive(Default)]
struct Solved {
    element: Option<PgType>,
    array: Option<PgType>,
    range: Option<PgType>,
    multirange: Option<PgType>,
    compatible: Option<PgType>,
}

fn mismatch(message: String) -> Error {
    Error::new(SqlState::DATATYPE_MISMATCH, message)
}

impl Binder<'_> {
    /// Could these actual types go with the declared polymorphic ones?
    pub fn generics_consistent(&self, actual: &[PgType], declared: &[PgType]) -> bool {
        self.solve(actual, declared).is_ok()
    }

    /// The concrete argument types and result type of a call; declared types without polymorphism come back unchanged.
    pub fn enforce_generics(
        &self,
        actual: &[PgType],
        declared: &[PgType],
        returns: PgType,
    ) -> Result<(Vec<PgType>, PgType)> {
        if !declared.iter().any(|ty| ty.is_polymorphic()) {
            if returns.is_polymorphic() {
                return Ok((declared.to_vec(), returns));
            }
            return Ok((declared.to_vec(), returns));
        }
        let mut solved = self.solve(actual, declared)?;
        let uses = |set: &[PgType]| declared.iter().any(|ty| set.contains(ty));
        let elements = [
            PgType::ANYELEMENT,
            PgType::ANYARRAY,
            PgType::ANYNONARRAY,
            PgType::ANYENUM,
            PgType::ANYRANGE,
            PgType::ANYMULTIRANGE,
        ];
        if uses(&elements) && solved.element.is_none() {
            if uses(&[PgType::ANYARRAY]) && solved.array == Some(PgType::ANYARRAY) && returns != PgType::ANYELEMENT {
                // pg_statistic's anyarray columns: the element stays unknown.
                solved.element = Some(PgType::INVALID);
            } else {
                return Err(mismatch("could not determine polymorphic type because input has type unknown".to_owned()));
            }
        }
        let compatibles = [
            PgType::ANYCOMPATIBLE,
            PgType::ANYCOMPATIBLEARRAY,
            PgType::ANYCOMPATIBLENONARRAY,
            PgType::ANYCOMPATIBLERANGE,
            PgType::ANYCOMPATIBLEMULTIRANGE,
        ];
        if uses(&compatibles) && solved.compatible.is_none() {
            // All unknown: resolved as text, like UNION.
            solved.compatible = Some(PgType::TEXT);
        }
        let mut types = Vec::with_capacity(declared.len());
        for (position, ty) in declared.iter().enumerate() {
            types.push(match self.concrete(*ty, &solved)? {
                // An element of an unknown-shaped array keeps what it is.
                PgType::INVALID => actual.get(position).copied().unwrap_or(PgType::ANYARRAY),
                ty => ty,
            });
        }
        let returns = self.concrete(returns, &solved)?;
        Ok((types, if returns == PgType::INVALID { PgType::ANYARRAY } else { returns }))
    }

    fn concrete(&self, ty: PgType, solved: &Solved) -> Result<PgType> {
        let array = |element: PgType| {
            self.array_of(element).ok_or_else(|| {
                Error::new(
                    SqlState::UNDEFINED_OBJECT,
                    format!("could not find array type for data type {}", self.format_type(element)),
                )
            })
        };
        let no_range = |name: &str| {
            mismatch(format!("could not determine polymorphic type {name} because input has type unknown"))
        };
        Ok(match ty {
            PgType::ANYELEMENT | PgType::ANYNONARRAY | PgType::ANYENUM => solved.element.unwrap_or(PgType::INVALID),
            PgType::ANYARRAY => match (solved.array, solved.element) {
                (Some(found), _) => found,
                (None, Some(element)) => array(element)?,
                (None, None) => PgType::INVALID,
            },
            PgType::ANYRANGE => solved.range.ok_or_else(|| no_range("anyrange"))?,
            PgType::ANYMULTIRANGE => match (solved.multirange, solved.range) {
                (Some(multirange), _) => multirange,
                (None, Some(range)) => range_multirange(range).ok_or_else(|| no_range("anymultirange"))?,
                (None, None) => return Err(no_range("anymultirange")),
            },
            PgType::ANYCOMPATIBLE | PgType::ANYCOMPATIBLENONARRAY => solved.compatible.unwrap_or(PgType::TEXT),
            PgType::ANYCOMPATIBLEARRAY => array(solved.compatible.unwrap_or(PgType::TEXT))?,
            PgType::ANYCOMPATIBLERANGE | PgType::ANYCOMPATIBLEMULTIRANGE => {
                let element = solved.compatible.unwrap_or(PgType::TEXT);
                let range = range_over(element).ok_or_else(|| no_range("anycompatiblerange"))?;
                if ty == PgType::ANYCOMPATIBLERANGE {
                    range
                } else {
                    range_multirange(range).ok_or_else(|| no_range("anycompatiblemultirange"))?
                }
            }
            other => other,
        })
    }

    fn solve(&self, actual: &[PgType], declared: &[PgType]) -> Result<Solved> {
        let mut solved = Solved::default();
        let (mut non_array, mut wants_enum, mut compatible_non_array) = (false, false, false);
        let mut compatible: Vec<(PgType, crate::bound::Span)> = Vec::new();
        for (declared, actual) in declared.iter().zip(actual) {
            let known = *actual != PgType::UNKNOWN;
            match *declared {
                PgType::ANYELEMENT | PgType::ANYNONARRAY | PgType::ANYENUM => {
                    non_array |= *declared == PgType::ANYNONARRAY;
                    wants_enum |= *declared == PgType::ANYENUM;
                    if known {
                        self.same(&mut solved.element, *actual, "anyelement", "alike")?;
                    }
                }
                PgType::ANYARRAY if known => {
                    let base = self.base_type(*actual).0;
                    self.same(&mut solved.array, base, "anyarray", "alike")?;
                }
                PgType::ANYRANGE if known => {
                    let base = self.base_type(*actual).0;
                    self.same(&mut solved.range, base, "anyrange", "alike")?;
                }
                PgType::ANYMULTIRANGE if known => {
                    let base = self.base_type(*actual).0;
                    self.same(&mut solved.multirange, base, "anymultirange", "alike")?;
                }
                PgType::ANYCOMPATIBLE | PgType::ANYCOMPATIBLENONARRAY => {
                    compatible_non_array |= *declared == PgType::ANYCOMPATIBLENONARRAY;
                    if known {
                        compatible.push((*actual, crate::bound::Span::default()));
                    }
                }
                PgType::ANYCOMPATIBLEARRAY if known => {
                    let base = self.base_type(*actual).0;
                    let Some(element) = self.element_of(base) else {
                        return Err(self.not_a("anycompatiblearray", "an array", base));
                    };
                    compatible.push((element, crate::bound::Span::default()));
                }
                PgType::ANYCOMPATIBLERANGE if known => {
                    let base = self.base_type(*actual).0;
                    let Some(element) = range_element(base) else {
                        return Err(self.not_a("anycompatiblerange", "a range type", base));
                    };
                    compatible.push((element, crate::bound::Span::default()));
                }
                _ => {}
            }
        }
        if let Some(array) = solved.array
            && array != PgType::ANYARRAY
        {
            let Some(element) = self.element_of(array) else {
                return Err(self.not_a("anyarray", "an array", array));
            };
            match solved.element {
                None => solved.element = Some(element),
                Some(known) if known != element => {
                    return Err(self.inconsistent("anyarray", "anyelement", array, known));
                }
                Some(_) => {}
            }
        }
        if solved.range.is_none()
            && let Some(multirange) = solved.multirange
        {
            solved.range = multirange_range(multirange);
            if solved.range.is_none() {
                return Err(self.not_a("anymultirange", "a multirange type", multirange));
            }
        }
        if let Some(range) = solved.range {
            let Some(element) = range_element(range) else { return Err(self.not_a("anyrange", "a range type", range)) };
            match solved.element {
                None => solved.element = Some(element),
                Some(known) if known != element => {
                    return Err(self.inconsistent("anyrange", "anyelement", range, known));
                }
                Some(_) => {}
            }
        }
        if let Some(element) = solved.element {
            if non_array && self.element_of(self.base_type(element).0).is_some() {
                let ty = self.format_type(element);
                return Err(mismatch(format!("type matched to anynonarray is an array type: {ty}")));
            }
            if wants_enum && !self.is_enum(element) {
                let ty = self.format_type(element);
                return Err(mismatch(format!("type matched to anyenum is not an enum type: {ty}")));
            }
        }
        if !compatible.is_empty() {
            let common = self.common_type_of(&compatible, None)?;
            if common == PgType::INVALID {
                let types: Vec<String> = compatible.iter().map(|(ty, _)| self.format_type(*ty)).collect();
                return Err(mismatch(format!(
                    "arguments of anycompatible family cannot be cast to a common type ({})",
                    types.join(", ")
                )));
            }
            for (ty, _) in &compatible {
                if !self.can_coerce(*ty, common, CastContext::Implicit) {
                    return Err(mismatch(
                        "arguments of anycompatible family cannot be cast to a common type".to_owned(),
                    ));
                }
            }
            if compatible_non_array && self.element_of(common).is_some() {
                let ty = self.format_type(common);
                return Err(mismatch(format!("type matched to anycompatiblenonarray is an array type: {ty}")));
            }
            solved.compatible = Some(common);
        }
        Ok(solved)
    }

    fn same(&self, slot: &mut Option<PgType>, ty: PgType, name: &str, word: &str) -> Result<()> {
        match *slot {
            Some(known) if known != ty => {
                let detail = format!("{} versus {}", self.format_type(known), self.format_type(ty));
                Err(mismatch(format!("arguments declared \"{name}\" are not all {word}")).detail(detail))
            }
            _ => {
                *slot = Some(ty);
                Ok(())
            }
        }
    }

    fn not_a(&self, declared: &str, what: &str, ty: PgType) -> Error {
        let ty = self.format_type(ty);
        mismatch(format!("argument declared {declared} is not {what} but type {ty}"))
    }

    fn inconsistent(&self, first: &str, second: &str, a: PgType, b: PgType) -> Error {
        mismatch(format!("argument declared {first} is not consistent with argument declared {second}"))
            .detail(format!("{} versus {}", self.format_type(a), self.format_type(b)))
    }
}
