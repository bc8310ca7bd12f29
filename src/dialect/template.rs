//! Templates: target SQL with `:1` holes for the arguments.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// A parsed template. Arguments are printed self-delimited, so a hole never needs parentheses of its own.
#[derive(Clone, Debug)]
pub struct Template {
    pieces: Vec<Piece>,
}

/// A piece of a template, in order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Argument number, from 0.
    Hole(usize),
    Text(String),
}

impl Template {
    /// Parses a template for a function of that many arguments; the error says what is wrong.
    /// The nearest grammar that `sqlparser` has validates it; it never prints.
    pub fn parse(text: &str, arguments: usize) -> Result<Template, String> {
        let mut pieces = Vec::new();
        let mut used = vec![false; arguments];
        let mut sample = String::new();
        let mut rest = text;
        let mut quote = None;
        while let Some(c) = rest.chars().next() {
            let hole = (quote.is_none() && c == ':').then(|| digits(&rest[1..])).filter(|digits| !digits.is_empty());
            if let Some(digits) = hole {
                let number: usize = digits.parse().map_err(|_| format!("hole `:{digits}`"))?;
                let slot = number.checked_sub(1).and_then(|slot| used.get_mut(slot));
                *slot.ok_or_else(|| format!("hole `:{number}` is no argument"))? = true;
                pieces.push(Piece::Hole(number - 1));
                sample.push_str("(x)");
                rest = &rest[1 + digits.len()..];
                continue;
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
            sample.push(c);
            rest = &rest[c.len_utf8()..];
        }
        if let Some(unused) = used.iter().position(|used| !used) {
            return Err(format!("argument {} has no hole", unused + 1));
        }
        let parsed = Parser::new(&PostgreSqlDialect {}).try_with_sql(&sample).and_then(|mut parser| {
            parser.parse_expr()?;
            parser.expect_token(&sqlparser::tokenizer::Token::EOF)
        });
        parsed.map_err(|error| format!("not an expression: {error}"))?;
        Ok(Template { pieces })
    }

    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

fn digits(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_or_says_why() {
        let template = Template::parse("CASE WHEN :1 > 0 THEN f(:2, ':1')::text END", 2).unwrap();
        assert_eq!(template.pieces().iter().filter(|piece| matches!(piece, Piece::Hole(_))).count(), 2);
        for (text, arguments, expected) in [
            ("f(:1)", 2, "argument 2 has no hole"),
            ("f(:1, :2)", 1, "hole `:2` is no argument"),
            ("f(:0)", 0, "hole `:0` is no argument"),
        ] {
            assert_eq!(Template::parse(text, arguments).unwrap_err(), expected);
        }
        assert!(Template::parse("f(:1", 1).unwrap_err().starts_with("not an expression"));
        assert!(Template::parse("f(:1); DROP", 1).unwrap_err().starts_with("not an expression"));
    }
}
