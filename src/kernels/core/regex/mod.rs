//! Regular expressions: compiled patterns, and the functions over them.
//!
//! The crates find the leftmost match by the first alternative that fits, PostgreSQL the longest (or shortest) leftmost one. Where a
//! match starts is the same; where it ends is asked of an automaton that follows all ways; sub-matches are taken only
//! from a match with the same end, and patterns whose sub-matches could still differ are refused.

mod functions;
mod syntax;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::{Anchored, Input, MatchKind};

pub use self::syntax::Options;
use crate::error::{Error, Result};

pub(super) use self::functions::{SCALARS, SET_RETURNING};

enum Finder {
    Fancy(Box<fancy_regex::Regex>),
    Plain(regex::Regex),
}

/// A compiled pattern.
pub struct Pattern {
    finder: Finder,
    /// Follows all ways; absent with back-references or look-around.
    exact: Option<PikeVM>,
    greedy: bool,
    ambiguous: bool,
    /// Lazy quantifiers, alternatives or optional groups: the end may differ.
    pub groups: usize,
}

/// The byte ranges of a match: the whole, then the groups.
pub type Captures = Vec<Option<(usize, usize)>>;

impl Pattern {
    /// Compiles a pattern, or takes it from this thread's cache.
    pub fn of(pattern: &str, options: Options) -> Result<Rc<Pattern>> {
        thread_local! {
            static CACHE: RefCell<HashMap<(String, Options), Rc<Pattern>>> = RefCell::default();
        }
        let key = (pattern.to_owned(), Options { global: false, ..options });
        if let Some(found) = CACHE.with_borrow(|cache| cache.get(&key).cloned()) {
            return Ok(found);
        }
        let compiled = Rc::new(Pattern::compile(pattern, key.1)?);
        CACHE.with_borrow_mut(|cache| {
            if cache.len() >= 64 {
                cache.clear();
            }
            cache.insert(key, Rc::clone(&compiled));
        });
        Ok(compiled)
    }

    fn compile(pattern: &str, options: Options) -> Result<Pattern> {
        let parsed = syntax::parse(pattern, options)?;
        let text = parsed.print();
        let refused = |_| Error::unsupported(format!("regular expression \"{pattern}\""));
        let (finder, exact) = if parsed.fancy {
            let finder = fancy_regex::Regex::new(&text)
                .map_err(|_| Error::unsupported(format!("regular expression \"{pattern}\"")))?;
            (Finder::Fancy(Box::new(finder)), None)
        } else {
            let finder = regex::Regex::new(&text).map_err(refused)?;
            let exact = PikeVM::builder()
                .configure(PikeVM::config().match_kind(MatchKind::All))
                .build(&text)
                .map_err(|_| Error::unsupported(format!("regular expression \"{pattern}\"")))?;
            (Finder::Plain(finder), Some(exact))
        };
        Ok(Pattern {
            finder,
            exact,
            greedy: parsed.greedy(),
            ambiguous: parsed.ambiguous(),
            groups: parsed.groups as usize,
        })
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, text: &str) -> Result<bool> {
        match &self.finder {
            Finder::Plain(finder) => Ok(finder.is_match(text)),
            Finder::Fancy(finder) => finder.is_match(text).map_err(too_hard),
        }
    }

    /// The leftmost match that starts at or after a byte offset, without groups.
    pub fn find(&self, text: &str, from: usize) -> Result<Option<(usize, usize)>> {
        match &self.finder {
            Finder::Fancy(_) => Ok(self.captures(text, from)?.and_then(|captures| captures[0])),
            Finder::Plain(finder) => match finder.find_at(text, from) {
                Some(found) => Ok(Some((found.start(), self.end(text, found.start())?))),
                None => Ok(None),
            },
        }
    }

    /// The end of the match that starts there, by PostgreSQL's preference.
    fn end(&self, text: &str, start: usize) -> Result<usize> {
        let exact = self.exact.as_ref().ok_or_else(|| Error::internal("no automaton"))?;
        let mut cache = exact.create_cache();
        let input = Input::new(text).range(start..).anchored(Anchored::Yes).earliest(!self.greedy);
        let found = exact.find_iter(&mut cache, input).next();
        found.map(|found| found.end()).ok_or_else(|| Error::internal("the automata disagree"))
    }

    /// The leftmost match at or after a byte offset with its groups; refused where those could differ from PostgreSQL's.
    pub fn captures(&self, text: &str, from: usize) -> Result<Option<Captures>> {
        let refused = || Error::unsupported("this regular expression with sub-matches (alternatives that overlap)");
        let found: Captures = match &self.finder {
            Finder::Plain(_) if self.groups == 0 => {
                return Ok(self.find(text, from)?.map(|found| vec![Some(found)]));
            }
            Finder::Plain(finder) => {
                let mut places = finder.capture_locations();
                let Some(whole) = finder.captures_read_at(&mut places, text, from) else { return Ok(None) };
                if self.ambiguous || self.end(text, whole.start())? != whole.end() {
                    return Err(refused());
                }
                (0..places.len()).map(|index| places.get(index)).collect()
            }
            Finder::Fancy(finder) => {
                let Some(captures) = finder.captures_from_pos(text, from).map_err(too_hard)? else { return Ok(None) };
                if self.ambiguous || !self.greedy {
                    return Err(refused());
                }
                captures.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect()
            }
        };
        Ok(Some(found))
    }
}

fn too_hard(_: fancy_regex::Error) -> Error {
    Error::new(crate::error::SqlState::STATEMENT_TOO_COMPLEX, "regular expression is too complex")
}
