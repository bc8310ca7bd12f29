//! Overload resolution (`func_select_candidate`, `FuncnameGetCandidates`).

use std::sync::Arc;

use crate::catalog::{ArgumentMode, CastContext, Function};
use crate::types::PgType;

use super::context::Binder;

/// A function that the call might mean, its arguments expanded to the call's number.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub function: Arc<Function>,
    /// Declared types by call position; defaults' types behind them.
    pub args: Vec<PgType>,
    /// Variadic elements gathered; 0 when not expanded.
    pub variadic: usize,
    /// Arguments taken from defaults.
    pub defaults: usize,
    /// Declared argument of each call position, for named notation.
    pub positions: Option<Vec<usize>>,
    /// Position in the search path.
    rank: usize,
    /// Could not be told from another candidate.
    pub ambiguous: bool,
}

impl Binder<'_> {
    /// Where a schema stands among those to look in: the named one, or the search path.
    pub fn rank(&self, named: Option<&str>, schema: &str) -> Option<usize> {
        match named {
            Some(named) => (named == schema).then_some(0),
            None => self.path.iter().position(|other| other == schema),
        }
    }

    /// Every function of that name that could take so many arguments.
    pub fn function_candidates(
        &self,
        schema: Option<&str>,
        name: &str,
        count: usize,
        argument_names: &[&str],
        expand_variadic: bool,
    ) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for function in self.catalog.language.functions(name) {
            let Some(rank) = self.rank(schema, function.schema) else { continue };
            let Some(candidate) = expand(function, rank, count, argument_names, expand_variadic) else { continue };
            let own = candidate.args.len() - candidate.defaults;
            let same = found
                .iter_mut()
                .find(|other| other.args.len() - other.defaults == own && other.args[..own] == candidate.args[..own]);
            let Some(other) = same else {
                found.push(candidate);
                continue;
            };
            // Earlier in the path wins, then the one that is not variadic; else nobody can tell.
            let preference =
                candidate.rank.cmp(&other.rank).then_with(|| (candidate.variadic > 0).cmp(&(other.variadic > 0)));
            match preference {
                std::cmp::Ordering::Less => *other = candidate,
                std::cmp::Ordering::Greater => {}
                std::cmp::Ordering::Equal => other.ambiguous = true,
            }
        }
        found
    }

    /// `can_coerce_type` over a list, polymorphic consistency included.
    pub fn can_coerce_all(&self, actual: &[PgType], declared: &[PgType]) -> bool {
        let each = actual.iter().zip(declared).all(|(a, d)| self.can_coerce(*a, *d, CastContext::Implicit));
        let generic = declared.iter().take(actual.len()).any(|ty| ty.is_polymorphic());
        each && (!generic || self.generics_consistent(actual, &declared[..actual.len()]))
    }

    /// Picks the best of several argument lists; `None` when there is no single best one.
    pub fn select_candidate(&self, inputs: &[PgType], candidates: Vec<(usize, Vec<PgType>)>) -> Option<usize> {
        let mut left = candidates;
        let mut base: Vec<PgType> = inputs.iter().map(|ty| self.base_type(*ty).0).collect();
        let unknowns = base.iter().filter(|ty| **ty == PgType::UNKNOWN).count();
        let known = |ty: &PgType| *ty != PgType::UNKNOWN;

        left = keep_best(left, |args| base.iter().zip(args).filter(|(b, a)| known(b) && a == b).count());
        if let [(index, _)] = left.as_slice() {
            return Some(*index);
        }
        let categories: Vec<u8> = base.iter().map(|ty| self.category(*ty)).collect();
        let preferred = |slot: u8, ty: PgType| ty.is_preferred() && self.category(ty) == slot;
        left = keep_best(left, |args| {
            let slots = base.iter().zip(args).zip(&categories);
            slots.filter(|((b, a), category)| known(b) && (a == b || preferred(**category, **a))).count()
        });
        if let [(index, _)] = left.as_slice() {
            return Some(*index);
        }
        if unknowns == 0 {
            return None;
        }
        if let Some(kept) = self.resolve_unknowns(&base, &left) {
            left = kept;
            if let [(index, _)] = left.as_slice() {
                return Some(*index);
            }
        }
        // Last gasp: the unknown inputs are of the type of the known ones.
        let mut kinds = base.iter().filter(|ty| known(ty));
        let first = *kinds.next()?;
        if kinds.any(|ty| *ty != first) {
            return None;
        }
        base.fill(first);
        let mut fitting = left.iter().filter(|(_, args)| self.can_coerce_all(&base, args));
        match (fitting.next(), fitting.next()) {
            (Some((index, _)), None) => Some(*index),
            _ => None,
        }
    }

    /// Type categories for the unknown inputs: strings win; candidates of other categories go.
    fn resolve_unknowns(
        &self,
        base: &[PgType],
        candidates: &[(usize, Vec<PgType>)],
    ) -> Option<Vec<(usize, Vec<PgType>)>> {
        let mut slots: Vec<Option<(u8, bool)>> = vec![None; base.len()];
        for (position, _) in base.iter().enumerate().filter(|(_, ty)| **ty == PgType::UNKNOWN) {
            let mut slot: Option<(u8, bool)> = None;
            let mut conflict = false;
            for (_, args) in candidates {
                let (category, preferred) = (self.category(args[position]), args[position].is_preferred());
                slot = Some(match slot {
                    None => (category, preferred),
                    Some((known, has)) if known == category => (known, has || preferred),
                    Some(_) if category == b'S' => (category, preferred),
                    Some(known) => {
                        conflict = true;
                        known
                    }
                });
            }
            if conflict && slot.is_none_or(|(category, _)| category != b'S') {
                return None;
            }
            slots[position] = slot;
        }
        let kept: Vec<_> = candidates
            .iter()
            .filter(|(_, args)| {
                slots.iter().zip(args).all(|(slot, ty)| match slot {
                    None => true,
                    Some((category, has_preferred)) => {
                        self.category(*ty) == *category && (!has_preferred || ty.is_preferred())
                    }
                })
            })
            .cloned()
            .collect();
        Some(if kept.is_empty() { candidates.to_vec() } else { kept })
    }
}

fn keep_best(candidates: Vec<(usize, Vec<PgType>)>, score: impl Fn(&[PgType]) -> usize) -> Vec<(usize, Vec<PgType>)> {
    let scores: Vec<usize> = candidates.iter().map(|(_, args)| score(args)).collect();
    let best = scores.iter().copied().max().unwrap_or(0);
    candidates.into_iter().zip(scores).filter(|(_, score)| *score == best).map(|(candidate, _)| candidate).collect()
}

/// The function's arguments laid out for a call of `count` arguments, or `None` when it cannot take them.
fn expand(
    function: &Arc<Function>,
    rank: usize,
    count: usize,
    argument_names: &[&str],
    expand_variadic: bool,
) -> Option<Candidate> {
    let declared = &function.args;
    let trailing_defaults = declared.iter().rev().take_while(|arg| arg.default.is_some()).count();
    let candidate = |args, variadic, defaults, positions| Candidate {
        function: Arc::clone(function),
        args,
        variadic,
        defaults,
        positions,
        rank,
        ambiguous: false,
    };
    if !argument_names.is_empty() {
        return match_named(function, count, argument_names)
            .map(|(args, defaults, positions)| candidate(args, 0, defaults, Some(positions)));
    }
    let variadic = expand_variadic && function.variadic && declared.len() <= count;
    if variadic {
        let last = declared.last()?;
        let element = variadic_element(last.ty);
        let mut args: Vec<PgType> = declared[..declared.len() - 1].iter().map(|arg| arg.ty).collect();
        args.resize(count, element);
        return Some(candidate(args, count + 1 - declared.len(), 0, None));
    }
    if declared.len() < count || declared.len() > count + trailing_defaults {
        return None;
    }
    let args = declared.iter().map(|arg| arg.ty).collect();
    Some(candidate(args, 0, declared.len() - count, None))
}

/// The element type that a variadic parameter takes.
pub(super) fn variadic_element(ty: PgType) -> PgType {
    match ty {
        PgType::ANYARRAY => PgType::ANYELEMENT,
        PgType::ANYCOMPATIBLEARRAY => PgType::ANYCOMPATIBLE,
        PgType::ANY => PgType::ANY,
        ty => ty.element().unwrap_or(ty),
    }
}

/// Named notation (`MatchNamedCall`): call types in call order, then the missing ones' (with defaults).
fn match_named(
    function: &Arc<Function>,
    count: usize,
    argument_names: &[&str],
) -> Option<(Vec<PgType>, usize, Vec<usize>)> {
    let declared = &function.args;
    if count > declared.len() {
        return None;
    }
    let positional = count - argument_names.len();
    let mut given = vec![false; declared.len()];
    let mut positions: Vec<usize> = (0..positional).collect();
    given[..positional].fill(true);
    for name in argument_names {
        let position = declared.iter().position(|arg| {
            arg.name.as_deref() == Some(name)
                && matches!(arg.mode, ArgumentMode::In | ArgumentMode::InOut | ArgumentMode::Variadic)
        })?;
        if given[position] {
            return None;
        }
        given[position] = true;
        positions.push(position);
    }
    let missing: Vec<usize> = (0..declared.len()).filter(|position| !given[*position]).collect();
    if missing.iter().any(|position| declared[*position].default.is_none()) {
        return None;
    }
    let defaults = missing.len();
    positions.extend(missing);
    let args = positions.iter().map(|position| declared[*position].ty).collect();
    Some((args, defaults, positions))
}
