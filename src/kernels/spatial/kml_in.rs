//! `ST_GeomFromKML`. What PostGIS says of each form was asked of PostGIS 3.3; forms that were not are refused.

use crate::error::{Error, Result};
use crate::kernels::Scalar;

use super::args;
use super::geometry::{Coord, Geometry, Kind, failure};
use super::xml::{self, Element, Trouble};

pub(super) const SCALARS: &[(&str, Scalar)] =
    &[("st_geomfromkml(text)", |_, a| Ok(parse(args::text(a, 0)?)?.into_datum()))];

fn invalid() -> Error {
    failure("invalid KML representation")
}

fn parse(text: &str) -> Result<Geometry> {
    let root = xml::parse(text).map_err(|trouble| match trouble {
        Trouble::Malformed => invalid(),
        Trouble::Unread => Error::unsupported("this form of KML"),
    })?;
    check_spaces(&root)?;
    let mut geometry = match root.name.as_str() {
        "MultiGeometry" => {
            let mut members = Vec::new();
            gather(&root, &mut members)?;
            homogenized(members)
        }
        _ => simple(&root)?.ok_or_else(invalid)?,
    };
    geometry.set_srid(4326);
    Ok(geometry)
}

/// A prefix that stands for another language would hide its elements.
fn check_spaces(element: &Element) -> Result<()> {
    let foreign = |(name, value): &(String, String)| {
        name.strip_prefix("xmlns:").is_some_and(|_| !value.starts_with("http://www.opengis.net/kml/"))
    };
    if element.attributes.iter().any(foreign) {
        return Err(Error::unsupported("KML among other namespaces"));
    }
    element.children.iter().try_for_each(check_spaces)
}

fn simple(element: &Element) -> Result<Option<Geometry>> {
    Ok(Some(match element.name.as_str() {
        "Point" => {
            let (coords, z) = coordinates(element)?;
            if coords.len() != 1 {
                return Err(invalid());
            }
            Geometry::point(coords[0], 0).dimensioned(z, false)
        }
        "LineString" => {
            let (coords, z) = coordinates(element)?;
            if coords.len() < 2 {
                return Err(invalid());
            }
            Geometry::line(coords, 0).dimensioned(z, false)
        }
        "Polygon" => {
            let outer = element.child("outerBoundaryIs").ok_or_else(invalid)?;
            let (shell, z) = ring(outer)?;
            let mut rings = vec![shell];
            for inner in element.named("innerBoundaryIs") {
                let (hole, solid) = ring(inner)?;
                if solid != z {
                    return Err(Error::unsupported("KML rings of several dimensions"));
                }
                rings.push(hole);
            }
            Geometry::polygon(rings, 0).dimensioned(z, false)
        }
        _ => return Ok(None),
    }))
}

fn ring(boundary: &Element) -> Result<(Vec<Coord>, bool)> {
    let (coords, z) = coordinates(boundary.child("LinearRing").ok_or_else(invalid)?)?;
    let (Some(first), Some(last)) = (coords.first(), coords.last()) else { return Err(invalid()) };
    if coords.len() < 4 {
        return Err(invalid());
    }
    if !first.same_xy(last) || z && first.z != last.z {
        return Err(Error::unsupported("an open ring in KML (PostGIS closes it with a notice)"));
    }
    Ok((coords, z))
}

fn coordinates(element: &Element) -> Result<(Vec<Coord>, bool)> {
    let text = &element.child("coordinates").ok_or_else(invalid)?.text;
    if text.split_ascii_whitespace().any(|tuple| tuple.starts_with(',') || tuple.ends_with(',')) {
        // It has rules of its own.
        return Err(Error::unsupported("space around commas in KML"));
    }
    let mut coords = Vec::new();
    let mut solid = None;
    for tuple in text.split_ascii_whitespace() {
        let values: Option<Vec<f64>> = tuple.split(',').map(xml::number).collect();
        let (coord, z) = match values.ok_or_else(invalid)?.as_slice() {
            [x, y] => (Coord::xy(*x, *y), false),
            [x, y, z] => (Coord { x: *x, y: *y, z: *z, m: 0.0 }, true),
            _ => return Err(invalid()),
        };
        if solid.is_some_and(|solid| solid != z) {
            return Err(failure("invalid KML representation: mixed coordinates dimension"));
        }
        solid = Some(z);
        coords.push(coord);
    }
    Ok((coords, solid.unwrap_or(false)))
}

/// The members of collections inside of each other, in order; other elements are passed over.
fn gather(element: &Element, members: &mut Vec<Geometry>) -> Result<()> {
    for child in &element.children {
        if child.name == "MultiGeometry" {
            gather(child, members)?;
        } else {
            members.extend(simple(child)?);
        }
    }
    Ok(())
}

/// One geometry of what is of one kind; points, lines and polygons of a mixture each together.
fn homogenized(mut members: Vec<Geometry>) -> Geometry {
    if members.iter().any(|member| !member.z) {
        members.iter_mut().for_each(|member| {
            member.set_dimensions(false, false);
            member.visit_mut(&mut |coord| coord.z = 0.0);
        });
    }
    let mut parts = Vec::new();
    for kind in [Kind::Point, Kind::LineString, Kind::Polygon] {
        let mut own: Vec<Geometry> = members.iter().filter(|member| member.kind == kind).cloned().collect();
        match own.len() {
            0 => {}
            1 => parts.append(&mut own),
            _ => parts.push(Geometry::collection(kind.multi(), own, 0)),
        }
    }
    match parts.len() {
        0 => Geometry::empty(Kind::GeometryCollection, 0),
        1 => parts.swap_remove(0),
        _ => Geometry::collection(Kind::GeometryCollection, parts, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each form as PostGIS 3.3 answered it, or refused.
    #[test]
    fn reads_as_postgis_or_refuses() {
        let mut refused = 0;
        for (document, expected) in [
            ("<Point><coordinates>1,2</coordinates></Point>", "SRID=4326;POINT(1 2)"),
            ("<Point><coordinates> 1,2,3 </coordinates></Point>", "SRID=4326;POINT(1 2 3)"),
            ("<Point><coordinates>1, 2</coordinates></Point>", "SRID=4326;POINT(1 2)"),
            ("<Point><coordinates>1,2 3,4</coordinates></Point>", "XX000: invalid KML representation"),
            ("<Point></Point>", "XX000: invalid KML representation"),
            ("<Point/>", "XX000: invalid KML representation"),
            ("<Point><coordinates></coordinates></Point>", "XX000: invalid KML representation"),
            ("<LineString><coordinates>1,2 3,4</coordinates></LineString>", "SRID=4326;LINESTRING(1 2,3 4)"),
            ("<LineString><coordinates>1,2</coordinates></LineString>", "XX000: invalid KML representation"),
            ("<LineString><coordinates>1,2 3</coordinates></LineString>", "XX000: invalid KML representation"),
            (
                "<LineString><extrude>1</extrude><coordinates>1,2,3 4,5,6</coordinates></LineString>",
                "SRID=4326;LINESTRING(1 2 3,4 5 6)",
            ),
            (
                r##"<kml:LineString xmlns:kml="http://www.opengis.net/kml/2.2"><kml:coordinates>1,2,3 4,5,6</kml:coordinates></kml:LineString>"##,
                "SRID=4326;LINESTRING(1 2 3,4 5 6)",
            ),
            (
                r##"<LineString xmlns="http://bad.net/kml/2.2"><coordinates>1,2,3 4,5,6</coordinates></LineString>"##,
                "SRID=4326;LINESTRING(1 2 3,4 5 6)",
            ),
            (
                "<Polygon><outerBoundaryIs><LinearRing><coordinates>1,2 3,4 5,6 1,2</coordinates></LinearRing></outerBoundaryIs></Polygon>",
                "SRID=4326;POLYGON((1 2,3 4,5 6,1 2))",
            ),
            (
                "<Polygon><outerBoundaryIs><LinearRing><coordinates>1,2 3,4 5,6</coordinates></LinearRing></outerBoundaryIs></Polygon>",
                "XX000: invalid KML representation",
            ),
            (
                "<Polygon><outerBoundaryIs><LinearRing><coordinates>1,2 3,4 5,6 2,2</coordinates></LinearRing></outerBoundaryIs></Polygon>",
                "SRID=4326;POLYGON((1 2,3 4,5 6,2 2,1 2))",
            ),
            (
                "<Polygon><innerBoundaryIs><LinearRing><coordinates>0,0 3,4 5,6 0,0</coordinates></LinearRing></innerBoundaryIs><outerBoundaryIs><LinearRing><coordinates>1,2 3,4 5,6 1,2</coordinates></LinearRing></outerBoundaryIs></Polygon>",
                "SRID=4326;POLYGON((1 2,3 4,5 6,1 2),(0 0,3 4,5 6,0 0))",
            ),
            ("<Polygon></Polygon>", "XX000: invalid KML representation"),
            (
                "<MultiGeometry><Point><coordinates>1,2</coordinates></Point><Point><coordinates>1,2,3</coordinates></Point></MultiGeometry>",
                "SRID=4326;MULTIPOINT(1 2,1 2)",
            ),
            ("<MultiGeometry></MultiGeometry>", "SRID=4326;GEOMETRYCOLLECTION EMPTY"),
            ("<MultiGeometry><Point><coordinates>1,2</coordinates></Point></MultiGeometry>", "SRID=4326;POINT(1 2)"),
            (
                "<MultiGeometry><Point><coordinates>1,2</coordinates></Point><LineString><coordinates>1,2 3,4</coordinates></LineString><Point><coordinates>5,2</coordinates></Point></MultiGeometry>",
                "SRID=4326;GEOMETRYCOLLECTION(MULTIPOINT(1 2,5 2),LINESTRING(1 2,3 4))",
            ),
            (
                "<MultiGeometry><LineString><coordinates>1,2 3,4</coordinates></LineString><MultiGeometry><Point><coordinates>5,2</coordinates></Point><LineString><coordinates>1,2 3,4</coordinates></LineString></MultiGeometry></MultiGeometry>",
                "SRID=4326;GEOMETRYCOLLECTION(POINT(5 2),MULTILINESTRING((1 2,3 4),(1 2,3 4)))",
            ),
            (
                "<MultiGeometry><Foo/><Point><coordinates>1,2</coordinates></Point></MultiGeometry>",
                "SRID=4326;POINT(1 2)",
            ),
            ("<Foo></Foo>", "XX000: invalid KML representation"),
            ("", "XX000: invalid KML representation"),
            ("<Point><coordinates>1,2</coordinates>", "XX000: invalid KML representation"),
            (
                r##"<?xml version="1.0"?><!-- c --><Point><!-- d --><coordinates>1,2</coordinates></Point>"##,
                "SRID=4326;POINT(1 2)",
            ),
            ("<Point><coordinates>1e2,-2.5E-1</coordinates></Point>", "SRID=4326;POINT(100 -0.25)"),
            ("<Point><coordinates>a,2</coordinates></Point>", "XX000: invalid KML representation"),
            ("<Point><coordinates>1,2,3,4</coordinates></Point>", "XX000: invalid KML representation"),
            ("<Point><coordinates>.5,+2</coordinates></Point>", "SRID=4326;POINT(0.5 2)"),
            ("<Point><coordinates>1.,2</coordinates></Point>", "SRID=4326;POINT(1 2)"),
            ("<Point><coordinates><![CDATA[1,2]]></coordinates></Point>", "SRID=4326;POINT(1 2)"),
            ("<Point><coordinates>1&#44;2</coordinates></Point>", "SRID=4326;POINT(1 2)"),
            (
                "<Point><name>x</name><coordinates>1,2</coordinates><coordinates>3,4</coordinates></Point>",
                "SRID=4326;POINT(1 2)",
            ),
            (
                "<LineString><coordinates>1,2</coordinates><coordinates>3,4</coordinates></LineString>",
                "XX000: invalid KML representation",
            ),
            (
                "<LinearRing><coordinates>1,2 3,4 5,6 1,2</coordinates></LinearRing>",
                "XX000: invalid KML representation",
            ),
            ("<point><coordinates>1,2</coordinates></point>", "XX000: invalid KML representation"),
            ("<Polygon><outerBoundaryIs></outerBoundaryIs></Polygon>", "XX000: invalid KML representation"),
            ("<Point><foo><coordinates>1,2,3</coordinates></foo></Point>", "XX000: invalid KML representation"),
            (
                "<Polygon><innerBoundaryIs><LinearRing><coordinates>1,2 3,4 5,6 1,2</coordinates></LinearRing></innerBoundaryIs></Polygon>",
                "XX000: invalid KML representation",
            ),
            ("<LineString><coordinates>1 ,2 3,4</coordinates></LineString>", "SRID=4326;LINESTRING(1 2,3 4)"),
            ("<LineString><coordinates>1,2,3 ,4</coordinates></LineString>", "XX000: invalid KML representation"),
            ("<LineString><coordinates>1e400,2 3,4</coordinates></LineString>", "XX000: invalid KML representation"),
            ("<LineString><coordinates>1e,2 3,4</coordinates></LineString>", "XX000: invalid KML representation"),
            ("  <Point><coordinates>1,2</coordinates></Point> ", "SRID=4326;POINT(1 2)"),
            ("<Point><coordinates>1,2</coordinates></Point>x", "XX000: invalid KML representation"),
            (
                "<MultiGeometry><Polygon><outerBoundaryIs><LinearRing><coordinates>1,2 3,4 5,6 1,2</coordinates></LinearRing></outerBoundaryIs></Polygon><Polygon><outerBoundaryIs><LinearRing><coordinates>1,2 3,4 5,6 1,2</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry>",
                "SRID=4326;MULTIPOLYGON(((1 2,3 4,5 6,1 2)),((1 2,3 4,5 6,1 2)))",
            ),
        ] {
            refused += usize::from(!xml::tests::answers(parse(document), expected, document));
        }
        assert!(refused < 10, "{refused} refused");
    }
}
