//! A small reader of XML: elements, attributes and text. Documents with a document type are refused.

/// Elements inside of elements.
const MAX_DEPTH: usize = 100;

/// An element; names are without their prefix.
#[derive(Debug, Default)]
pub struct Element {
    pub prefix: String,
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// All character data directly inside.
    pub text: String,
}

/// Why a document was not read.
#[derive(Debug, Eq, PartialEq)]
pub enum Trouble {
    /// It is not well-formed.
    Malformed,
    /// It is well-formed maybe, and uses what is not read here.
    Unread,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Reads one document.
pub fn parse(text: &str) -> Result<Element, Trouble> {
    let mut reader = Reader { rest: text.trim_start_matches(SPACE) };
    if reader.rest.len() == text.len()
        && let Some(rest) = reader.rest.strip_prefix("<?xml")
    {
        let (declaration, rest) = rest.split_once("?>").ok_or(Trouble::Malformed)?;
        if declaration.contains("encoding") && !declaration.to_ascii_lowercase().contains("utf-8") {
            return Err(Trouble::Unread);
        }
        reader.rest = rest;
    }
    reader.misc()?;
    let root = reader.element(0)?;
    reader.misc()?;
    if reader.rest.is_empty() { Ok(root) } else { Err(Trouble::Malformed) }
}

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(SPACE);
    }

    fn eat(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn until(&mut self, end: &str) -> Result<&'a str, Trouble> {
        let (inside, rest) = self.rest.split_once(end).ok_or(Trouble::Malformed)?;
        self.rest = rest;
        Ok(inside)
    }

    /// Comments and space around the root.
    fn misc(&mut self) -> Result<(), Trouble> {
        loop {
            self.skip_space();
            if self.rest.starts_with("<?") || self.rest.starts_with("<!D") {
                return Err(Trouble::Unread);
            }
            if !self.comment()? {
                return Ok(());
            }
        }
    }

    fn comment(&mut self) -> Result<bool, Trouble> {
        if !self.eat("<!--") {
            return Ok(false);
        }
        let inside = self.until("--")?;
        if inside.ends_with('-') || !self.eat(">") {
            return Err(Trouble::Malformed);
        }
        Ok(true)
    }

    fn name(&mut self) -> Result<(String, String), Trouble> {
        let end =
            self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.:".contains(c))).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if rest.starts_with(|c: char| !c.is_ascii()) {
            return Err(Trouble::Unread);
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return Err(Trouble::Malformed);
        }
        self.rest = rest;
        let (prefix, name) = name.split_once(':').unwrap_or(("", name));
        if name.is_empty() || name.contains(':') {
            return Err(Trouble::Unread);
        }
        Ok((prefix.to_owned(), name.to_owned()))
    }

    fn element(&mut self, depth: usize) -> Result<Element, Trouble> {
        if depth > MAX_DEPTH {
            return Err(Trouble::Unread);
        }
        if !self.eat("<") {
            return Err(Trouble::Malformed);
        }
        let (prefix, name) = self.name()?;
        let mut element = Element { prefix, name, ..Element::default() };
        loop {
            let before = self.rest;
            self.skip_space();
            if self.eat("/>") {
                return Ok(element);
            }
            if self.eat(">") {
                break;
            }
            if before.len() == self.rest.len() {
                return Err(Trouble::Malformed);
            }
            let (prefix, name) = self.name()?;
            self.skip_space();
            if !self.eat("=") {
                return Err(Trouble::Malformed);
            }
            self.skip_space();
            let quote = if self.eat("\"") { "\"" } else { "'" };
            if quote == "'" && !self.eat("'") {
                return Err(Trouble::Malformed);
            }
            let value = self.until(quote)?;
            if value.contains('<') {
                return Err(Trouble::Malformed);
            }
            let name = if prefix.is_empty() { name } else { format!("{prefix}:{name}") };
            if element.attribute(&name).is_some() {
                return Err(Trouble::Malformed);
            }
            element.attributes.push((name, unescaped(value)?));
        }
        loop {
            let end = self.rest.find('<').ok_or(Trouble::Malformed)?;
            let (text, rest) = self.rest.split_at(end);
            if text.contains("]]>") {
                return Err(Trouble::Malformed);
            }
            element.text.push_str(&unescaped(text)?);
            self.rest = rest;
            if self.eat("</") {
                let (prefix, name) = self.name()?;
                self.skip_space();
                if (prefix, name) != (element.prefix.clone(), element.name.clone()) || !self.eat(">") {
                    return Err(Trouble::Malformed);
                }
                return Ok(element);
            }
            if self.comment()? {
                continue;
            }
            if self.eat("<![CDATA[") {
                let inside = self.until("]]>")?;
                element.text.push_str(inside);
                continue;
            }
            if self.rest.starts_with("<?") {
                return Err(Trouble::Unread);
            }
            element.children.push(self.element(depth + 1)?);
        }
    }
}

fn unescaped(text: &str) -> Result<String, Trouble> {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').ok_or(Trouble::Malformed)?;
        match entity {
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "amp" => out.push('&'),
            "quot" => out.push('"'),
            "apos" => out.push('\''),
            _ => {
                let number = match entity.strip_prefix("#x") {
                    Some(digits) => u32::from_str_radix(digits, 16).ok(),
                    None => entity.strip_prefix('#').and_then(|digits| digits.parse().ok()),
                };
                out.push(number.and_then(char::from_u32).filter(|c| *c != '\0').ok_or(Trouble::Malformed)?);
            }
        }
        out.push_str(rest);
    }
    if out.contains(|c: char| c.is_control() && !SPACE.contains(&c)) {
        return Err(Trouble::Unread);
    }
    Ok(out)
}

/// A plain decimal number, nothing else.
pub fn number(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = body.split_once(['e', 'E']).map_or((body, None), |(m, e)| (m, Some(e)));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_ok = exponent.is_none_or(|exponent| {
        let digits_of = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits_of.is_empty() && digits(digits_of)
    });
    if !digits(whole) || !digits(part) || whole.len() + part.len() == 0 || !exponent_ok {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::error::Result;
    use crate::kernels::spatial::geometry::Geometry;
    use crate::kernels::spatial::wkt;

    /// Is this PostGIS's answer, or (`false`) a refusal?
    pub fn answers(own: Result<Geometry>, expected: &str, document: &str) -> bool {
        let own = match own {
            Ok(geometry) => wkt::print(&geometry, wkt::Style::Extended, 15),
            Err(error) => format!("{}: {}", error.state(), error.message()),
        };
        let refused = own.starts_with("0A000");
        assert!(refused || own == expected, "{document}: {own}");
        !refused
    }

    #[test]
    fn reads_what_is_well_formed() {
        let root = parse("<?xml version=\"1.0\"?><!-- c --><a:b x='1&amp;2'>u<c/>&#44;<![CDATA[<v]]></a:b>").unwrap();
        assert_eq!((root.prefix.as_str(), root.name.as_str(), root.attribute("x")), ("a", "b", Some("1&2")));
        assert_eq!((root.text.as_str(), root.children.len()), ("u,<v", 1));
        for bad in ["", "<a>", "<a></b>", "<a", "<a x=1/>", "<a/>x", "<a>&b</a>", "<a x='1' x='2'/>", "<a>&b;</a>"] {
            assert_eq!(parse(bad).unwrap_err(), Trouble::Malformed, "{bad}");
        }
        for unread in ["<!DOCTYPE a><a/>", "<a><?b?></a>", &"<a>".repeat(5000)] {
            assert_eq!(parse(unread).unwrap_err(), Trouble::Unread, "{unread:.20}");
        }
    }
}
