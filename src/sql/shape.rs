//! Shapes: statements that differ in their literals alone share one syntax tree.
//!
//! A map client sends the same query with other coordinates at every move, and most of the parser's time goes into handing its tree over.
//! A text is cut into tokens here, cautiously: what is not plainly an identifier, a number, a string or an operator has no shape and takes
//! the parser. Numbers and strings become holes of a class (integer, other number, string), as the grammar sees no more of them than that.
//! The second text of a shape is parsed once more, and a literal becomes a hole only if the tree holds a constant of that value at that very
//! place; all others are part of the shape. The binder reads constants through [`Literals`], and positions go through [`Literals::place`].
//! Debug builds parse every such text all the same and compare.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::sql::ast::{AConst, Constant};

use super::{Command, Kind, Statement, Tree};
use crate::error::{Error, Result};

/// A longer text is parsed.
const MAX_TEXT: usize = 8 << 10;

/// All shapes together, in bytes of text; their trees take some thirty times as much.
const MAX_BYTES: usize = 256 << 10;

/// What stands where a shape has a hole.
#[derive(Debug, Default)]
pub struct Literals {
    /// By the place of the constant in the shape's tree.
    values: Vec<(i32, Constant)>,
    /// Where the pieces that may differ stand: in the text of the tree, and in this one. In their order.
    pieces: Vec<(Range<usize>, Range<usize>)>,
}

impl Literals {
    /// A statement's own constants.
    pub const NONE: &'static Literals = &Literals { values: Vec::new(), pieces: Vec::new() };

    /// The value of a constant of the tree.
    pub fn of<'a>(&'a self, constant: &'a AConst) -> Option<&'a Constant> {
        match self.values.binary_search_by_key(&constant.location, |(place, _)| *place) {
            Ok(found) => Some(&self.values[found].1),
            Err(_) => constant.val.as_ref(),
        }
    }

    /// A byte offset in the text of the tree as one in the statement's own text.
    pub fn place(&self, offset: usize) -> usize {
        let before = self.pieces.partition_point(|(theirs, _)| theirs.start <= offset);
        match before.checked_sub(1).and_then(|last| self.pieces.get(last)) {
            Some((theirs, ours)) if offset < theirs.end => ours.start + (offset - theirs.start).min(ours.len()),
            Some((theirs, ours)) => ours.end + (offset - theirs.end),
            None => offset,
        }
    }

    /// Corrects the position of an error that names a place of the tree.
    #[must_use]
    pub fn placed(&self, mut error: Error) -> Error {
        if !self.pieces.is_empty()
            && let Some(position) = &mut error.fields_mut().position
        {
            *position = self.place(*position);
        }
        error
    }
}

/// The shapes of one database's statements.
#[derive(Debug, Default)]
pub struct Shapes {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    shapes: HashMap<Box<[u8]>, Shape>,
    bytes: usize,
    clock: u64,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("shapes", &self.shapes.len()).field("bytes", &self.bytes).finish()
    }
}

struct Shape {
    used: u64,
    /// None: seen once.
    template: Option<Arc<Template>>,
}

/// A parsed text, and which of its literals are holes.
struct Template {
    source: Arc<str>,
    tokens: Vec<Token>,
    /// By literal token: the place of its constant in the tree and whether a minus sign belongs to it.
    holes: Vec<Option<(i32, bool)>>,
    statement: Arc<Statement>,
}

impl Shapes {
    /// As [`super::parse`]; a text of a known shape takes its tree.
    pub fn parse(&self, text: &str) -> Result<Vec<Statement>> {
        let Some((key, tokens)) = (text.len() <= MAX_TEXT).then(|| cut(text)).flatten() else {
            return super::parse(text);
        };
        let known = self.with(|kept| kept.touch(&key));
        if let Some(Some(template)) = &known
            && let Some(statement) = template.fill(text, &tokens)
        {
            #[cfg(debug_assertions)]
            check::same(&statement, text);
            return Ok(vec![statement]);
        }
        let mut statements = super::parse(text)?;
        let [statement] = statements.as_mut_slice() else { return Ok(statements) };
        match known {
            // The first of its shape: the second one is worth the work.
            None => self.with(|kept| kept.insert(key, None)),
            Some(_) => {
                if let Some(template) = Template::new(statement, tokens) {
                    self.with(|kept| kept.insert(key, Some(Arc::new(template))));
                }
            }
        }
        Ok(statements)
    }

    fn with<R>(&self, work: impl FnOnce(&mut Kept) -> R) -> R {
        work(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn touch(&mut self, key: &[u8]) -> Option<Option<Arc<Template>>> {
        self.clock += 1;
        let shape = self.shapes.get_mut(key)?;
        shape.used = self.clock;
        Some(shape.template.clone())
    }

    fn insert(&mut self, key: Box<[u8]>, template: Option<Arc<Template>>) {
        self.clock += 1;
        let length = key.len();
        self.bytes += length;
        if self.shapes.insert(key, Shape { used: self.clock, template }).is_some() {
            self.bytes -= length;
        }
        if self.bytes > MAX_BYTES {
            let mut ages: Vec<u64> = self.shapes.values().map(|shape| shape.used).collect();
            let middle = ages.len() / 2;
            let middle = *ages.select_nth_unstable(middle).1;
            self.shapes.retain(|_, shape| shape.used >= middle);
            self.bytes = self.shapes.keys().map(|key| key.len()).sum();
        }
    }
}

/// A piece of a text that may differ within a shape.
#[derive(Clone, Debug)]
struct Token {
    class: Class,
    range: Range<usize>,
    /// Where a minus sign stands before it: the grammar moves the constant there, and negates a number.
    minus: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    /// Fits an int4.
    Integer = 1,
    Number = 2,
    String = 3,
    /// The name that DECLARE gives.
    Cursor = 4,
}

impl Token {
    /// The literal's value as the grammar reads it; `negated` with a minus sign before a number.
    fn value(&self, text: &str, negated: bool) -> Option<Constant> {
        let written = text.get(self.range.clone())?;
        Some(match self.class {
            Class::Integer => {
                let value: i32 = written.parse().ok()?;
                Constant::Integer(if negated { -value } else { value })
            }
            Class::Number if negated => Constant::Float(["-", written].concat()),
            Class::Number => Constant::Float(written.to_owned()),
            Class::String => {
                let inside = written.get(1..written.len() - 1)?;
                let sval = if inside.contains('\'') { inside.replace("''", "'") } else { inside.to_owned() };
                Constant::String(sval)
            }
            Class::Cursor => return None,
        })
    }
}

/// The shape of a text and the pieces that may differ; none where the text has anything that is not plain.
fn cut(text: &str) -> Option<(Box<[u8]>, Vec<Token>)> {
    let bytes = text.as_bytes();
    let (mut key, mut tokens) = (Vec::with_capacity(bytes.len()), Vec::new());
    let (mut at, mut word, mut minus, mut after_string) = (0, 0, None, false);
    let mut declares = false;
    let run = |from: usize, of: fn(u8) -> bool| {
        bytes[from..].iter().position(|byte| !of(*byte)).map_or(bytes.len(), |n| from + n)
    };
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at = run(at, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
                key.extend_from_slice(&bytes[start..at]);
                continue;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                at = run(at, |byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$');
                let next = bytes.get(at).copied();
                // E'...', B'...', U&"...", names beyond ASCII.
                if matches!(next, Some(b'\'' | b'"' | 0x80..))
                    || next == Some(b'&') && matches!(bytes.get(at + 1), Some(b'\'' | b'"'))
                {
                    return None;
                }
                word += 1;
                let name = &bytes[start..at];
                declares |= word == 1 && name.eq_ignore_ascii_case(b"declare");
                // With a digit it is no keyword; lower case is not folded.
                let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
                if word == 2
                    && declares
                    && name.len() < 64
                    && name.iter().all(plain)
                    && name.iter().any(u8::is_ascii_digit)
                {
                    key.push(Class::Cursor as u8);
                    tokens.push(Token { class: Class::Cursor, range: start..at, minus: None });
                } else {
                    key.extend_from_slice(name);
                }
                after_string = false;
            }
            b'0'..=b'9' => {
                at = run(at, |byte| byte.is_ascii_digit());
                let mut class = Class::Integer;
                if bytes.get(at) == Some(&b'.') {
                    class = Class::Number;
                    at = run(at + 1, |byte| byte.is_ascii_digit());
                }
                if matches!(bytes.get(at), Some(b'e' | b'E')) {
                    class = Class::Number;
                    let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
                    let digits = at + 1 + sign;
                    at = run(digits, |byte| byte.is_ascii_digit());
                    if at == digits {
                        return None;
                    }
                }
                let next = bytes.get(at).copied().unwrap_or(b' ');
                if next.is_ascii_alphanumeric() || matches!(next, b'_' | b'.' | b'$' | b'\'' | b'"' | 0x80..) {
                    return None;
                }
                if class == Class::Integer && text[start..at].parse::<i32>().is_err() {
                    class = Class::Number;
                }
                key.push(class as u8);
                tokens.push(Token { class, range: start..at, minus });
                after_string = false;
            }
            b'\'' => {
                // Two strings with a line break between are one.
                if after_string {
                    return None;
                }
                at = closing(bytes, at, b'\'')?;
                key.push(Class::String as u8);
                tokens.push(Token { class: Class::String, range: start..at, minus });
                after_string = true;
            }
            b'"' => {
                at = closing(bytes, at, b'"')?;
                // The marks of the holes are control characters.
                if bytes[start..at].iter().any(u8::is_ascii_control) {
                    return None;
                }
                word += 1;
                key.extend_from_slice(&bytes[start..at]);
                after_string = false;
            }
            b'-' | b'/' | b'*' | b'+' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|'
            | b'?' | b'`' => {
                let operator = |byte| {
                    matches!(
                        byte,
                        b'-' | b'/'
                            | b'*'
                            | b'+'
                            | b'<'
                            | b'>'
                            | b'='
                            | b'~'
                            | b'!'
                            | b'@'
                            | b'#'
                            | b'%'
                            | b'^'
                            | b'&'
                            | b'|'
                            | b'?'
                            | b'`'
                    )
                };
                at = run(at, operator);
                let sign = &bytes[start..at];
                // Comments.
                if sign.windows(2).any(|pair| pair == b"--" || pair == b"/*" || pair == b"*/") {
                    return None;
                }
                key.extend_from_slice(sign);
                after_string = false;
                minus = (sign == b"-").then_some(start);
                continue;
            }
            b'(' | b')' | b',' | b'[' | b']' | b':' | b'.' | b';' => {
                at += 1;
                // `.5` is a number; a second statement has no shape.
                let next = bytes.get(at).copied();
                if byte == b'.' && next.is_some_and(|next| next.is_ascii_digit() || next == b'.')
                    || byte == b';' && !text[at..].trim_ascii().is_empty()
                {
                    return None;
                }
                key.push(byte);
                after_string = false;
            }
            // Parameters, dollar quotes, control characters, text beyond ASCII outside of quotes.
            _ => return None,
        }
        minus = None;
    }
    Some((key.into_boxed_slice(), tokens))
}

/// Behind the quote that ends what begins at `at`; a doubled one is one of its characters.
fn closing(bytes: &[u8], at: usize, quote: u8) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| *byte == quote)? + 1;
        if bytes.get(at) != Some(&quote) {
            return Some(at);
        }
        at += 1;
    }
}

impl Template {
    /// Of the second text of a shape. None for what is not a query or a cursor's.
    fn new(statement: &Statement, tokens: Vec<Token>) -> Option<Template> {
        let tree = tree(statement)?;
        let text = &statement.source;
        let constants = constants(tree);
        let hole = |token: &Token| {
            let at = |place: usize, negated: bool| {
                let place = i32::try_from(place).ok()?;
                let value = token.value(text, negated)?;
                let mut here = constants.iter().filter(|(other, _)| *other == place);
                (here.next()?.1 == format!("{value:?}") && here.next().is_none()).then_some((place, negated))
            };
            at(token.range.start, false).or_else(|| at(token.minus?, true))
        };
        let holes = tokens.iter().map(hole).collect();
        let statement = Statement {
            kind: shared(&statement.kind, text, None, &statement.literals)?,
            text_range: statement.text_range.clone(),
            source: Arc::clone(&statement.source),
            literals: Arc::clone(&statement.literals),
        };
        Some(Template { source: Arc::clone(text), tokens, holes, statement: Arc::new(statement) })
    }

    /// The statement of another text of the shape; none where a literal differs that is no hole.
    fn fill(&self, text: &str, tokens: &[Token]) -> Option<Statement> {
        let mut literals = Literals::default();
        let mut cursor = None;
        for ((theirs, ours), hole) in self.tokens.iter().zip(tokens).zip(&self.holes) {
            let written = &text[ours.range.clone()];
            match hole {
                Some((place, negated)) => literals.values.push((*place, ours.value(text, *negated)?)),
                None if ours.class == Class::Cursor => cursor = Some(written),
                None if written == &self.source[theirs.range.clone()] => {}
                None => return None,
            }
            literals.pieces.push((theirs.range.clone(), ours.range.clone()));
        }
        literals.values.sort_by_key(|(place, _)| *place);
        let source: Arc<str> = Arc::from(text);
        let literals = Arc::new(literals);
        let range = &self.statement.text_range;
        let text_range = literals.place(range.start)..literals.place(range.end);
        let kind = shared(&self.statement.kind, &source, Some((cursor, &text_range)), &literals)?;
        Some(Statement { kind, text_range, source, literals })
    }
}

fn tree(statement: &Statement) -> Option<&Tree> {
    match &statement.kind {
        Kind::Query(tree) => Some(tree),
        Kind::Command(Command::Declare { query, .. }) => tree(query),
        Kind::Command(_) | Kind::Ddl(_) | Kind::Explain(_) => None,
    }
}

/// The same statement over the same tree, for another text.
fn shared(
    kind: &Kind,
    source: &Arc<str>,
    of: Option<(Option<&str>, &Range<usize>)>,
    literals: &Arc<Literals>,
) -> Option<Kind> {
    match kind {
        Kind::Query(tree) => Some(Kind::Query(Arc::clone(tree))),
        Kind::Command(Command::Declare { name, options, query }) => {
            let (cursor, text_range) = match of {
                Some((cursor, range)) => (cursor, range.clone()),
                None => (None, query.text_range.clone()),
            };
            let query = Statement {
                kind: shared(&query.kind, source, None, literals)?,
                text_range,
                source: Arc::clone(source),
                literals: Arc::clone(literals),
            };
            let name = cursor.map_or_else(|| name.clone(), str::to_owned);
            Some(Kind::Command(Command::Declare { name, options: *options, query: Arc::new(query) }))
        }
        Kind::Command(_) | Kind::Ddl(_) | Kind::Explain(_) => None,
    }
}

/// Place and value of every constant of a tree, wherever it stands: read from the tree's own description, which leaves none out.
fn constants(tree: &Tree) -> Vec<(i32, String)> {
    let described = format!("{:?}", tree.node());
    let constant = |start: usize| {
        let (place, rest) = described[start..].strip_prefix("isnull: false, location: ")?.split_once(", val: Some(")?;
        Some((place.parse().ok()?, rest[..closing_bracket(rest)?].to_owned()))
    };
    outside_quotes(&described, &["AConst { "]).filter_map(constant).collect()
}

/// Where words end in a description, but for those in its strings, which may hold anything.
fn outside_quotes<'t>(described: &'t str, words: &'t [&str]) -> impl Iterator<Item = usize> + 't {
    let (mut quoted, mut escaped) = (false, false);
    described.char_indices().filter_map(move |(at, letter)| {
        match (quoted, letter) {
            (true, _) if escaped => escaped = false,
            (true, '\\') => escaped = true,
            (_, '"') => quoted = !quoted,
            (true, _) => {}
            (false, _) => {
                return words.iter().find(|word| described[at..].starts_with(**word)).map(|word| at + word.len());
            }
        }
        None
    })
}

/// The bracket that closes what a description goes on with.
fn closing_bracket(described: &str) -> Option<usize> {
    let mut open = 0_usize;
    outside_quotes(described, &["(", ")"]).map(|end| end - 1).find(|at| match &described[*at..=*at] {
        "(" => {
            open += 1;
            false
        }
        _ if open > 0 => {
            open -= 1;
            false
        }
        _ => true,
    })
}

#[cfg(any(debug_assertions, test))]
mod check {
    use super::{Literals, Statement, closing_bracket, outside_quotes, tree};

    /// The parser's tree of that text is the shape's, with these literals in its holes.
    pub(super) fn same(statement: &Statement, text: &str) {
        let parsed = crate::sql::parse(text)
            .unwrap_or_else(|error| panic!("a shape takes what the parser refuses: {text}: {error}"));
        let (theirs, ours) = (parsed.first().and_then(tree), tree(statement));
        let (theirs, ours) =
            (theirs.map(|tree| format!("{:?}", tree.node())), ours.map(|tree| format!("{:?}", tree.node())));
        let ours = ours.map(|described| filled(&described, &statement.literals));
        assert_eq!(theirs, ours, "the shape of {text}");
        assert_eq!(parsed.first().map(|parsed| &parsed.text_range), Some(&statement.text_range), "{text}");
    }

    /// A tree's description with other places and values.
    fn filled(described: &str, literals: &Literals) -> String {
        let mut out = String::new();
        let mut done = 0;
        for start in outside_quotes(described, &["location: ", "list_start: ", "list_end: "]) {
            if start < done {
                continue;
            }
            let (before, after) = (&described[done..start], &described[start..]);
            let end = after.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(after.len());
            let place: i32 = after[..end].parse().expect("a place");
            let moved =
                usize::try_from(place).map_or(place, |place| i32::try_from(literals.place(place)).expect("a place"));
            out += before;
            out += &moved.to_string();
            done = start + end;
            let constant = described[..start].ends_with("AConst { isnull: false, location: ");
            if let (true, Ok(found)) = (constant, literals.values.binary_search_by_key(&place, |(place, _)| *place)) {
                out += &format!(", val: Some({:?})", literals.values[found].1);
                let value = described[done..].strip_prefix(", val: Some(").expect("a value");
                done = described.len() - value.len() + closing_bracket(value).expect("its end") + 1;
            }
        }
        out + &described[done..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses one text after the other as one session would; which of them took a shape's tree.
    fn shared(texts: &[&str]) -> Vec<bool> {
        let shapes = Shapes::default();
        let taken = |text: &&str| {
            let statements = shapes.parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            if let [statement] = statements.as_slice() {
                check::same(statement, text);
            }
            statements.iter().any(|statement| !statement.literals.pieces.is_empty())
        };
        texts.iter().map(taken).collect()
    }

    #[test]
    fn the_third_text_of_a_shape_is_not_parsed() {
        let query = |name: &str, west: &str| {
            format!(
                "DECLARE {name} BINARY CURSOR FOR SELECT a, 'NDR' FROM t WHERE g && st_makeenvelope({west}, 35, 0.5, 40, 4326) AND b = 'it''s'"
            )
        };
        let texts = [query("qgis_1", "-10"), query("qgis_22", "-7"), query("qgis_333", "-123"), query("q4", "-1")];
        assert_eq!(shared(&texts.each_ref().map(String::as_str)), [false, false, true, true]);
        // A name in capitals is folded, one without a digit may be a keyword.
        assert_eq!(
            shared(&[
                "declare c1 cursor for select 1",
                "declare C1 cursor for select 1",
                "declare c1 cursor for select 2"
            ]),
            [false; 3]
        );
    }

    #[test]
    fn literals_of_the_grammar_belong_to_the_shape() {
        for texts in [
            ["select 1::float(5)", "select 2::float(5)", "select 3::float(30)"],
            ["select interval '1' day, 1", "select interval '1' day, 2", "select interval(2) '1', 3"],
            ["select 2147483647", "select 2147483646", "select 2147483648"],
            ["select 1", "select 2", "select 3;select 4"],
            ["select 1", "select 2", "select 3 -- 4"],
            ["select 'a'", "select 'b'", "select 'c'\n'd'"],
            ["select 'a'", "select 'b'", "select E'c'"],
            ["select 'a'", "select 'b'", "select $$c$$"],
            ["select 1", "select 2", "select 0x3"],
            ["select 1", "select 2", "select 3_0"],
            ["select \"1\"", "select \"2\"", "select \"3\""],
            // What looks like a description of a tree is a string.
            [
                "select 1::float(5), 'AConst { isnull: false, location: 16, val: Some(Ival(Integer { ival: 5 })) }'",
                "select 2::float(5), 'AConst { isnull: false, location: 16, val: Some(Ival(Integer { ival: 5 })) }'",
                "select 3::float(30), 'location: 7 (('",
            ],
            ["create role r1 password 'a'", "create role r1 password 'b'", "create role r1 password 'c'"],
        ] {
            assert!(!shared(&texts)[2], "{texts:?}");
        }
    }

    #[test]
    fn holes_take_any_literal() {
        for texts in [
            ["select 1 - 2", "select 3 - 4", "select 7 - 8", "select 5 - -6"],
            [
                "select -1, - 2.5, -'3'",
                "select -4, - 5e1, -'6'",
                "select -0, - 0.0, -''",
                "select -2147483647, -1e308, -'x'",
            ],
            ["select 1 in (2, 3)", "select 44 in (55, 66)", "select 7 in (8, 9)", "select 1 in (22222, 3)"],
            [
                "select a from t order by 1 limit 2",
                "select a from t order by 3 limit 4",
                "select a from t order by 55 limit 66",
                "select 1",
            ],
            [
                "select x::varchar(3), x like 'a%'",
                "select x::varchar(4), x like 'b\\%'",
                "select x::varchar(44), x like ''",
                "select 2",
            ],
            ["select date '2020-01-01'", "select date '2021-01-01'", "select date 'x'", "select 3"],
            [
                "values (1, 'a'), (2, 'b')",
                "values (3, 'é'), (4, '日本')",
                "values (555, ''), (6, 'location: 3')",
                "select 4",
            ],
            [
                "update t set a = 1 where b = 2",
                "update t set a = 3 where b = 4",
                "update t set a = 55 where b = 66",
                "select 5",
            ],
        ] {
            assert!(shared(&texts)[2], "{texts:?}");
        }
    }

    #[test]
    fn an_error_stands_where_its_literal_does() {
        let shapes = Shapes::default();
        for text in ["select 1, x", "select 22, x", "select 33333, x"] {
            let statement = &shapes.parse(text).unwrap()[0];
            let literals = &statement.literals;
            let place = if literals.pieces.is_empty() { text.find('x').unwrap() } else { "select 22, ".len() };
            assert_eq!(literals.place(place), text.find('x').unwrap());
        }
    }
}
