//! Well-known text: the parser takes OGC, ISO and EWKT spellings as liblwgeom's grammar does; two printers.

use crate::error::Result;

use super::geometry::{Body, Coord, Geometry, Kind, failure};
use super::number;
use super::wkb::is_closed;

const MAX_DEPTH: usize = 200;

/// Which text to print.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Style {
    /// `ST_AsEWKT`: `SRID=..;`, no Z, `POINTM(..)`.
    Extended,
    /// `ST_AsText`: `POINT Z (1 2 3)`, no SRID.
    Iso,
}

/// Prints a geometry with at most `precision` decimals.
pub fn print(geometry: &Geometry, style: Style, precision: i32) -> String {
    let mut out = String::new();
    if style == Style::Extended && geometry.srid != 0 {
        out.push_str(&format!("SRID={};", geometry.srid));
    }
    Printer { style, precision, out }.whole(geometry)
}

struct Printer {
    style: Style,
    precision: i32,
    out: String,
}

impl Printer {
    fn whole(mut self, geometry: &Geometry) -> String {
        self.tagged(geometry);
        self.out
    }

    fn tagged(&mut self, geometry: &Geometry) {
        self.out.push_str(&geometry.kind.name().to_ascii_uppercase());
        let dimensions = match (self.style, geometry.z, geometry.m) {
            (Style::Iso, true, true) => " ZM ",
            (Style::Iso, true, false) => " Z ",
            (Style::Iso, false, true) => " M ",
            (Style::Extended, false, true) => "M",
            _ => "",
        };
        self.out.push_str(dimensions);
        let empty = match &geometry.body {
            Body::Coords(coords) => coords.is_empty(),
            Body::Rings(rings) => rings.is_empty(),
            Body::Parts(parts) => parts.is_empty(),
        };
        if empty && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
        self.body(geometry);
    }

    fn body(&mut self, geometry: &Geometry) {
        match &geometry.body {
            Body::Coords(coords) => self.coords(coords, geometry),
            Body::Rings(rings) if rings.is_empty() => self.out.push_str("EMPTY"),
            Body::Rings(rings) => {
                self.list(rings, |printer, ring| printer.coords(ring, geometry));
            }
            Body::Parts(parts) if parts.is_empty() => self.out.push_str("EMPTY"),
            Body::Parts(parts) => self.list(parts, |printer, part| {
                let bare = match geometry.kind {
                    Kind::GeometryCollection => false,
                    Kind::MultiSurface => part.kind == Kind::Polygon,
                    _ => !part.kind.has_arcs(),
                };
                match part.coords().first() {
                    Some(coord) if part.kind == Kind::Point && bare && printer.style == Style::Extended => {
                        printer.coord(coord, part);
                    }
                    _ if bare => printer.body(part),
                    _ => printer.tagged(part),
                }
            }),
        }
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Printer, &T)) {
        self.out.push('(');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            each(self, item);
        }
        self.out.push(')');
    }

    fn coords(&mut self, coords: &[Coord], geometry: &Geometry) {
        if coords.is_empty() {
            self.out.push_str("EMPTY");
        } else {
            self.list(coords, |printer, coord| printer.coord(coord, geometry));
        }
    }

    fn coord(&mut self, coord: &Coord, geometry: &Geometry) {
        number::write(&mut self.out, coord.x, self.precision);
        self.out.push(' ');
        number::write(&mut self.out, coord.y, self.precision);
        if geometry.z {
            self.out.push(' ');
            number::write(&mut self.out, coord.z, self.precision);
        }
        if geometry.m {
            self.out.push(' ');
            number::write(&mut self.out, coord.m, self.precision);
        }
    }
}

/// Parses (E)WKT with all of liblwgeom's checks.
pub fn parse(text: &str) -> Result<Geometry> {
    let mut parser = Parser { text: text.as_bytes(), position: 0, depth: 0 };
    let mut srid = 0;
    parser.space();
    if parser.word("SRID=") {
        srid = super::clamp_srid(parser.integer()?);
        parser.expect(b';')?;
    }
    let mut geometry = parser.tagged()?;
    parser.space();
    if parser.position != parser.text.len() {
        return Err(invalid());
    }
    geometry.set_srid(srid);
    Ok(geometry)
}

fn invalid() -> crate::error::Error {
    failure("parse error - invalid geometry")
}

fn mixed() -> crate::error::Error {
    failure("can not mix dimensionality in a geometry")
}

/// What the text says before the coordinates do.
type Stated = Option<(bool, bool)>;

struct Parser<'a> {
    text: &'a [u8],
    position: usize,
    depth: usize,
}

const TAGS: [(&str, Kind); 15] = [
    ("POINT", Kind::Point),
    ("LINESTRING", Kind::LineString),
    ("POLYGON", Kind::Polygon),
    ("MULTIPOINT", Kind::MultiPoint),
    ("MULTILINESTRING", Kind::MultiLineString),
    ("MULTIPOLYGON", Kind::MultiPolygon),
    ("GEOMETRYCOLLECTION", Kind::GeometryCollection),
    ("CIRCULARSTRING", Kind::CircularString),
    ("COMPOUNDCURVE", Kind::CompoundCurve),
    ("CURVEPOLYGON", Kind::CurvePolygon),
    ("MULTICURVE", Kind::MultiCurve),
    ("MULTISURFACE", Kind::MultiSurface),
    ("POLYHEDRALSURFACE", Kind::PolyhedralSurface),
    ("TRIANGLE", Kind::Triangle),
    ("TIN", Kind::Tin),
];

impl Parser<'_> {
    fn space(&mut self) {
        while self.text.get(self.position).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.position += 1;
        }
    }

    /// Consumes `word` (any case) after white space.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let rest = &self.text[self.position..];
        let found = rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word.as_bytes());
        if found {
            self.position += word.len();
        }
        found
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.text.get(self.position) == Some(&byte);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.eat(byte) { Ok(()) } else { Err(invalid()) }
    }

    fn integer(&mut self) -> Result<i32> {
        let start = self.position;
        if self.text.get(self.position) == Some(&b'-') {
            self.position += 1;
        }
        while self.text.get(self.position).is_some_and(u8::is_ascii_digit) {
            self.position += 1;
        }
        let digits = std::str::from_utf8(&self.text[start..self.position]).map_err(|_| invalid())?;
        digits.parse::<i64>().map(|value| value.clamp(i32::MIN.into(), i32::MAX.into()) as i32).map_err(|_| invalid())
    }

    /// `-?` digits with an optional point, and an exponent unless the point ends the digits; or `nan`.
    fn number(&mut self) -> Option<f64> {
        self.space();
        if self.text.get(self.position..self.position + 3).is_some_and(|word| word.eq_ignore_ascii_case(b"nan")) {
            self.position += 3;
            return Some(f64::NAN);
        }
        let start = self.position;
        let mut end = start + usize::from(self.text.get(start) == Some(&b'-'));
        let digits_from = |mut at: usize| {
            while self.text.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let whole = end;
        end = digits_from(end);
        let whole_digits = end - whole;
        let mut fraction_digits = 0;
        let mut point = false;
        if self.text.get(end) == Some(&b'.') {
            point = true;
            let from = end + 1;
            end = digits_from(from);
            fraction_digits = end - from;
        }
        if whole_digits + fraction_digits == 0 {
            return None;
        }
        if (!point || fraction_digits > 0) && self.text.get(end).is_some_and(|byte| matches!(byte, b'e' | b'E')) {
            let sign = usize::from(self.text.get(end + 1).is_some_and(|byte| matches!(byte, b'-' | b'+')));
            let last = digits_from(end + 1 + sign);
            if last > end + 1 + sign {
                end = last;
            }
        }
        let value = std::str::from_utf8(&self.text[start..end]).ok()?.parse().ok()?;
        self.position = end;
        Some(value)
    }

    fn tag(&mut self) -> Result<Kind> {
        self.space();
        // The longest names first would not matter: no name is the beginning of another.
        for (name, kind) in TAGS {
            if self.word(name) {
                return Ok(kind);
            }
        }
        Err(invalid())
    }

    fn stated(&mut self) -> Stated {
        if self.word("ZM") {
            Some((true, true))
        } else if self.word("Z") {
            Some((true, false))
        } else if self.word("M") {
            Some((false, true))
        } else {
            None
        }
    }

    fn tagged(&mut self) -> Result<Geometry> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(invalid());
        }
        let kind = self.tag()?;
        let stated = self.stated();
        let geometry = self.untagged(kind, stated)?;
        self.depth -= 1;
        Ok(geometry)
    }

    /// The part after the name: EMPTY or a list in parentheses.
    fn untagged(&mut self, kind: Kind, stated: Stated) -> Result<Geometry> {
        if self.word("EMPTY") {
            let (z, m) = stated.unwrap_or((false, false));
            return Ok(Geometry::empty(kind, 0).dimensioned(z, m));
        }
        match kind {
            Kind::Point | Kind::LineString | Kind::CircularString => {
                let (coords, z, m) = self.coords(stated)?;
                if kind == Kind::Point && coords.len() != 1 {
                    return Err(invalid());
                }
                let least = match kind {
                    Kind::Point => 1,
                    Kind::LineString => 2,
                    _ => 3,
                };
                if coords.len() < least {
                    return Err(failure("geometry requires more points"));
                }
                if kind == Kind::CircularString && coords.len() % 2 == 0 {
                    return Err(failure("geometry must have an odd number of points"));
                }
                Ok(Geometry { kind, srid: 0, z, m, body: Body::Coords(coords) })
            }
            Kind::Polygon | Kind::Triangle => self.rings(kind, stated),
            _ => self.parts(kind, stated),
        }
    }

    fn rings(&mut self, kind: Kind, stated: Stated) -> Result<Geometry> {
        self.expect(b'(')?;
        let mut stated = stated;
        let mut rings = Vec::new();
        loop {
            let (ring, z, m) = self.coords(stated)?;
            if kind == Kind::Triangle && ring.len() != 4 {
                return Err(failure("triangle must have exactly 4 points"));
            }
            if ring.len() < 4 {
                return Err(failure("geometry requires more points"));
            }
            if !is_closed(&ring) {
                return Err(failure("geometry contains non-closed rings"));
            }
            stated = Some((z, m));
            rings.push(ring);
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b')')?;
        if kind == Kind::Triangle && rings.len() != 1 {
            return Err(invalid());
        }
        let (z, m) = stated.unwrap_or((false, false));
        Ok(Geometry { kind, srid: 0, z, m, body: Body::Rings(rings) })
    }

    fn parts(&mut self, kind: Kind, stated: Stated) -> Result<Geometry> {
        self.expect(b'(')?;
        let mut parts: Vec<Geometry> = Vec::new();
        loop {
            let mut part = self.part(kind, stated)?;
            match (stated, parts.first()) {
                (Some((z, m)), _) if part.is_empty() => part.set_dimensions(z, m),
                (Some((z, m)), _) if (part.z, part.m) != (z, m) => return Err(mixed()),
                (None, Some(first)) if (part.z, part.m) != (first.z, first.m) => {
                    return Err(failure("Dimensions mismatch in lwcollection"));
                }
                _ => {}
            }
            if kind == Kind::CompoundCurve && !continues(parts.last(), &part) {
                return Err(failure("incontinuous compound curve"));
            }
            if kind == Kind::CurvePolygon && !is_closed(&part.all_coords()) {
                return Err(failure("geometry contains non-closed rings"));
            }
            parts.push(part);
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b')')?;
        let mut geometry = Geometry::collection(kind, parts, 0);
        if let Some((z, m)) = stated {
            (geometry.z, geometry.m) = (z, m);
        }
        Ok(geometry)
    }

    /// A part without a name of its own has the dimensions that the whole states.
    fn part(&mut self, kind: Kind, stated: Stated) -> Result<Geometry> {
        let bare = match kind {
            Kind::GeometryCollection => return self.tagged(),
            Kind::MultiPoint => {
                self.space();
                return match self.text.get(self.position) {
                    Some(b'(' | b'e' | b'E') => self.untagged(Kind::Point, stated),
                    _ => {
                        let (coord, count) = self.coord()?;
                        let (z, m) = dimensions(count, stated)?;
                        let coord = if m && !z { Coord { z: 0.0, m: coord.z, ..coord } } else { coord };
                        Ok(Geometry::point(coord, 0).dimensioned(z, m))
                    }
                };
            }
            Kind::MultiPolygon | Kind::PolyhedralSurface | Kind::MultiSurface => Kind::Polygon,
            Kind::Tin => Kind::Triangle,
            _ => Kind::LineString,
        };
        self.space();
        if matches!(self.text.get(self.position), Some(b'(' | b'e' | b'E')) {
            return self.untagged(bare, stated);
        }
        let part = self.tagged()?;
        if kind.allows(part.kind) && part.kind.has_arcs() || kind.allows(part.kind) && kind.has_arcs() {
            Ok(part)
        } else {
            Err(invalid())
        }
    }

    /// `(x y, x y ...)`, one dimensionality throughout.
    fn coords(&mut self, stated: Stated) -> Result<(Vec<Coord>, bool, bool)> {
        self.expect(b'(')?;
        let mut coords = Vec::new();
        let mut first = None;
        loop {
            let (coord, count) = self.coord()?;
            if *first.get_or_insert(count) != count {
                return Err(mixed());
            }
            coords.push((coord, count));
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b')')?;
        let (z, m) = dimensions(first.unwrap_or(2), stated)?;
        let only_m = m && !z;
        let place = |(coord, _): (Coord, usize)| if only_m { Coord { z: 0.0, m: coord.z, ..coord } } else { coord };
        Ok((coords.into_iter().map(place).collect(), z, m))
    }

    fn coord(&mut self) -> Result<(Coord, usize)> {
        let mut values = [0.0; 4];
        let mut count = 0;
        while count < 4 {
            let Some(value) = self.number() else { break };
            values[count] = value;
            count += 1;
            // Numbers need white space between them (or a sign: the grammar takes `1-2`).
        }
        if count < 2 {
            return Err(invalid());
        }
        Ok((Coord { x: values[0], y: values[1], z: values[2], m: values[3] }, count))
    }
}

fn dimensions(count: usize, stated: Stated) -> Result<(bool, bool)> {
    match stated {
        None => Ok((count > 2, count > 3)),
        Some((z, m)) if 2 + usize::from(z) + usize::from(m) == count => Ok((z, m)),
        Some(_) => Err(mixed()),
    }
}

/// Whether `part` starts where the curve ends.
fn continues(last: Option<&Geometry>, part: &Geometry) -> bool {
    let Some(last) = last else { return !part.is_empty() };
    match (last.coords().last(), part.coords().first()) {
        (Some(end), Some(start)) => end.same_xyz(start),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_postgis_reads() {
        // select st_asewkt(text), st_astext(text)
        for (text, extended, iso) in [
            ("POINT(1. .5)", "POINT(1 0.5)", "POINT(1 0.5)"),
            ("POINT(1e5 -1E-5)", "POINT(100000 -0.00001)", "POINT(100000 -0.00001)"),
            ("POINT EMPTY", "POINT EMPTY", "POINT EMPTY"),
            ("POINTM(1 2 3)", "POINTM(1 2 3)", "POINT M (1 2 3)"),
            ("srid=4326;point z (1 2 3)", "SRID=4326;POINT(1 2 3)", "POINT Z (1 2 3)"),
            ("  SRID=4326;  POINT(1 2) ", "SRID=4326;POINT(1 2)", "POINT(1 2)"),
            ("MULTIPOINT((1 2),3 4)", "MULTIPOINT(1 2,3 4)", "MULTIPOINT((1 2),(3 4))"),
            ("MULTIPOINT Z(1 2 3, EMPTY)", "MULTIPOINT(1 2 3,EMPTY)", "MULTIPOINT Z ((1 2 3),EMPTY)"),
            (
                "GEOMETRYCOLLECTION Z (POINT EMPTY)",
                "GEOMETRYCOLLECTION(POINT EMPTY)",
                "GEOMETRYCOLLECTION Z (POINT Z EMPTY)",
            ),
            (
                "GEOMETRYCOLLECTION M(POINT M(1 2 3))",
                "GEOMETRYCOLLECTIONM(POINTM(1 2 3))",
                "GEOMETRYCOLLECTION M (POINT M (1 2 3))",
            ),
            ("COMPOUNDCURVE Z EMPTY", "COMPOUNDCURVE EMPTY", "COMPOUNDCURVE Z EMPTY"),
            (
                "CURVEPOLYGON(COMPOUNDCURVE((0 0,1 0),(1 0,0 1,0 0)))",
                "CURVEPOLYGON(COMPOUNDCURVE((0 0,1 0),(1 0,0 1,0 0)))",
                "CURVEPOLYGON(COMPOUNDCURVE((0 0,1 0),(1 0,0 1,0 0)))",
            ),
            ("MULTISURFACE(EMPTY)", "MULTISURFACE(EMPTY)", "MULTISURFACE(EMPTY)"),
            ("MULTIPOINT M((1 1 3),2 2 4)", "MULTIPOINTM(1 1 3,2 2 4)", "MULTIPOINT M ((1 1 3),(2 2 4))"),
            (
                "MULTILINESTRING M((0 0 1,1 0 1),EMPTY)",
                "MULTILINESTRINGM((0 0 1,1 0 1),EMPTY)",
                "MULTILINESTRING M ((0 0 1,1 0 1),EMPTY)",
            ),
        ] {
            let geometry = parse(text).expect(text);
            assert_eq!(print(&geometry, Style::Extended, 15), extended);
            assert_eq!(print(&geometry, Style::Iso, 15), iso);
        }
    }

    #[test]
    fn refuses_what_postgis_refuses() {
        for (text, message) in [
            ("", "parse error - invalid geometry"),
            ("POINT(1 2", "parse error - invalid geometry"),
            ("POINT(+1 2)", "parse error - invalid geometry"),
            ("POINT(1.e5 2)", "parse error - invalid geometry"),
            ("POINT(1 2) x", "parse error - invalid geometry"),
            ("POLYGON(EMPTY)", "parse error - invalid geometry"),
            ("LINESTRING(0 0)", "geometry requires more points"),
            ("POLYGON((0 0,1 0,1 1))", "geometry requires more points"),
            ("POLYGON((0 0,1 1,1 0,0 1))", "geometry contains non-closed rings"),
            ("LINESTRING(0 0, 1 1 1)", "can not mix dimensionality in a geometry"),
            ("POINT Z (1 2)", "can not mix dimensionality in a geometry"),
            ("GEOMETRYCOLLECTION Z(POINT(1 2))", "can not mix dimensionality in a geometry"),
            ("MULTIPOINT(1 2, 3 4 5)", "Dimensions mismatch in lwcollection"),
            ("CIRCULARSTRING(0 0,1 1,2 0,3 3)", "geometry must have an odd number of points"),
            ("COMPOUNDCURVE((0 0,1 1),(2 2,3 3))", "incontinuous compound curve"),
            ("TIN(((0 0,1 0,0 1)))", "triangle must have exactly 4 points"),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.message(), message, "{text}");
        }
    }
}
