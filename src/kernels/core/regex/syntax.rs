//! PostgreSQL's advanced regular expressions: parsed to a tree, printed for the `regex` and `fancy-regex` crates.
//! See <https://www.postgresql.org/docs/15/functions-matching.html#POSIX-SYNTAX-DETAILS>.

use std::fmt::Write as _;

use crate::error::{Error, Result, SqlState};

/// How an expression is read and matched.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Options {
    pub ignore_case: bool,
    pub expanded: bool,
    pub literal: bool,
    /// `.` and negated brackets never match a newline.
    pub newline_stops: bool,
    /// `^` and `$` match at lines.
    pub newline_anchors: bool,
    /// Not part of the expression: all matches instead of the first.
    pub global: bool,
}

impl Options {
    /// Applies option letters; `None` at the first that is no option.
    pub fn set(&mut self, letter: char) -> Option<()> {
        match letter {
            'g' => self.global = true,
            'c' => self.ignore_case = false,
            'i' => self.ignore_case = true,
            'm' | 'n' => (self.newline_stops, self.newline_anchors) = (true, true),
            'p' => (self.newline_stops, self.newline_anchors) = (true, false),
            'w' => (self.newline_stops, self.newline_anchors) = (false, true),
            's' => (self.newline_stops, self.newline_anchors) = (false, false),
            'q' => self.literal = true,
            't' => self.expanded = false,
            'x' => self.expanded = true,
            'e' => {}
            _ => return None,
        }
        Some(())
    }
}

/// A piece of an expression.
#[derive(Clone, Debug)]
pub enum Node {
    /// Matches the empty string under a condition; in the crates' syntax.
    Assert(&'static str),
    Backreference(u32),
    /// One character; in the crates' syntax.
    Class(String),
    Concat(Vec<Node>),
    /// The number of a capturing group, 0 for the others.
    Group(Box<Node>, u32),
    Literal(char),
    /// `(?=`, `(?!`, `(?<=`, `(?<!`
    Look(&'static str, Box<Node>),
    Alternatives(Vec<Node>),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        lazy: bool,
        bare: bool,
    },
}

/// What a pattern parses to.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub node: Node,
    pub groups: u32,
    pub options: Options,
    /// Needs back-references or look-around.
    pub fancy: bool,
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    groups: u32,
    closed: Vec<u32>,
    options: Options,
    fancy: bool,
    depth: usize,
}

pub fn invalid(what: &str) -> Error {
    Error::new(SqlState::INVALID_REGULAR_EXPRESSION, format!("invalid regular expression: {what}"))
}

const SPACE: &str = r"\t-\r \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}";
const ALNUM: &str = r"\p{Alphabetic}\p{Nd}\p{Nl}";

/// Parses a pattern.
pub fn parse(pattern: &str, mut options: Options) -> Result<Parsed> {
    let mut rest = pattern;
    if let Some(after) = rest.strip_prefix("***=") {
        options.literal = true;
        rest = after;
    } else if let Some(after) = rest.strip_prefix("***:") {
        rest = after;
    } else if rest.starts_with("***") {
        return Err(invalid("invalid regexp (reg version 0.8)"));
    }
    if !options.literal
        && let Some(after) = rest.strip_prefix("(?")
        && after.starts_with(|c: char| c.is_ascii_alphabetic())
    {
        let close = after.find(')').ok_or_else(|| invalid("invalid embedded option"))?;
        for letter in after[..close].chars() {
            if letter == 'b' {
                return Err(Error::unsupported("a basic regular expression"));
            }
            if letter == 'g' {
                return Err(invalid("invalid embedded option"));
            }
            options.set(letter).ok_or_else(|| invalid("invalid embedded option"))?;
        }
        rest = &after[close + 1..];
    }
    if options.literal {
        let node = Node::Concat(rest.chars().map(Node::Literal).collect());
        return Ok(Parsed { node, groups: 0, options, fancy: false });
    }
    let mut parser =
        Parser { chars: rest.chars().collect(), at: 0, groups: 0, closed: Vec::new(), options, fancy: false, depth: 0 };
    let node = parser.alternatives()?;
    if parser.at < parser.chars.len() {
        return Err(invalid("parentheses () not balanced"));
    }
    Ok(Parsed { node, groups: parser.groups, options, fancy: parser.fancy })
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(index, c)| self.chars.get(self.at + index) == Some(&c))
    }

    /// Skips comments, and blanks in expanded syntax.
    fn skip(&mut self) {
        loop {
            if self.looking_at("(?#") {
                while self.peek().is_some_and(|c| c != ')') {
                    self.at += 1;
                }
                self.at += 1;
            } else if self.options.expanded && self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            } else if self.options.expanded && self.peek() == Some('#') {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            } else {
                return;
            }
        }
    }

    fn alternatives(&mut self) -> Result<Node> {
        self.depth += 1;
        if self.depth > 200 {
            return Err(Error::new(SqlState::STATEMENT_TOO_COMPLEX, "regular expression is too complex"));
        }
        let mut branches = vec![self.branch()?];
        while self.peek() == Some('|') {
            self.at += 1;
            branches.push(self.branch()?);
        }
        self.depth -= 1;
        Ok(match branches.pop() {
            Some(only) if branches.is_empty() => only,
            Some(last) => {
                branches.push(last);
                Node::Alternatives(branches)
            }
            None => Node::Concat(Vec::new()),
        })
    }

    fn branch(&mut self) -> Result<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip();
            match self.peek() {
                None | Some('|') => break,
                Some(')') if self.depth > 1 => break,
                Some(')') => return Err(invalid("parentheses () not balanced")),
                Some(_) => {}
            }
            let atom = self.atom()?;
            self.skip();
            nodes.push(self.quantified(atom)?);
        }
        Ok(Node::Concat(nodes))
    }

    fn quantified(&mut self, atom: Node) -> Result<Node> {
        let (min, max, bare) = match self.peek() {
            Some('*') => (0, None, true),
            Some('+') => (1, None, true),
            Some('?') => (0, Some(1), true),
            Some('{') if self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit) => {
                self.at += 1;
                let min = self.count()?;
                let (max, bare) = if self.peek() == Some(',') {
                    self.at += 1;
                    if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                        (Some(self.count()?), true)
                    } else {
                        (None, true)
                    }
                } else {
                    (Some(min), false)
                };
                if self.peek().is_none() {
                    return Err(invalid("braces {} not balanced"));
                }
                if self.peek() != Some('}') {
                    return Err(invalid("invalid repetition count(s)"));
                }
                if max.is_some_and(|max| max < min) {
                    return Err(invalid("invalid repetition count(s)"));
                }
                (min, max, bare)
            }
            _ => return Ok(atom),
        };
        if matches!(atom, Node::Assert(_) | Node::Look(..)) {
            return Err(invalid("quantifier operand invalid"));
        }
        self.at += 1;
        let lazy = self.peek() == Some('?');
        if lazy {
            self.at += 1;
        }
        self.skip();
        let doubled = matches!(self.peek(), Some('*' | '+' | '?'))
            || self.peek() == Some('{') && self.chars.get(self.at + 1).is_some_and(char::is_ascii_digit);
        if doubled {
            return Err(invalid("quantifier operand invalid"));
        }
        Ok(Node::Repeat { node: Box::new(atom), min, max, lazy, bare })
    }

    fn count(&mut self) -> Result<u32> {
        let mut value = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            value = value * 10 + digit;
            if value > 255 {
                return Err(invalid("invalid repetition count(s)"));
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn atom(&mut self) -> Result<Node> {
        let Some(c) = self.peek() else { return Ok(Node::Concat(Vec::new())) };
        self.at += 1;
        Ok(match c {
            '*' | '+' | '?' => return Err(invalid("quantifier operand invalid")),
            '{' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                return Err(invalid("quantifier operand invalid"));
            }
            '^' => Node::Assert(if self.options.newline_anchors { "(?m:^)" } else { r"\A" }),
            '$' => Node::Assert(if self.options.newline_anchors { "(?m:$)" } else { r"\z" }),
            '.' => Node::Class(if self.options.newline_stops { r"[^\n]" } else { "(?s:.)" }.to_owned()),
            '[' => return self.bracket(),
            '(' => return self.group(),
            '\\' => return self.escape(),
            c => Node::Literal(c),
        })
    }

    fn group(&mut self) -> Result<Node> {
        let looks = [("?:", ""), ("?=", "(?="), ("?!", "(?!"), ("?<=", "(?<="), ("?<!", "(?<!")];
        let form = looks.iter().find(|(start, _)| self.looking_at(start));
        if form.is_none() && self.peek() == Some('?') {
            return Err(invalid("quantifier operand invalid"));
        }
        let number = if let Some((start, _)) = form {
            self.at += start.len();
            0
        } else {
            self.groups += 1;
            self.groups
        };
        let inner = self.alternatives()?;
        if self.peek() != Some(')') {
            return Err(invalid("parentheses () not balanced"));
        }
        self.at += 1;
        Ok(match form {
            Some((_, look)) if !look.is_empty() => {
                self.fancy = true;
                Node::Look(look, Box::new(inner))
            }
            _ => {
                if number != 0 {
                    self.closed.push(number);
                }
                Node::Group(Box::new(inner), number)
            }
        })
    }

    fn escape(&mut self) -> Result<Node> {
        let c = self.peek().ok_or_else(|| invalid("invalid escape \\ sequence"))?;
        let assertion = match c {
            'A' => Some(r"\A"),
            'Z' => Some(r"\z"),
            'm' => Some(r"\b{start}"),
            'M' => Some(r"\b{end}"),
            'y' => Some(r"\b"),
            'Y' => Some(r"\B"),
            _ => None,
        };
        if let Some(assertion) = assertion {
            self.at += 1;
            return Ok(Node::Assert(assertion));
        }
        if let Some(set) = shorthand(c) {
            self.at += 1;
            let newline = if self.options.newline_stops && c.is_ascii_uppercase() { r"\n" } else { "" };
            return Ok(Node::Class(match set {
                (set, false) => format!("[{set}]"),
                (set, true) => format!("[^{set}{newline}]"),
            }));
        }
        if ('1'..='9').contains(&c) {
            let start = self.at;
            let mut value = 0_u32;
            while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
                value = value.saturating_mul(10).saturating_add(digit);
                self.at += 1;
            }
            // One digit, or as many groups: a reference; else an octal character.
            if self.at - start == 1 || value <= self.groups {
                if !self.closed.contains(&value) {
                    return Err(invalid("invalid backreference number"));
                }
                self.fancy = true;
                return Ok(Node::Backreference(value));
            }
            self.at = start;
        }
        self.character_escape().map(Node::Literal)
    }

    /// A character after a backslash.
    fn character_escape(&mut self) -> Result<char> {
        let bad = || invalid("invalid escape \\ sequence");
        let c = self.peek().ok_or_else(bad)?;
        self.at += 1;
        let digits = |parser: &mut Parser, radix: u32, least: usize, most: usize| -> Result<char> {
            let (mut value, mut count) = (0_u32, 0);
            while count < most
                && let Some(digit) = parser.peek().and_then(|c| c.to_digit(radix))
            {
                value = value.checked_mul(radix).map_or(u32::MAX, |value| value.saturating_add(digit));
                parser.at += 1;
                count += 1;
            }
            if count < least { Err(bad()) } else { char::from_u32(value).ok_or_else(bad) }
        };
        Ok(match c {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'B' => '\\',
            'c' => {
                let next = self.peek().ok_or_else(bad)?;
                self.at += 1;
                char::from_u32(u32::from(next) & 0x1f).ok_or_else(bad)?
            }
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'u' => digits(self, 16, 4, 4)?,
            'U' => digits(self, 16, 8, 8)?,
            'x' => digits(self, 16, 1, 255)?,
            '0'..='7' => {
                self.at -= 1;
                digits(self, 8, 1, 3)?
            }
            c if c.is_alphanumeric() => return Err(bad()),
            c => c,
        })
    }

    /// `[...]`
    fn bracket(&mut self) -> Result<Node> {
        for (text, assertion) in [("[:<:]]", r"\b{start}"), ("[:>:]]", r"\b{end}")] {
            if self.looking_at(text) {
                self.at += text.len();
                return Ok(Node::Assert(assertion));
            }
        }
        let unbalanced = || invalid("brackets [] not balanced");
        let negated = self.peek() == Some('^');
        if negated {
            self.at += 1;
        }
        let mut set = String::new();
        let mut first = true;
        loop {
            let c = self.peek().ok_or_else(unbalanced)?;
            if c == ']' && !first {
                self.at += 1;
                break;
            }
            first = false;
            if self.looking_at("[:") {
                self.at += 2;
                let name = self.until(":]").ok_or_else(unbalanced)?;
                set.push_str(&named_class(&name, self.options.ignore_case)?);
                continue;
            }
            if c == '\\'
                && let Some((escape, negative)) = self.chars.get(self.at + 1).and_then(|c| shorthand(*c))
            {
                self.at += 2;
                let _ = if negative { write!(set, "[^{escape}]") } else { write!(set, "{escape}") };
                continue;
            }
            let low = self.bracket_char()?;
            let range = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']');
            let high = if range {
                self.at += 1;
                self.bracket_char()?
            } else {
                low
            };
            if high < low {
                return Err(invalid("invalid character range"));
            }
            let _ = write!(set, r"\x{{{:x}}}", u32::from(low));
            if high > low {
                let _ = write!(set, r"-\x{{{:x}}}", u32::from(high));
            }
        }
        let newline = if negated && self.options.newline_stops { r"\n" } else { "" };
        Ok(Node::Class(format!("[{}{set}{newline}]", if negated { "^" } else { "" })))
    }

    fn bracket_char(&mut self) -> Result<char> {
        for (open, close) in [("[.", ".]"), ("[=", "=]")] {
            if self.looking_at(open) {
                self.at += 2;
                let name = self.until(close).ok_or_else(|| invalid("brackets [] not balanced"))?;
                let mut chars = name.chars();
                return match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(c),
                    _ => Err(Error::unsupported("a collating element name in a regular expression")),
                };
            }
        }
        let c = self.peek().ok_or_else(|| invalid("brackets [] not balanced"))?;
        self.at += 1;
        if c == '\\' { self.character_escape() } else { Ok(c) }
    }

    /// The text up to `end`, which is skipped.
    fn until(&mut self, end: &str) -> Option<String> {
        let start = self.at;
        while self.at < self.chars.len() {
            if self.looking_at(end) {
                let text = self.chars[start..self.at].iter().collect();
                self.at += end.len();
                return Some(text);
            }
            self.at += 1;
        }
        None
    }
}

/// `\d` and its like: the set, and whether it is negated.
fn shorthand(c: char) -> Option<(String, bool)> {
    Some(match c {
        'd' | 'D' => ("0-9".to_owned(), c == 'D'),
        's' | 'S' => (SPACE.to_owned(), c == 'S'),
        'w' | 'W' => (format!("{ALNUM}_"), c == 'W'),
        _ => return None,
    })
}

fn named_class(name: &str, ignore_case: bool) -> Result<String> {
    Ok(match name {
        "alnum" => ALNUM.to_owned(),
        "alpha" => r"\p{Alphabetic}".to_owned(),
        "ascii" => r"\x00-\x7f".to_owned(),
        "blank" => r" \t".to_owned(),
        "cntrl" => r"\x00-\x1f\x7f-\x{9f}".to_owned(),
        "digit" => "0-9".to_owned(),
        "graph" => r"[^\p{C}\p{Z}]".to_owned(),
        "lower" | "upper" if ignore_case => r"\p{Alphabetic}".to_owned(),
        "lower" => r"\p{Lowercase}".to_owned(),
        "print" => r"[^\p{C}\p{Zl}\p{Zp}]".to_owned(),
        "punct" => r"[\p{P}\p{S}]".to_string(),
        "space" => SPACE.to_owned(),
        "upper" => r"\p{Uppercase}".to_owned(),
        "word" => format!("{ALNUM}_"),
        "xdigit" => "0-9A-Fa-f".to_owned(),
        _ => return Err(invalid("invalid character class")),
    })
}

impl Parsed {
    /// The pattern in the crates' syntax.
    pub fn print(&self) -> String {
        let mut out = String::from(if self.options.ignore_case { "(?i)" } else { "" });
        print(&self.node, &mut out, self.fancy);
        out
    }

    /// Whether the longest match is wanted (else the shortest).
    pub fn greedy(&self) -> bool {
        preference(&self.node) != Some(Preference::Short)
    }

    /// Whether the crates' choice of sub-matches could differ from PostgreSQL's for the same whole match.
    pub fn ambiguous(&self) -> bool {
        ambiguous(&self.node)
    }
}

fn print(node: &Node, out: &mut String, fancy: bool) {
    match node {
        // fancy-regex does not know the half boundaries.
        Node::Assert(r"\b{start}") if fancy => out.push_str(r"(?:\b(?=\w))"),
        Node::Assert(r"\b{end}") if fancy => out.push_str(r"(?:\b(?<=\w))"),
        Node::Assert(text) => out.push_str(text),
        Node::Backreference(number) => {
            let _ = write!(out, r"(?:\{number})");
        }
        Node::Class(text) => out.push_str(text),
        Node::Concat(nodes) => nodes.iter().for_each(|node| print(node, out, fancy)),
        Node::Group(node, number) => {
            out.push_str(if *number == 0 { "(?:" } else { "(" });
            print(node, out, fancy);
            out.push(')');
        }
        Node::Literal(c) if c.is_alphanumeric() => out.push(*c),
        Node::Literal(c) => {
            let _ = write!(out, r"\x{{{:x}}}", u32::from(*c));
        }
        Node::Look(start, node) => {
            out.push_str(start);
            print(node, out, fancy);
            out.push(')');
        }
        Node::Alternatives(branches) => {
            for (index, branch) in branches.iter().enumerate() {
                if index > 0 {
                    out.push('|');
                }
                print(branch, out, fancy);
            }
        }
        Node::Repeat { node, min, max, lazy, .. } => {
            out.push_str("(?:");
            print(node, out, fancy);
            out.push(')');
            let _ = match max {
                None => write!(out, "{{{min},}}"),
                Some(max) => write!(out, "{{{min},{max}}}"),
            };
            if *lazy {
                out.push('?');
            }
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Preference {
    Long,
    Short,
}

/// PostgreSQL's greediness of a piece: that of its first quantified part; alternatives are always greedy.
fn preference(node: &Node) -> Option<Preference> {
    match node {
        Node::Alternatives(_) => Some(Preference::Long),
        Node::Concat(nodes) => nodes.iter().find_map(preference),
        Node::Group(node, _) => preference(node),
        Node::Repeat { node, bare: false, .. } => preference(node),
        Node::Repeat { lazy, .. } => Some(if *lazy { Preference::Short } else { Preference::Long }),
        _ => None,
    }
}

/// One character, always.
fn single(node: &Node) -> bool {
    match node {
        Node::Class(_) | Node::Literal(_) => true,
        Node::Group(node, _) => single(node),
        Node::Concat(nodes) => matches!(nodes.as_slice(), [only] if single(only)),
        _ => false,
    }
}

/// The length if it is always the same.
fn fixed(node: &Node) -> Option<u32> {
    match node {
        Node::Assert(_) | Node::Look(..) => Some(0),
        Node::Class(_) | Node::Literal(_) => Some(1),
        Node::Concat(nodes) => nodes.iter().map(fixed).sum(),
        Node::Group(node, _) => fixed(node),
        Node::Alternatives(branches) => {
            let first = branches.first().and_then(fixed)?;
            branches.iter().all(|branch| fixed(branch) == Some(first)).then_some(first)
        }
        Node::Repeat { node, min, max: Some(max), .. } if min == max => Some(fixed(node)? * min),
        Node::Repeat { .. } | Node::Backreference(_) => None,
    }
}

/// The literal character that a piece must start with.
fn leading(node: &Node) -> Option<char> {
    match node {
        Node::Literal(c) => Some(*c),
        Node::Group(node, _) => leading(node),
        Node::Concat(nodes) => nodes.first().and_then(leading),
        Node::Repeat { node, min: 1.., .. } => leading(node),
        _ => None,
    }
}

/// Whether a variable number of a piece's copies can share characters with what stands before it.
fn overlaps(before: Option<&Node>, node: &Node) -> bool {
    let Some(Node::Repeat { node: previous, min, max, .. }) = before.map(peeled) else { return false };
    if Some(*min) == *max {
        return false;
    }
    match (peeled(previous), leading(node)) {
        (Node::Literal(left), Some(right)) => *left == right,
        // A plain set of characters that does not hold the next piece's first character.
        (Node::Class(set), Some(first)) => {
            regex::Regex::new(&format!("^{set}$")).is_ok_and(|set| set.is_match(first.encode_utf8(&mut [0; 4])))
        }
        _ => true,
    }
}

fn peeled(node: &Node) -> &Node {
    match node {
        Node::Group(node, _) => peeled(node),
        Node::Concat(nodes) if !nodes.is_empty() => peeled(&nodes[nodes.len() - 1]),
        node => node,
    }
}

/// Whether a group lies below optional parts or alternatives of a piece.
fn captures_inside(node: &Node) -> bool {
    fn any(node: &Node) -> bool {
        match node {
            Node::Assert(_) | Node::Backreference(_) | Node::Class(_) | Node::Literal(_) => false,
            Node::Group(node, number) => *number != 0 || any(node),
            Node::Look(_, node) | Node::Repeat { node, .. } => any(node),
            Node::Alternatives(nodes) | Node::Concat(nodes) => nodes.iter().any(any),
        }
    }
    match node {
        Node::Group(node, _) | Node::Look(_, node) => captures_inside(node),
        Node::Concat(nodes) => nodes.iter().any(captures_inside),
        Node::Repeat { node, .. } => any(node),
        Node::Alternatives(nodes) => nodes.iter().any(any),
        Node::Assert(_) | Node::Backreference(_) | Node::Class(_) | Node::Literal(_) => false,
    }
}

fn ambiguous(node: &Node) -> bool {
    match node {
        Node::Assert(_) | Node::Backreference(_) | Node::Class(_) | Node::Literal(_) => false,
        Node::Look(_, node) | Node::Group(node, _) => ambiguous(node),
        Node::Concat(nodes) => {
            let optional_group = |node: &Node| matches!(node, Node::Repeat { node, min, max, .. } if !single(node) && Some(*min) != *max);
            nodes.iter().any(ambiguous)
                || (1..nodes.len()).any(|at| {
                    let inner = if let Node::Repeat { node, .. } = &nodes[at] { node } else { &nodes[at] };
                    optional_group(&nodes[at]) && overlaps(Some(&nodes[at - 1]), inner)
                })
        }
        Node::Alternatives(branches) => {
            let starts: Vec<Option<char>> = branches.iter().map(leading).collect();
            let distinct =
                starts.iter().enumerate().all(|(at, start)| start.is_some() && !starts[..at].contains(start));
            branches.iter().any(ambiguous) || !(distinct || fixed(node).is_some())
        }
        Node::Repeat { node, lazy, min, max, .. } => {
            // A repeated piece of variable length, or one that prefers otherwise than its quantifier.
            let inner = preference(node);
            ambiguous(node)
                // Of repeated groups PostgreSQL forgets those that the last round did not enter.
                || *max != Some(1) && captures_inside(node)
                || *lazy && inner == Some(Preference::Long)
                || !*lazy && inner == Some(Preference::Short)
                || *max != Some(1) && Some(*min) != *max && !single(node) && fixed(node).is_none() && leading(node).is_none()
        }
    }
}
