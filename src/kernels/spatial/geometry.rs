//! The decoded geometry: one tree for every type PostGIS has.

use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, Geom};

use super::wkb;

/// A position; ordinates a geometry does not have are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Coord {
    pub x: f64,
    pub y: f64,
    pub z: f64,
    pub m: f64,
}

impl Coord {
    pub fn xy(x: f64, y: f64) -> Coord {
        Coord { x, y, z: 0.0, m: 0.0 }
    }

    /// Same place in the plane.
    pub fn same_xy(&self, other: &Coord) -> bool {
        self.x == other.x && self.y == other.y
    }

    pub fn same_xyz(&self, other: &Coord) -> bool {
        self.same_xy(other) && self.z == other.z
    }

    pub fn distance(&self, other: &Coord) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// `self + (other - self) * fraction` in every ordinate.
    pub fn interpolate(&self, other: &Coord, fraction: f64) -> Coord {
        Coord {
            x: self.x + (other.x - self.x) * fraction,
            y: self.y + (other.y - self.y) * fraction,
            z: self.z + (other.z - self.z) * fraction,
            m: self.m + (other.m - self.m) * fraction,
        }
    }
}

/// The geometry types, in liblwgeom's order (typmods carry these numbers).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    Point = 1,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    GeometryCollection,
    CircularString,
    CompoundCurve,
    CurvePolygon,
    MultiCurve,
    MultiSurface,
    PolyhedralSurface,
    Triangle,
    Tin,
}

const KINDS: [Kind; 15] = [
    Kind::Point,
    Kind::LineString,
    Kind::Polygon,
    Kind::MultiPoint,
    Kind::MultiLineString,
    Kind::MultiPolygon,
    Kind::GeometryCollection,
    Kind::CircularString,
    Kind::CompoundCurve,
    Kind::CurvePolygon,
    Kind::MultiCurve,
    Kind::MultiSurface,
    Kind::PolyhedralSurface,
    Kind::Triangle,
    Kind::Tin,
];

impl Kind {
    /// The kind of a typmod or serialized number.
    pub fn from_number(number: u8) -> Option<Kind> {
        KINDS.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The name as messages, typmods and GML spell it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Point => "Point",
            Kind::LineString => "LineString",
            Kind::Polygon => "Polygon",
            Kind::MultiPoint => "MultiPoint",
            Kind::MultiLineString => "MultiLineString",
            Kind::MultiPolygon => "MultiPolygon",
            Kind::GeometryCollection => "GeometryCollection",
            Kind::CircularString => "CircularString",
            Kind::CompoundCurve => "CompoundCurve",
            Kind::CurvePolygon => "CurvePolygon",
            Kind::MultiCurve => "MultiCurve",
            Kind::MultiSurface => "MultiSurface",
            Kind::PolyhedralSurface => "PolyhedralSurface",
            Kind::Triangle => "Triangle",
            Kind::Tin => "Tin",
        }
    }

    pub fn is_collection(self) -> bool {
        !matches!(self, Kind::Point | Kind::LineString | Kind::Polygon | Kind::CircularString | Kind::Triangle)
    }

    /// The collection that holds values of this kind (`ST_Multi`, `ST_Collect`).
    pub fn multi(self) -> Kind {
        match self {
            Kind::Point => Kind::MultiPoint,
            Kind::LineString => Kind::MultiLineString,
            Kind::Polygon => Kind::MultiPolygon,
            Kind::CircularString | Kind::CompoundCurve => Kind::MultiCurve,
            Kind::CurvePolygon => Kind::MultiSurface,
            Kind::Triangle => Kind::Tin,
            other if other.is_collection() => Kind::GeometryCollection,
            _ => Kind::GeometryCollection,
        }
    }

    /// Whether a collection of this kind may hold `part`.
    pub fn allows(self, part: Kind) -> bool {
        match self {
            Kind::GeometryCollection => true,
            Kind::MultiPoint => part == Kind::Point,
            Kind::MultiLineString => part == Kind::LineString,
            Kind::MultiPolygon | Kind::PolyhedralSurface => part == Kind::Polygon,
            Kind::CompoundCurve => matches!(part, Kind::LineString | Kind::CircularString),
            Kind::CurvePolygon | Kind::MultiCurve => {
                matches!(part, Kind::LineString | Kind::CircularString | Kind::CompoundCurve)
            }
            Kind::MultiSurface => matches!(part, Kind::Polygon | Kind::CurvePolygon),
            Kind::Tin => part == Kind::Triangle,
            _ => false,
        }
    }

    pub fn has_arcs(self) -> bool {
        matches!(
            self,
            Kind::CircularString | Kind::CompoundCurve | Kind::CurvePolygon | Kind::MultiCurve | Kind::MultiSurface
        )
    }
}

/// The coordinates of a [`Geometry`].
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Point (none when EMPTY), LineString, CircularString.
    Coords(Vec<Coord>),
    /// Polygon, Triangle.
    Rings(Vec<Vec<Coord>>),
    /// Everything else.
    Parts(Vec<Geometry>),
}

/// A geometry or geography value. Parts carry the SRID and dimensions of the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    pub kind: Kind,
    pub srid: i32,
    pub z: bool,
    pub m: bool,
    pub body: Body,
}

impl Geometry {
    pub fn empty(kind: Kind, srid: i32) -> Geometry {
        let body = match kind {
            Kind::Point | Kind::LineString | Kind::CircularString => Body::Coords(Vec::new()),
            Kind::Polygon | Kind::Triangle => Body::Rings(Vec::new()),
            _ => Body::Parts(Vec::new()),
        };
        Geometry { kind, srid, z: false, m: false, body }
    }

    pub fn point(coord: Coord, srid: i32) -> Geometry {
        Geometry { kind: Kind::Point, srid, z: false, m: false, body: Body::Coords(vec![coord]) }
    }

    pub fn line(coords: Vec<Coord>, srid: i32) -> Geometry {
        Geometry { kind: Kind::LineString, srid, z: false, m: false, body: Body::Coords(coords) }
    }

    pub fn polygon(rings: Vec<Vec<Coord>>, srid: i32) -> Geometry {
        Geometry { kind: Kind::Polygon, srid, z: false, m: false, body: Body::Rings(rings) }
    }

    pub fn collection(kind: Kind, parts: Vec<Geometry>, srid: i32) -> Geometry {
        let z = parts.first().is_some_and(|part| part.z);
        let m = parts.first().is_some_and(|part| part.m);
        Geometry { kind, srid, z, m, body: Body::Parts(parts) }
    }

    /// The axis-parallel rectangle as PostGIS writes it: clockwise from the lower left corner.
    pub fn rectangle(xmin: f64, ymin: f64, xmax: f64, ymax: f64, srid: i32) -> Geometry {
        let ring = vec![
            Coord::xy(xmin, ymin),
            Coord::xy(xmin, ymax),
            Coord::xy(xmax, ymax),
            Coord::xy(xmax, ymin),
            Coord::xy(xmin, ymin),
        ];
        Geometry::polygon(vec![ring], srid)
    }

    /// With the dimensions of `other` (parts too).
    #[must_use]
    pub fn dimensioned(mut self, z: bool, m: bool) -> Geometry {
        self.set_dimensions(z, m);
        self
    }

    /// Same dimensions and SRID as `other`.
    #[must_use]
    pub fn like(mut self, other: &Geometry) -> Geometry {
        self.set_dimensions(other.z, other.m);
        self.set_srid(other.srid);
        self
    }

    pub fn set_dimensions(&mut self, z: bool, m: bool) {
        self.z = z;
        self.m = m;
        if let Body::Parts(parts) = &mut self.body {
            parts.iter_mut().for_each(|part| part.set_dimensions(z, m));
        }
    }

    pub fn set_srid(&mut self, srid: i32) {
        self.srid = srid;
        if let Body::Parts(parts) = &mut self.body {
            parts.iter_mut().for_each(|part| part.set_srid(srid));
        }
    }

    /// Decodes a geometry or geography datum.
    pub fn from_datum(datum: &Datum) -> Result<Geometry> {
        match datum {
            Datum::Geometry(geom) => wkb::decode(&geom.0),
            other => Err(Error::internal(format!("a geometry was expected, not {other:?}"))),
        }
    }

    /// Encodes as EWKB.
    pub fn into_datum(self) -> Datum {
        Datum::Geometry(Geom(wkb::encode(&self).into()))
    }

    /// No coordinate anywhere.
    pub fn is_empty(&self) -> bool {
        match &self.body {
            Body::Coords(coords) => coords.is_empty(),
            Body::Rings(rings) => rings.first().is_none_or(Vec::is_empty),
            Body::Parts(parts) => parts.iter().all(Geometry::is_empty),
        }
    }

    /// 2 to 4.
    pub fn coordinate_dimension(&self) -> i32 {
        2 + i32::from(self.z) + i32::from(self.m)
    }

    /// Topological dimension; `None` for kinds PostGIS refuses, -1 never.
    pub fn dimension(&self) -> i32 {
        match self.kind {
            Kind::Point | Kind::MultiPoint => 0,
            Kind::LineString
            | Kind::MultiLineString
            | Kind::CircularString
            | Kind::CompoundCurve
            | Kind::MultiCurve => 1,
            Kind::Polygon
            | Kind::MultiPolygon
            | Kind::CurvePolygon
            | Kind::MultiSurface
            | Kind::Triangle
            | Kind::Tin
            | Kind::PolyhedralSurface => 2,
            Kind::GeometryCollection => self.parts().iter().map(Geometry::dimension).max().unwrap_or(0),
        }
    }

    pub fn coords(&self) -> &[Coord] {
        if let Body::Coords(coords) = &self.body { coords } else { &[] }
    }

    pub fn rings(&self) -> &[Vec<Coord>] {
        if let Body::Rings(rings) = &self.body { rings } else { &[] }
    }

    pub fn parts(&self) -> &[Geometry] {
        if let Body::Parts(parts) = &self.body { parts } else { &[] }
    }

    /// Every coordinate in storage order.
    pub fn visit(&self, visitor: &mut impl FnMut(&Coord)) {
        match &self.body {
            Body::Coords(coords) => coords.iter().for_each(visitor),
            Body::Rings(rings) => rings.iter().flatten().for_each(visitor),
            Body::Parts(parts) => parts.iter().for_each(|part| part.visit(visitor)),
        }
    }

    pub fn visit_mut(&mut self, visitor: &mut impl FnMut(&mut Coord)) {
        match &mut self.body {
            Body::Coords(coords) => coords.iter_mut().for_each(visitor),
            Body::Rings(rings) => rings.iter_mut().flatten().for_each(visitor),
            Body::Parts(parts) => parts.iter_mut().for_each(|part| part.visit_mut(visitor)),
        }
    }

    /// Every coordinate list (points, lines, rings) in storage order.
    pub fn sequences_mut(&mut self, visitor: &mut impl FnMut(&mut Vec<Coord>)) {
        match &mut self.body {
            Body::Coords(coords) => visitor(coords),
            Body::Rings(rings) => rings.iter_mut().for_each(visitor),
            Body::Parts(parts) => parts.iter_mut().for_each(|part| part.sequences_mut(visitor)),
        }
    }

    pub fn all_coords(&self) -> Vec<Coord> {
        let mut all = Vec::new();
        self.visit(&mut |coord| all.push(*coord));
        all
    }

    pub fn num_points(&self) -> usize {
        let mut count = 0;
        self.visit(&mut |_| count += 1);
        count
    }

    pub fn first_coord(&self) -> Option<Coord> {
        match &self.body {
            Body::Coords(coords) => coords.first().copied(),
            Body::Rings(rings) => rings.first().and_then(|ring| ring.first()).copied(),
            Body::Parts(parts) => parts.iter().find_map(Geometry::first_coord),
        }
    }

    /// The simple (non-collection) geometries inside, in order.
    pub fn leaves(&self) -> Vec<&Geometry> {
        fn walk<'a>(geometry: &'a Geometry, out: &mut Vec<&'a Geometry>) {
            match &geometry.body {
                Body::Parts(parts) => parts.iter().for_each(|part| walk(part, out)),
                _ => out.push(geometry),
            }
        }
        let mut out = Vec::new();
        walk(self, &mut out);
        out
    }

    pub fn has_arcs(&self) -> bool {
        self.kind.has_arcs() && self.kind != Kind::MultiCurve && self.kind != Kind::MultiSurface && self.any_arc()
            || self.parts().iter().any(Geometry::has_arcs)
    }

    fn any_arc(&self) -> bool {
        self.kind == Kind::CircularString || self.parts().iter().any(Geometry::any_arc)
    }
}

/// XX000 with PostGIS's own words (`lwpgerror`).
pub fn failure(message: impl Into<String>) -> Error {
    Error::new(SqlState::INTERNAL_ERROR, message)
}

/// Refuses two geometries of different SRIDs, in the words of `function`.
pub fn same_srid(left: &Geometry, right: &Geometry, function: &str) -> Result<()> {
    if left.srid == right.srid {
        return Ok(());
    }
    Err(failure(format!(
        "{function}: Operation on mixed SRID geometries ({}, {}) != ({}, {})",
        left.kind.name(),
        left.srid,
        right.kind.name(),
        right.srid
    )))
}
