//! SVG, KML and GML.

use crate::error::Result;
use crate::kernels::{Call, Scalar};
use crate::types::Datum;

use super::args;
use super::bounds::Bounds;
use super::geometry::{Coord, Geometry, Kind, failure};
use super::io;
use super::json_out;
use super::number;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_assvg(geometry,int4,int4)", svg_kernel),
    ("st_assvg(geography,int4,int4)", svg_kernel),
    ("st_assvg(text)", |_, a| Ok(Datum::text(svg(&io::parse_geometry(args::text(a, 0)?)?, false, 15)?))),
    ("st_askml(geometry,int4,text)", kml_kernel),
    ("st_askml(geography,int4,text)", kml_kernel),
    ("st_asgml(geometry,int4,int4)", |_, a| gml_kernel(a, Some(2), 0, None)),
    ("st_asgml(int4,geometry,int4,int4,text,text)", |_, a| {
        if args::is_null(a, 0) {
            return Ok(Datum::Null);
        }
        gml_kernel(a, Some(args::int(a, 0)?), 1, Some(4))
    }),
    ("st_asgml(geography,int4,int4,text,text)", |_, a| gml_kernel(a, Some(2), 0, Some(3))),
    ("st_asgml(int4,geography,int4,int4,text,text)", |_, a| gml_kernel(a, Some(args::int(a, 0)?), 1, Some(4))),
];

fn unsupported(format: &str, kind: Kind) -> crate::error::Error {
    failure(format!("lwgeom_to_{format}: '{}' geometry type not supported", kind.name()))
}

fn svg_kernel(_call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let relative = args::int(a, 1)? != 0;
    Ok(Datum::text(svg(&args::geometry(a, 0)?, relative, args::int(a, 2)?)?))
}

fn svg(geometry: &Geometry, relative: bool, precision: i32) -> Result<String> {
    if geometry.is_empty() {
        return Ok(String::new());
    }
    let pair = |coord: &Coord| (number::text(coord.x, precision), number::text(-coord.y, precision));
    let separated = |separator: &str| -> Result<String> {
        let parts: Result<Vec<String>> = geometry.parts().iter().map(|part| svg(part, relative, precision)).collect();
        Ok(parts?.join(separator))
    };
    Ok(match geometry.kind {
        Kind::Point => {
            let (x, y) = geometry.coords().first().map(pair).unwrap_or_default();
            if relative { format!("x=\"{x}\" y=\"{y}\"") } else { format!("cx=\"{x}\" cy=\"{y}\"") }
        }
        Kind::LineString => svg_path(geometry.coords(), false, relative, precision),
        Kind::Polygon => {
            let rings: Vec<String> =
                geometry.rings().iter().map(|ring| svg_path(ring, true, relative, precision)).collect();
            rings.join(" ")
        }
        Kind::MultiPoint => separated(",")?,
        Kind::MultiLineString | Kind::MultiPolygon => separated(" ")?,
        Kind::GeometryCollection => separated(";")?,
        other => return Err(unsupported("svg", other)),
    })
}

fn svg_path(coords: &[Coord], ring: bool, relative: bool, precision: i32) -> String {
    let scale = 10_f64.powi(precision.max(0));
    let rounded = |value: f64| if relative { (value * scale).round() / scale } else { value };
    // The closing position of a ring is left out.
    let coords = if ring { coords.split_last().map_or(coords, |(_, rest)| rest) } else { coords };
    let mut out = String::from("M ");
    let mut last = (0.0, 0.0);
    for (index, coord) in coords.iter().enumerate() {
        match index {
            0 => {}
            1 => out.push_str(if relative { " l " } else { " L " }),
            _ => out.push(' '),
        }
        let (x, y) = (rounded(coord.x), rounded(coord.y));
        let (dx, dy) = if relative && index > 0 { (x - last.0, y - last.1) } else { (x, y) };
        number::write(&mut out, dx, precision);
        out.push(' ');
        number::write(&mut out, -dy, precision);
        last = (x, y);
    }
    if ring {
        out.push_str(if relative { " z" } else { " Z" });
    }
    out
}

fn kml_kernel(_call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let (mut geometry, precision, prefix) = (args::geometry(a, 0)?, args::int(a, 1)?, args::text(a, 2)?);
    if geometry.srid == 0 {
        return Err(failure("ST_AsKML: Input geometry has unknown (0) SRID"));
    }
    if geometry.srid != 4326 {
        geometry = super::transform::transform(geometry, 4326)?;
    }
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}:") };
    Ok(match kml(&geometry, precision, &prefix)? {
        text if text.is_empty() => Datum::Null,
        text => Datum::text(text),
    })
}

fn kml(geometry: &Geometry, precision: i32, p: &str) -> Result<String> {
    let coordinates = |coords: &[Coord]| joined(coords, geometry.z, precision, ",", " ");
    if geometry.is_empty() {
        return Ok(String::new());
    }
    let ring = |name: &str, coords: &[Coord]| {
        format!(
            "<{p}{name}><{p}LinearRing><{p}coordinates>{}</{p}coordinates></{p}LinearRing></{p}{name}>",
            coordinates(coords)
        )
    };
    Ok(match geometry.kind {
        Kind::Point | Kind::LineString => {
            let name = geometry.kind.name();
            format!("<{p}{name}><{p}coordinates>{}</{p}coordinates></{p}{name}>", coordinates(geometry.coords()))
        }
        Kind::Polygon => {
            let rings: String = geometry
                .rings()
                .iter()
                .enumerate()
                .map(|(index, coords)| ring(if index == 0 { "outerBoundaryIs" } else { "innerBoundaryIs" }, coords))
                .collect();
            format!("<{p}Polygon>{rings}</{p}Polygon>")
        }
        Kind::MultiPoint | Kind::MultiLineString | Kind::MultiPolygon => {
            let parts: Result<String> = geometry.parts().iter().map(|part| kml(part, precision, p)).collect();
            format!("<{p}MultiGeometry>{}</{p}MultiGeometry>", parts?)
        }
        other => return Err(unsupported("kml2", other)),
    })
}

/// Positions with their ordinates: `1,2 3,4`.
fn joined(coords: &[Coord], z: bool, precision: i32, between: &str, after: &str) -> String {
    let mut out = String::new();
    for (index, coord) in coords.iter().enumerate() {
        if index > 0 {
            out.push_str(after);
        }
        number::write(&mut out, coord.x, precision);
        out.push_str(between);
        number::write(&mut out, coord.y, precision);
        if z {
            out.push_str(between);
            number::write(&mut out, coord.z, precision);
        }
    }
    out
}

fn gml_kernel(a: &[Datum], version: Option<i32>, at: usize, names: Option<usize>) -> Result<Datum> {
    if args::is_null(a, at) || args::is_null(a, at + 1) || args::is_null(a, at + 2) {
        return Ok(Datum::Null);
    }
    let version = version.unwrap_or(2);
    if version != 2 && version != 3 {
        return Err(failure("Only GML 2 and GML 3 are supported"));
    }
    let geometry = args::geometry(a, at)?;
    let (precision, options) = (args::int(a, at + 1)?, args::int(a, at + 2)?);
    let name = |index: usize| match names {
        Some(first) if !args::is_null(a, first + index) => args::text(a, first + index).map(Some),
        _ => Ok(None),
    };
    let prefix = match name(0)? {
        None => "gml:".to_owned(),
        Some("") => String::new(),
        Some(prefix) => format!("{prefix}:"),
    };
    let srs = if geometry.srid == 0 {
        String::new()
    } else {
        format!(" srsName=\"{}\"", json_out::authority(geometry.srid, options & 1 == 0)?)
    };
    let id = match name(1)? {
        Some(id) if !id.is_empty() && version == 3 => format!(" {prefix}id=\"{id}\""),
        _ => String::new(),
    };
    let writer = Gml { p: &prefix, precision, options, dimension: if geometry.z { 3 } else { 2 } };
    let attributes = format!("{srs}{id}");
    let text = match (version, options & 32 != 0) {
        (2, true) => writer.box2(&geometry, &srs),
        (2, false) => writer.two(&geometry, &attributes)?,
        (_, true) => writer.envelope(&geometry, &srs),
        (_, false) => writer.three(&geometry, &attributes)?,
    };
    Ok(if text.is_empty() { Datum::Null } else { Datum::text(text) })
}

struct Gml<'a> {
    p: &'a str,
    precision: i32,
    options: i32,
    dimension: u8,
}

impl Gml<'_> {
    fn element(&self, name: &str, attributes: &str, content: &str) -> String {
        let p = self.p;
        format!("<{p}{name}{attributes}>{content}</{p}{name}>")
    }

    fn corners(&self, geometry: &Geometry) -> Option<[Coord; 2]> {
        Bounds::of(geometry).map(|bounds| [bounds.min, bounds.max])
    }

    fn box2(&self, geometry: &Geometry, srs: &str) -> String {
        let Some(corners) = self.corners(geometry) else { return self.element("Box", srs, "") };
        let text = joined(&corners, geometry.z, self.precision, ",", " ");
        self.element("Box", srs, &self.element("coordinates", "", &text))
    }

    fn envelope(&self, geometry: &Geometry, srs: &str) -> String {
        let dimension =
            if self.options & 2 == 0 { format!(" srsDimension=\"{}\"", self.dimension) } else { String::new() };
        let Some([low, high]) = self.corners(geometry) else { return self.element("Envelope", srs, "") };
        let content = self.element("lowerCorner", "", &self.positions(&[low], geometry.z))
            + &self.element("upperCorner", "", &self.positions(&[high], geometry.z));
        self.element("Envelope", &format!("{srs}{dimension}"), &content)
    }

    fn coordinates(&self, coords: &[Coord], z: bool) -> String {
        self.element("coordinates", "", &joined(coords, z, self.precision, ",", " "))
    }

    fn two(&self, geometry: &Geometry, attributes: &str) -> Result<String> {
        if geometry.is_empty() {
            return Ok(String::new());
        }
        let z = geometry.z;
        let member = match geometry.kind {
            Kind::Point | Kind::LineString => {
                let content = self.coordinates(geometry.coords(), z);
                return Ok(self.element(geometry.kind.name(), attributes, &content));
            }
            Kind::Polygon => {
                let rings: String = geometry
                    .rings()
                    .iter()
                    .enumerate()
                    .map(|(index, ring)| {
                        let ring = self.element("LinearRing", "", &self.coordinates(ring, z));
                        self.element(if index == 0 { "outerBoundaryIs" } else { "innerBoundaryIs" }, "", &ring)
                    })
                    .collect();
                return Ok(self.element("Polygon", attributes, &rings));
            }
            Kind::MultiPoint => "pointMember",
            Kind::MultiLineString => "lineStringMember",
            Kind::MultiPolygon => "polygonMember",
            Kind::GeometryCollection => "geometryMember",
            other => return Err(unsupported("gml2", other)),
        };
        let name = if geometry.kind == Kind::GeometryCollection { "MultiGeometry" } else { geometry.kind.name() };
        let mut content = String::new();
        for part in geometry.parts() {
            content.push_str(&self.element(member, "", &self.two(part, "")?));
        }
        Ok(self.element(name, attributes, &content))
    }

    fn positions(&self, coords: &[Coord], z: bool) -> String {
        if self.options & 16 == 0 {
            return joined(coords, z, self.precision, " ", " ");
        }
        let flipped: Vec<Coord> = coords.iter().map(|coord| Coord { x: coord.y, y: coord.x, ..*coord }).collect();
        joined(&flipped, z, self.precision, " ", " ")
    }

    fn pos_list(&self, name: &str, coords: &[Coord], z: bool) -> String {
        let dimension =
            if self.options & 2 == 0 { format!(" srsDimension=\"{}\"", self.dimension) } else { String::new() };
        self.element(name, &dimension, &self.positions(coords, z))
    }

    fn three(&self, geometry: &Geometry, attributes: &str) -> Result<String> {
        if geometry.is_empty() {
            return Ok(String::new());
        }
        let z = geometry.z;
        let rings = |rings: &[Vec<Coord>]| -> String {
            rings
                .iter()
                .enumerate()
                .map(|(index, ring)| {
                    let ring = self.element("LinearRing", "", &self.pos_list("posList", ring, z));
                    self.element(if index == 0 { "exterior" } else { "interior" }, "", &ring)
                })
                .collect()
        };
        let (name, member) = match geometry.kind {
            Kind::Point => return Ok(self.element("Point", attributes, &self.pos_list("pos", geometry.coords(), z))),
            Kind::LineString if self.options & 4 != 0 => {
                return Ok(self.element("LineString", attributes, &self.pos_list("posList", geometry.coords(), z)));
            }
            Kind::LineString | Kind::CircularString => {
                let name = if geometry.kind == Kind::LineString { "LineStringSegment" } else { "ArcString" };
                let segment = self.element(name, "", &self.pos_list("posList", geometry.coords(), z));
                return Ok(self.element("Curve", attributes, &self.element("segments", "", &segment)));
            }
            Kind::Polygon | Kind::Triangle => {
                return Ok(self.element(geometry.kind.name(), attributes, &rings(geometry.rings())));
            }
            Kind::PolyhedralSurface => {
                let patches: String = geometry
                    .parts()
                    .iter()
                    .map(|part| self.element("PolygonPatch", "", &rings(part.rings())))
                    .collect();
                let content = self.element("polygonPatches", "", &patches);
                return Ok(self.element("PolyhedralSurface", attributes, &content));
            }
            Kind::Tin => {
                let patches: String =
                    geometry.parts().iter().map(|part| self.element("Triangle", "", &rings(part.rings()))).collect();
                return Ok(self.element("Tin", attributes, &self.element("trianglePatches", "", &patches)));
            }
            Kind::MultiPoint => ("MultiPoint", "pointMember"),
            Kind::MultiLineString => ("MultiCurve", "curveMember"),
            Kind::MultiPolygon => ("MultiSurface", "surfaceMember"),
            Kind::GeometryCollection => ("MultiGeometry", "geometryMember"),
            other => return Err(unsupported("gml3", other)),
        };
        let mut content = String::new();
        for part in geometry.parts() {
            content.push_str(&self.element(member, "", &self.three(part, "")?));
        }
        Ok(self.element(name, attributes, &content))
    }
}
