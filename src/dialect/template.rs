//! Templates: target SQL with holes, as tokens (DESIGN section 5).
//!
//! `:1` and `:name` stand for arguments, `:*` for all of them. In aggregates `:distinct`, `:order`, `:filter` and `:over` are the places of
//! those clauses; where a template lacks one, a call that has it is refused. `:xmin1` and its kin are the bounds of a spatial argument,
//! `:months1` and its kin the parts of a constant interval.
//! In literals `:text`, `:hex`, `:wkb`, `:ewkb`, `:flat14` are quoted forms
//! of the value. The nearest grammar that `sqlparser` has validates a template when it is loaded, and tells whether it must be put in
//! parentheses; it never prints. Arguments are printed self-delimited, so a hole needs no parentheses of its own.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use sqlparser::ast::Expr;
use sqlparser::dialect::{self as grammars, Dialect as GrammarRules};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// A checked template.
#[derive(Clone, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
    /// Is it one operand by itself (a call, a cast, CASE ... END)?
    delimited: bool,
}

/// A piece of a template, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// All arguments, with commas.
    All,
    /// The place of a clause of an aggregate call.
    Clause(Clause),
    /// A bound of a spatial argument: a number where it is a constant.
    Bound(Side, usize),
    /// Argument number, from 0.
    Hole(usize),
    /// A part of an argument that is a constant interval: a number.
    Part(Part, usize),
    Text(String),
    /// A form of a literal's value.
    Value(ValueForm),
}

/// A clause of an aggregate or window call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Clause {
    Distinct,
    Filter,
    Order,
    Over,
}

/// A side of a geometry's box.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    Xmax,
    Xmin,
    Ymax,
    Ymin,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Side::Xmax => "xmax",
            Side::Xmin => "xmin",
            Side::Ymax => "ymax",
            Side::Ymin => "ymin",
        }
    }

    /// `xmin2`: the side, and the argument from 0.
    fn hole(word: &str) -> Option<(Side, usize)> {
        let sides = [Side::Xmax, Side::Xmin, Side::Ymax, Side::Ymin];
        let side = sides.into_iter().find(|side| word.starts_with(side.name()))?;
        let number = word[side.name().len()..].parse::<usize>().ok()?;
        Some((side, number.checked_sub(1)?))
    }
}

/// A part of an interval.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    Days,
    Micros,
    /// The microseconds as whole milliseconds.
    Millis,
    Months,
}

impl Part {
    pub fn by_name(name: &str) -> Option<Part> {
        Some(match name {
            "days" => Part::Days,
            "micros" => Part::Micros,
            "millis" => Part::Millis,
            "months" => Part::Months,
            _ => return None,
        })
    }

    /// `months2`: the part, and the argument from 0.
    fn hole(word: &str) -> Option<(Part, usize)> {
        let digits = word.find(|c: char| c.is_ascii_digit())?;
        let number = word[digits..].parse::<usize>().ok()?;
        Some((Part::by_name(&word[..digits])?, number.checked_sub(1)?))
    }
}

/// How a literal's value is written, always as one quoted string.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ValueForm {
    /// EWKB in hexadecimal digits.
    Ewkb,
    /// The same of a geometry without Z and M whose coordinates have at most 14 decimals, which is what some targets keep.
    Flat14,
    /// Bytes in hexadecimal digits.
    Hex,
    /// PostgreSQL's text form.
    Text,
    /// WKB without SRID in hexadecimal digits.
    Wkb,
}

/// What a template may hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holes<'a> {
    /// Names of the arguments; an argument without a name has its number only.
    pub arguments: &'a [Option<&'a str>],
    pub clauses: bool,
    pub values: bool,
}

/// The grammars that validate templates.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Grammar {
    Ansi,
    Bigquery,
    Databricks,
    Duckdb,
    Generic,
    Oracle,
    Postgresql,
    Redshift,
    Snowflake,
    Spark,
}

impl Grammar {
    pub fn by_name(name: &str) -> Option<Grammar> {
        Some(match name {
            "ansi" => Grammar::Ansi,
            "bigquery" => Grammar::Bigquery,
            "databricks" => Grammar::Databricks,
            "duckdb" => Grammar::Duckdb,
            "generic" => Grammar::Generic,
            "oracle" => Grammar::Oracle,
            "postgresql" => Grammar::Postgresql,
            "redshift" => Grammar::Redshift,
            "snowflake" => Grammar::Snowflake,
            "spark" => Grammar::Spark,
            _ => return None,
        })
    }

    fn rules(self) -> &'static dyn GrammarRules {
        match self {
            Grammar::Ansi => &grammars::AnsiDialect {},
            Grammar::Bigquery => &grammars::BigQueryDialect,
            Grammar::Databricks => &grammars::DatabricksDialect,
            Grammar::Duckdb => &grammars::DuckDbDialect,
            Grammar::Generic => &grammars::GenericDialect,
            Grammar::Oracle => &grammars::OracleDialect,
            Grammar::Postgresql => &grammars::PostgreSqlDialect {},
            Grammar::Redshift => &grammars::RedshiftSqlDialect {},
            Grammar::Snowflake => &grammars::SnowflakeDialect,
            Grammar::Spark => &grammars::SparkSqlDialect,
        }
    }

    /// Parses one expression that must be all of the text.
    fn expression(self, text: &str) -> Result<Expr, String> {
        let parsed = Parser::new(self.rules()).try_with_sql(text).and_then(|mut parser| {
            let expr = parser.parse_expr()?;
            parser.expect_token(&Token::EOF)?;
            Ok(expr)
        });
        parsed.map_err(|error| format!("not an expression: {error}"))
    }

    /// A data type as a cast names it.
    pub(super) fn check_type(self, text: &str) -> Result<(), String> {
        let parsed = Parser::new(self.rules()).try_with_sql(text).and_then(|mut parser| {
            parser.parse_data_type()?;
            parser.expect_token(&Token::EOF)?;
            Ok(())
        });
        parsed.map_err(|error| format!("not a type: {error}"))
    }
}

impl Template {
    /// Parses a template; the error says what is wrong. Every argument must have its hole, but those that are `said` elsewhere.
    pub fn parse(text: &str, said: &[usize], holes: Holes<'_>, grammar: Grammar) -> Result<Template, String> {
        let (template, used) = Template::parse_holes(text, holes, grammar)?;
        match used.iter().enumerate().position(|(at, used)| !used && !said.contains(&at)) {
            Some(unused) => Err(format!("argument {} has no hole", unused + 1)),
            None => Ok(template),
        }
    }

    /// [`Template::parse`] of what need not say every argument.
    pub fn parse_some(text: &str, holes: Holes<'_>, grammar: Grammar) -> Result<Template, String> {
        Ok(Template::parse_holes(text, holes, grammar)?.0)
    }

    fn parse_holes(text: &str, holes: Holes<'_>, grammar: Grammar) -> Result<(Template, Vec<bool>), String> {
        let mut pieces = Vec::new();
        let mut used = vec![false; holes.arguments.len()];
        // Two samples: a hole that would join with its surroundings (`f :1`, `:1x`) fails in one of them.
        let (mut named, mut parenthesized) = (String::new(), String::new());
        let mut rest = text;
        let mut quote = None;
        let mut before = ' ';
        while let Some(c) = rest.chars().next() {
            let word = (quote.is_none() && c == ':' && before != ':').then(|| word(&rest[1..]));
            if let Some(word) = word.filter(|word| !word.is_empty()) {
                let clause = holes.clauses && matches!(word, "distinct" | "filter" | "order" | "over");
                if !clause && (before.is_alphanumeric() || matches!(before, '_' | ']' | ')' | '"' | '\'')) {
                    return Err(format!("hole `:{word}` is not separated from what stands before it"));
                }
                let (piece, sample) = hole(word, holes, &mut used)?;
                named.push_str(sample.unwrap_or("hole"));
                parenthesized.push_str(sample.unwrap_or("(hole)"));
                pieces.push(piece);
                rest = &rest[1 + word.len()..];
                before = if clause { ' ' } else { 'x' };
                continue;
            }
            if quote.is_none() && (rest.starts_with("--") || rest.starts_with("/*")) {
                return Err("not an expression: a comment".to_owned());
            }
            match quote {
                None if c == '\'' || c == '"' => quote = Some(c),
                Some(open) if open == c => quote = None,
                _ => {}
            }
            match pieces.last_mut() {
                Some(Piece::Text(text)) => text.push(c),
                _ => pieces.push(Piece::Text(c.to_string())),
            }
            named.push(c);
            parenthesized.push(c);
            before = c;
            rest = &rest[c.len_utf8()..];
        }
        let delimited = Template::checked(grammar, named)?;
        Template::checked(grammar, parenthesized)?;
        let delimited = matches!(pieces[..], [Piece::Hole(_)]) || delimited;
        Ok((Template { pieces, delimited }, used))
    }

    /// Is the expression one operand? The error says why it is none. Many rows have the same text: each is parsed once.
    fn checked(grammar: Grammar, text: String) -> Result<bool, String> {
        type Known = HashMap<(Grammar, String), Result<bool, String>>;
        static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
        let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (grammar, text);
        if let Some(found) = known().get(&key) {
            return found.clone();
        }
        let found = grammar.expression(&key.1).map(|parsed| is_delimited(&parsed));
        known().insert(key, found.clone());
        found
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    pub fn is_delimited(&self) -> bool {
        self.delimited
    }

    /// Does a hole of that argument stand more than once?
    pub fn repeats(&self, argument: usize) -> bool {
        let of = |piece: &&Piece| matches!(piece, Piece::Hole(at) | Piece::Bound(_, at) if *at == argument);
        self.pieces.iter().filter(of).count() > 1
    }

    pub fn has(&self, clause: Clause) -> bool {
        self.pieces.contains(&Piece::Clause(clause))
    }

    /// The operator of a template that is no more than `:1 op :2`.
    pub fn operator(&self) -> Option<&str> {
        match &self.pieces[..] {
            [Piece::Hole(0), Piece::Text(operator), Piece::Hole(1)] => Some(operator.trim()),
            _ => None,
        }
    }
}

fn hole<'a>(word: &str, holes: Holes<'_>, used: &mut [bool]) -> Result<(Piece, Option<&'a str>), String> {
    let clause = |clause, sample| Ok((Piece::Clause(clause), Some(sample)));
    let value = |form| Ok((Piece::Value(form), Some("'00'")));
    if let Ok(number) = word.parse::<usize>() {
        let slot = number.checked_sub(1).and_then(|slot| used.get_mut(slot));
        *slot.ok_or_else(|| format!("hole `:{word}` is no argument"))? = true;
        return Ok((Piece::Hole(number - 1), None));
    }
    match word {
        "*" => {
            used.fill(true);
            return Ok((Piece::All, Some("hole, hole")));
        }
        "distinct" if holes.clauses => return clause(Clause::Distinct, " DISTINCT "),
        "filter" if holes.clauses => return clause(Clause::Filter, " FILTER (WHERE hole)"),
        "order" if holes.clauses => return clause(Clause::Order, " ORDER BY hole"),
        "over" if holes.clauses => return clause(Clause::Over, " OVER (PARTITION BY hole ORDER BY hole)"),
        "ewkb" if holes.values => return value(ValueForm::Ewkb),
        "flat14" if holes.values => return value(ValueForm::Flat14),
        "hex" if holes.values => return value(ValueForm::Hex),
        "text" if holes.values => return value(ValueForm::Text),
        "wkb" if holes.values => return value(ValueForm::Wkb),
        _ => {}
    }
    let at = holes.arguments.iter().position(|name| *name == Some(word));
    if let (None, Some((side, bounded))) = (at, Side::hole(word)) {
        *used.get_mut(bounded).ok_or_else(|| format!("hole `:{word}` is no argument"))? = true;
        return Ok((Piece::Bound(side, bounded), None));
    }
    if let (None, Some((part, of))) = (at, Part::hole(word)) {
        *used.get_mut(of).ok_or_else(|| format!("hole `:{word}` is no argument"))? = true;
        return Ok((Piece::Part(part, of), Some("2")));
    }
    let at = at.ok_or_else(|| format!("hole `:{word}` is no argument"))?;
    used[at] = true;
    Ok((Piece::Hole(at), None))
}

/// The hole's word after `:`: `*`, digits, or a name.
fn word(text: &str) -> &str {
    if text.starts_with('*') {
        return &text[..1];
    }
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let inside = |c: char| if digits { c.is_ascii_digit() } else { c.is_ascii_alphanumeric() || c == '_' };
    &text[..text.find(|c| !inside(c)).unwrap_or(text.len())]
}

/// Can the expression be an operand of anything as it stands?
fn is_delimited(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Array(_)
            | Expr::Case { .. }
            | Expr::Cast { .. }
            | Expr::Ceil { .. }
            | Expr::CompoundIdentifier(_)
            | Expr::Extract { .. }
            | Expr::Floor { .. }
            | Expr::Function(_)
            | Expr::Identifier(_)
            | Expr::Nested(_)
            | Expr::Overlay { .. }
            | Expr::Position { .. }
            | Expr::Subquery(_)
            | Expr::Substring { .. }
            | Expr::Trim { .. }
            | Expr::Value(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, arguments: usize) -> Result<Template, String> {
        let names = [Some("a"), Some("b"), None];
        Template::parse(text, &[], Holes { arguments: &names[..arguments], ..Holes::default() }, Grammar::Duckdb)
    }

    #[test]
    fn parses_or_says_why() {
        let template = parse("CASE WHEN :1 > 0 THEN f(:b, ':1')::text END", 2).unwrap();
        assert_eq!(template.pieces().iter().filter(|piece| matches!(piece, Piece::Hole(_))).count(), 2);
        assert!(template.is_delimited());
        assert_eq!(parse(":1 // :2", 2).unwrap().operator(), Some("//"));
        for (text, delimited) in [(":1 + :2", false), ("f(:1) + :2", false), ("(:1 + :2)", true), ("f(:1, :2)", true)] {
            assert_eq!(parse(text, 2).unwrap().is_delimited(), delimited, "{text}");
        }
        assert!(parse(":1", 1).unwrap().is_delimited());
        assert!(parse("f(:1, :1)", 1).unwrap().repeats(0));
        for (text, arguments, expected) in [
            ("f(:1)", 2, "argument 2 has no hole"),
            ("f(:1, :2)", 1, "hole `:2` is no argument"),
            ("f(:0)", 0, "hole `:0` is no argument"),
            ("f(:c)", 0, "hole `:c` is no argument"),
            ("f(:text)", 0, "hole `:text` is no argument"),
            ("f(x:1)", 1, "hole `:1` is not separated from what stands before it"),
        ] {
            assert_eq!(parse(text, arguments).unwrap_err(), expected);
        }
        for text in ["f(:1", "f(:1); DROP", "f :1", ":1 :1", "f(:1) --"] {
            assert!(parse(text, 1).unwrap_err().starts_with("not an expression"), "{text}");
        }
    }

    #[test]
    fn clauses_and_values_have_their_places() {
        let holes = Holes { arguments: &[None], clauses: true, values: false };
        let template = Template::parse("sum(:distinct:1:order):filter:over", &[], holes, Grammar::Duckdb).unwrap();
        assert!(template.has(Clause::Distinct) && template.has(Clause::Over));
        let holes = Holes { values: true, ..Holes::default() };
        let template = Template::parse("from_hex(:hex)", &[], holes, Grammar::Duckdb).unwrap();
        assert_eq!(template.pieces()[1], Piece::Value(ValueForm::Hex));
    }
}
