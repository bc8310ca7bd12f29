//! `ST_GeomFromGML`. What PostGIS says of each form was asked of PostGIS 3.3; forms that were not are refused.

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geometry::{Coord, Geometry, Kind, failure};
use super::xml::{self, Element, Trouble};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_geomfromgml(text)", |_, a| Ok(parse(args::text(a, 0)?, None)?.into_datum())),
    ("st_geomfromgml(text,int4)", |_, a| Ok(parse(args::text(a, 0)?, Some(args::int(a, 1)?))?.into_datum())),
    ("_st_geomfromgml(text,int4)", |_, a| {
        if args::is_null(a, 0) {
            return Ok(Datum::Null);
        }
        Ok(parse(args::text(a, 0)?, args::maybe_int(a, 1)?)?.into_datum())
    }),
];

fn invalid() -> Error {
    failure("invalid GML representation")
}

fn unread(what: &str) -> Error {
    Error::unsupported(format!("{what} in GML"))
}

fn parse(text: &str, srid: Option<i32>) -> Result<Geometry> {
    let root = xml::parse(text).map_err(|trouble| match trouble {
        Trouble::Malformed => invalid(),
        Trouble::Unread => unread("this form of XML"),
    })?;
    check(&root, true)?;
    let mut system = None;
    find_system(&root, &mut system)?;
    let mut geometry = geometry(&root)?;
    geometry.set_srid(match srid.map(super::clamp_srid) {
        Some(srid) if srid != 0 => srid,
        _ => system.unwrap_or(0),
    });
    Ok(geometry)
}

/// Other namespaces hide elements, and references are followed by PostGIS: both are left to it.
fn check(element: &Element, root: bool) -> Result<()> {
    for (name, value) in &element.attributes {
        if name == "xmlns" || name.starts_with("xmlns:") {
            let gml = value == "http://www.opengis.net/gml" || value == "http://www.opengis.net/gml/3.2";
            if !root || !gml {
                return Err(unread("this namespace"));
            }
        }
        if name.starts_with("xlink:") {
            return Err(unread("a reference"));
        }
        if name == "srsDimension" && !matches!(element.name.as_str(), "pos" | "posList") {
            return Err(unread("srsDimension at this place"));
        }
    }
    element.children.iter().try_for_each(|child| check(child, false))
}

/// The one SRID of a document.
fn find_system(element: &Element, system: &mut Option<i32>) -> Result<()> {
    if let Some(name) = element.attribute("srsName") {
        if matches!(element.name.as_str(), "pos" | "posList" | "coordinates" | "coord") {
            return Err(unread("srsName of a position"));
        }
        let digits = name.strip_prefix("EPSG:").or(name.strip_prefix("http://www.opengis.net/gml/srs/epsg.xml#"));
        let Some(digits) = digits.filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        else {
            // A urn turns the axes of some systems.
            return Err(unread("srsName other than EPSG:n"));
        };
        let srid = digits.parse::<i32>().ok().filter(|srid| (1..=32_766).contains(srid));
        let srid = srid.ok_or_else(|| unread("an SRID that is not EPSG's"))?;
        if system.is_some_and(|other| other != srid) {
            return Err(unread("several reference systems"));
        }
        *system = Some(srid);
    }
    element.children.iter().try_for_each(|child| find_system(child, system))
}

fn geometry(element: &Element) -> Result<Geometry> {
    Ok(match element.name.as_str() {
        "Point" => {
            let (coords, z) = positions(element)?;
            match coords.as_slice() {
                [] => Geometry::empty(Kind::Point, 0),
                [only] => Geometry::point(*only, 0).dimensioned(z, false),
                _ => return Err(invalid()),
            }
        }
        "LineString" => {
            let (coords, z) = positions(element)?;
            if coords.len() == 1 {
                return Err(invalid());
            }
            if coords.is_empty() {
                return Err(unread("an empty line"));
            }
            Geometry::line(coords, 0).dimensioned(z, false)
        }
        "LinearRing" => {
            let (ring, z) = ring(element)?;
            Geometry::polygon(vec![ring], 0).dimensioned(z, false)
        }
        "Polygon" => polygon(element)?,
        "Curve" => {
            let [segments] = element.children.as_slice() else { return Err(unread("this curve")) };
            match segments.children.as_slice() {
                [segment] if segments.name == "segments" && segment.name == "LineStringSegment" => {
                    let (coords, z) = positions(segment)?;
                    if coords.len() < 2 {
                        return Err(unread("so short a segment"));
                    }
                    Geometry::line(coords, 0).dimensioned(z, false)
                }
                _ => return Err(unread("a curve of several segments or of arcs")),
            }
        }
        "Surface" => {
            let [patches] = element.children.as_slice() else { return Err(unread("this surface")) };
            match patches.children.as_slice() {
                [patch] if patches.name == "patches" && patch.name == "PolygonPatch" => polygon(patch)?,
                _ => return Err(unread("a surface of several patches")),
            }
        }
        "MultiPoint" => members(element, Kind::MultiPoint, &["pointMember", "pointMembers"], &["Point"])?,
        "MultiLineString" => members(element, Kind::MultiLineString, &["lineStringMember"], &["LineString"])?,
        "MultiPolygon" => members(element, Kind::MultiPolygon, &["polygonMember"], &["Polygon"])?,
        "MultiCurve" => members(element, Kind::MultiLineString, &["curveMember"], &["LineString", "Curve"])?,
        "MultiSurface" => members(element, Kind::MultiPolygon, &["surfaceMember"], &["Polygon", "Surface"])?,
        "MultiGeometry" => {
            members(element, Kind::GeometryCollection, &["geometryMember"], &["Point", "LineString", "Polygon"])?
        }
        "Triangle" | "TriangulatedSurface" | "Tin" | "PolyhedralSurface" => return Err(unread("this surface")),
        "CompositeCurve" | "CompositeSurface" | "MultiSolid" | "Solid" | "OrientableCurve" | "OrientableSurface" => {
            return Err(unread("this geometry"));
        }
        _ => return Err(invalid()),
    })
}

fn members(element: &Element, kind: Kind, holders: &[&str], kinds: &[&str]) -> Result<Geometry> {
    let mut parts: Vec<Geometry> = Vec::new();
    for holder in &element.children {
        if !holders.contains(&holder.name.as_str()) {
            return Err(unread(&format!("{} in {}", holder.name, element.name)));
        }
        for child in &holder.children {
            if !kinds.contains(&child.name.as_str()) {
                return Err(unread(&format!("{} in {}", child.name, holder.name)));
            }
            parts.push(geometry(child)?);
        }
    }
    if parts.iter().any(Geometry::is_empty) {
        return Err(unread("an empty member"));
    }
    if parts.windows(2).any(|two| two[0].z != two[1].z) {
        return Err(invalid());
    }
    Ok(Geometry::collection(kind, parts, 0))
}

fn polygon(element: &Element) -> Result<Geometry> {
    let outer = |name: &str| matches!(name, "exterior" | "outerBoundaryIs");
    let inner = |name: &str| matches!(name, "interior" | "innerBoundaryIs");
    let (mut rings, mut solid) = (Vec::new(), false);
    for boundary in &element.children {
        if rings.is_empty() && inner(&boundary.name) {
            return Err(if element.children.iter().any(|child| outer(&child.name)) {
                unread("a hole before its polygon")
            } else {
                invalid()
            });
        }
        let wanted = if rings.is_empty() { outer(&boundary.name) } else { inner(&boundary.name) };
        let [own] = boundary.children.as_slice() else { return Err(unread("this ring")) };
        if !wanted || own.name != "LinearRing" {
            return Err(unread("this ring"));
        }
        let (coords, z) = ring(own)?;
        if !rings.is_empty() && z != solid {
            return Err(unread("rings of several dimensions"));
        }
        solid = z;
        rings.push(coords);
    }
    Ok(Geometry::polygon(rings, 0).dimensioned(solid, false))
}

fn ring(element: &Element) -> Result<(Vec<Coord>, bool)> {
    let (coords, z) = positions(element)?;
    let (Some(first), Some(last)) = (coords.first(), coords.last()) else { return Err(unread("an empty ring")) };
    if coords.len() < 4 || !first.same_xy(last) || z && first.z != last.z {
        return Err(invalid());
    }
    Ok((coords, z))
}

/// The positions of an element, and whether they have a Z.
fn positions(element: &Element) -> Result<(Vec<Coord>, bool)> {
    let known = |child: &&Element| matches!(child.name.as_str(), "coordinates" | "pos" | "posList" | "coord");
    let lists: Vec<&Element> = element.children.iter().filter(known).collect();
    if element.children.iter().any(|child| matches!(child.name.as_str(), "pointProperty" | "pointRep")) {
        return Err(unread("points in a line"));
    }
    if lists.len() > 1 && lists.iter().any(|list| list.name != "pos") {
        return Err(unread("several lists of positions"));
    }
    let (mut coords, mut solid) = (Vec::new(), None);
    for list in lists {
        let (own, z) = match list.name.as_str() {
            "coordinates" => tuples(list)?,
            "coord" => {
                let ordinate = |name: &str| match list.child(name) {
                    Some(child) => xml::number(&child.text).map(Some).ok_or_else(invalid),
                    None => Ok(None),
                };
                match (ordinate("X")?, ordinate("Y")?, ordinate("Z")?) {
                    (Some(x), Some(y), z) => (vec![Coord { x, y, z: z.unwrap_or(0.0), m: 0.0 }], z.is_some()),
                    _ => return Err(invalid()),
                }
            }
            name => numbers(list, name == "pos")?,
        };
        if solid.is_some_and(|solid| solid != z) {
            return Err(invalid());
        }
        solid = Some(z);
        coords.extend(own);
    }
    Ok((coords, solid.unwrap_or(false)))
}

fn numbers(list: &Element, single: bool) -> Result<(Vec<Coord>, bool)> {
    let size = match list.attribute("srsDimension") {
        None | Some("2") => 2,
        Some("3") => 3,
        Some(_) => return Err(unread("this srsDimension")),
    };
    let values: Option<Vec<f64>> = list.text.split_ascii_whitespace().map(xml::number).collect();
    let values = values.ok_or_else(invalid)?;
    if values.is_empty() || values.len() % size != 0 || single && values.len() != size {
        return Err(invalid());
    }
    let coord = |own: &[f64]| Coord { x: own[0], y: own[1], z: own.get(2).copied().unwrap_or(0.0), m: 0.0 };
    Ok((values.chunks_exact(size).map(coord).collect(), size == 3))
}

fn tuples(list: &Element) -> Result<(Vec<Coord>, bool)> {
    for (name, usual) in [("decimal", "."), ("cs", ","), ("ts", " ")] {
        if list.attribute(name).is_some_and(|own| own != usual) {
            return Err(unread("other separators"));
        }
    }
    if list.text.split_ascii_whitespace().any(|tuple| tuple.starts_with(',') || tuple.ends_with(',')) {
        return Err(unread("space around commas"));
    }
    let (mut coords, mut solid) = (Vec::new(), None);
    for tuple in list.text.split_ascii_whitespace() {
        let values: Option<Vec<f64>> = tuple.split(',').map(xml::number).collect();
        let (coord, z) = match values.ok_or_else(invalid)?.as_slice() {
            [x, y] => (Coord::xy(*x, *y), false),
            [x, y, z] => (Coord { x: *x, y: *y, z: *z, m: 0.0 }, true),
            _ => return Err(invalid()),
        };
        if solid.is_some_and(|solid| solid != z) {
            return Err(unread("tuples of several lengths"));
        }
        solid = Some(z);
        coords.push(coord);
    }
    if coords.is_empty() { Err(unread("an empty list")) } else { Ok((coords, solid.unwrap_or(false))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each form as PostGIS 3.3 answered it, or refused.
    #[test]
    fn reads_as_postgis_or_refuses() {
        let mut refused = 0;
        for (document, expected) in [
            (
                r##"<gml:Point srsName="EPSG:4326"><gml:coordinates>1,2</gml:coordinates></gml:Point>"##,
                "SRID=4326;POINT(1 2)",
            ),
            ("<Point><coordinates>1,2</coordinates></Point>", "POINT(1 2)"),
            (
                r##"<gml:Point xmlns:gml="http://www.opengis.net/gml"><gml:coordinates>1,2</gml:coordinates></gml:Point>"##,
                "POINT(1 2)",
            ),
            (
                r##"<gml:Point xmlns:gml="http://www.opengis.net/gml/3.2"><gml:pos>1 2</gml:pos></gml:Point>"##,
                "POINT(1 2)",
            ),
            (
                r##"<gml:Point xmlns:gml="http://foo"><gml:pos>1 2</gml:pos></gml:Point>"##,
                "XX000: invalid GML representation",
            ),
            (r##"<Point srsName="urn:ogc:def:crs:EPSG::4326"><pos>1 2</pos></Point>"##, "SRID=4326;POINT(2 1)"),
            (r##"<Point srsName="urn:ogc:def:crs:EPSG::3857"><pos>1 2</pos></Point>"##, "SRID=3857;POINT(1 2)"),
            (r##"<Point srsName="urn:ogc:def:crs:EPSG::32632"><pos>1 2</pos></Point>"##, "SRID=32632;POINT(1 2)"),
            (r##"<Point srsName="urn:ogc:def:crs:EPSG::3035"><pos>1 2</pos></Point>"##, "SRID=3035;POINT(2 1)"),
            (r##"<Point srsName="urn:ogc:def:crs:EPSG::2393"><pos>1 2</pos></Point>"##, "SRID=2393;POINT(2 1)"),
            (r##"<Point srsName="urn:x-ogc:def:crs:EPSG:6.9:4326"><pos>1 2</pos></Point>"##, "SRID=4326;POINT(2 1)"),
            (
                r##"<Point srsName="http://www.opengis.net/gml/srs/epsg.xml#4326"><pos>1 2</pos></Point>"##,
                "SRID=4326;POINT(1 2)",
            ),
            (
                r##"<Point srsName="http://www.opengis.net/def/crs/EPSG/0/4326"><pos>1 2</pos></Point>"##,
                "XX000: unknown spatial reference system",
            ),
            (r##"<Point srsName="CRS:84"><pos>1 2</pos></Point>"##, "XX000: unknown spatial reference system"),
            (r##"<Point srsName="EPSG:999999"><pos>1 2</pos></Point>"##, "XX000: unknown spatial reference system"),
            (r##"<Point srsName="epsg:4326"><pos>1 2</pos></Point>"##, "XX000: unknown spatial reference system"),
            (r##"<Point srsName=""><pos>1 2</pos></Point>"##, "XX000: unknown spatial reference system"),
            (r##"<Point srsName="EPSG:4326x"><pos>1 2</pos></Point>"##, "XX000: unknown spatial reference system"),
            (r##"<Point srsName="4326"><pos>1 2</pos></Point>"##, "XX000: unknown spatial reference system"),
            ("<Point><pos>1 2 3</pos></Point>", "XX000: invalid GML representation"),
            (r##"<Point srsDimension="3"><pos>1 2 3</pos></Point>"##, "XX000: invalid GML representation"),
            (r##"<Point><pos srsDimension="3">1 2 3</pos></Point>"##, "POINT(1 2 3)"),
            (r##"<Point><pos srsDimension="2">1 2 3</pos></Point>"##, "XX000: invalid GML representation"),
            (r##"<Point><pos srsDimension="3">1 2</pos></Point>"##, "XX000: invalid GML representation"),
            ("<Point><pos>1 2 3 4</pos></Point>", "XX000: invalid GML representation"),
            ("<Point><pos>1</pos></Point>", "XX000: invalid GML representation"),
            ("<Point><pos> 1 2 </pos></Point>", "POINT(1 2)"),
            ("<Point></Point>", "POINT EMPTY"),
            ("<Point/>", "POINT EMPTY"),
            ("<Point><pos></pos></Point>", "XX000: invalid GML representation"),
            ("<Point><coordinates>1,2,3</coordinates></Point>", "POINT(1 2 3)"),
            ("<Point><coordinates>1,2 3,4</coordinates></Point>", "XX000: invalid GML representation"),
            ("<Point><coordinates> 1,2 </coordinates></Point>", "POINT(1 2)"),
            ("<Point><coordinates>1, 2</coordinates></Point>", "XX000: invalid GML representation"),
            (r##"<Point><coordinates decimal="." cs="," ts=" ">1,2</coordinates></Point>"##, "POINT(1 2)"),
            (r##"<Point><coordinates decimal="," cs=";" ts=" ">1,5;2</coordinates></Point>"##, "POINT(1.5 2)"),
            ("<Point><coord><X>1</X><Y>2</Y></coord></Point>", "POINT(1 2)"),
            ("<Point><coord><X>1</X><Y>2</Y><Z>3</Z></coord></Point>", "POINT(1 2 3)"),
            ("<LineString><posList>1 2 3 4</posList></LineString>", "LINESTRING(1 2,3 4)"),
            (
                r##"<LineString><posList srsDimension="3">1 2 3 4 5 6</posList></LineString>"##,
                "LINESTRING(1 2 3,4 5 6)",
            ),
            (
                r##"<LineString srsDimension="3"><posList>1 2 3 4 5 6</posList></LineString>"##,
                "LINESTRING(1 2,3 4,5 6)",
            ),
            ("<LineString><posList>1 2 3</posList></LineString>", "XX000: invalid GML representation"),
            ("<LineString><posList>1 2</posList></LineString>", "XX000: invalid GML representation"),
            ("<LineString><posList></posList></LineString>", "XX000: invalid GML representation"),
            ("<LineString><pos>1 2</pos><pos>3 4</pos></LineString>", "LINESTRING(1 2,3 4)"),
            ("<LineString><pos>1 2</pos><pos>3 4 5</pos></LineString>", "XX000: invalid GML representation"),
            ("<LineString><coordinates>1,2 3,4</coordinates></LineString>", "LINESTRING(1 2,3 4)"),
            ("<LineString><coordinates>1,2,3 3,4,5</coordinates></LineString>", "LINESTRING(1 2 3,3 4 5)"),
            ("<LineString><coordinates>1,2,3 3,4</coordinates></LineString>", "LINESTRING(1 2,3 4)"),
            (
                "<LineString><pointProperty><Point><pos>1 2</pos></Point></pointProperty><pointProperty><Point><pos>3 2</pos></Point></pointProperty></LineString>",
                "LINESTRING(1 2,3 2)",
            ),
            (
                "<Polygon><exterior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></exterior></Polygon>",
                "POLYGON((0 0,1 0,1 1,0 0))",
            ),
            (
                "<Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing></outerBoundaryIs><innerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing></innerBoundaryIs></Polygon>",
                "POLYGON((0 0,1 0,1 1,0 0),(0 0,1 0,1 1,0 0))",
            ),
            (
                "<Polygon><exterior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></exterior><interior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></interior></Polygon>",
                "POLYGON((0 0,1 0,1 1,0 0),(0 0,1 0,1 1,0 0))",
            ),
            (
                "<Polygon><exterior><LinearRing><posList>0 0 1 0 1 1 0 1</posList></LinearRing></exterior></Polygon>",
                "XX000: invalid GML representation",
            ),
            (
                "<Polygon><exterior><LinearRing><posList>0 0 1 0 0 0</posList></LinearRing></exterior></Polygon>",
                "XX000: invalid GML representation",
            ),
            ("<Polygon></Polygon>", "POLYGON EMPTY"),
            (
                "<Polygon><interior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></interior></Polygon>",
                "XX000: invalid GML representation",
            ),
            ("<LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing>", "POLYGON((0 0,1 0,1 1,0 0))"),
            (
                "<Triangle><exterior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></exterior></Triangle>",
                "TRIANGLE((0 0,1 0,1 1,0 0))",
            ),
            (
                "<MultiPoint><pointMember><Point><pos>1 2</pos></Point></pointMember><pointMember><Point><pos>1 3</pos></Point></pointMember></MultiPoint>",
                "MULTIPOINT(1 2,1 3)",
            ),
            (
                "<MultiPoint><pointMembers><Point><pos>1 2</pos></Point><Point><pos>1 3</pos></Point></pointMembers></MultiPoint>",
                "MULTIPOINT(1 2,1 3)",
            ),
            ("<MultiPoint></MultiPoint>", "MULTIPOINT EMPTY"),
            (
                "<MultiLineString><lineStringMember><LineString><posList>1 2 3 4</posList></LineString></lineStringMember></MultiLineString>",
                "MULTILINESTRING((1 2,3 4))",
            ),
            (
                "<MultiPolygon><polygonMember><Polygon><exterior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></exterior></Polygon></polygonMember></MultiPolygon>",
                "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
            ),
            (
                "<MultiCurve><curveMember><LineString><posList>1 2 3 4</posList></LineString></curveMember></MultiCurve>",
                "MULTILINESTRING((1 2,3 4))",
            ),
            (
                "<MultiCurve><curveMember><Curve><segments><LineStringSegment><posList>1 2 3 4</posList></LineStringSegment></segments></Curve></curveMember></MultiCurve>",
                "MULTILINESTRING((1 2,3 4))",
            ),
            (
                "<MultiSurface><surfaceMember><Polygon><exterior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></exterior></Polygon></surfaceMember></MultiSurface>",
                "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
            ),
            (
                "<MultiGeometry><geometryMember><Point><pos>1 2</pos></Point></geometryMember><geometryMember><LineString><posList>1 2 3 4</posList></LineString></geometryMember></MultiGeometry>",
                "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(1 2,3 4))",
            ),
            (
                "<MultiGeometry><geometryMember><Point><pos>1 2</pos></Point></geometryMember><geometryMember><Point><pos>1 2</pos></Point></geometryMember></MultiGeometry>",
                "GEOMETRYCOLLECTION(POINT(1 2),POINT(1 2))",
            ),
            ("<MultiGeometry></MultiGeometry>", "GEOMETRYCOLLECTION EMPTY"),
            (
                "<Curve><segments><LineStringSegment><posList>1 2 3 4</posList></LineStringSegment><LineStringSegment><posList>3 4 5 6</posList></LineStringSegment></segments></Curve>",
                "LINESTRING(1 2,3 4,5 6)",
            ),
            (
                "<Curve><segments><LineStringSegment><posList>1 2 3 4</posList></LineStringSegment></segments></Curve>",
                "LINESTRING(1 2,3 4)",
            ),
            (
                "<Curve><segments><Arc><posList>1 2 3 4 5 2</posList></Arc></segments></Curve>",
                "XX000: invalid GML representation",
            ),
            (
                "<Surface><patches><PolygonPatch><exterior><LinearRing><posList>0 0 1 0 1 1 0 0</posList></LinearRing></exterior></PolygonPatch></patches></Surface>",
                "POLYGON((0 0,1 0,1 1,0 0))",
            ),
            (
                "<Envelope><lowerCorner>0 0</lowerCorner><upperCorner>1 1</upperCorner></Envelope>",
                "XX000: invalid GML representation",
            ),
            ("<Box><coordinates>0,0 1,1</coordinates></Box>", "XX000: invalid GML representation"),
            ("<Foo/>", "XX000: invalid GML representation"),
            ("", "XX000: invalid GML representation"),
            ("<Point><pos>1 2</pos>", "XX000: invalid GML representation"),
            ("<featureMember><Point><pos>1 2</pos></Point></featureMember>", "XX000: invalid GML representation"),
            ("<Point><pos>a 2</pos></Point>", "XX000: invalid GML representation"),
            ("<Point><pos>1e3 -2.5E2</pos></Point>", "POINT(1000 -250)"),
            ("<Point><pos>1,2</pos></Point>", "XX000: invalid GML representation"),
            (r##"<Point srsName="EPSG:4326"><pos srsName="EPSG:3857">1 2</pos></Point>"##, "SRID=4326;POINT(1 2)"),
            (
                r##"<MultiPoint srsName="EPSG:4326"><pointMember><Point><pos>1 2</pos></Point></pointMember></MultiPoint>"##,
                "SRID=4326;MULTIPOINT(1 2)",
            ),
            (
                r##"<MultiPoint><pointMember><Point srsName="EPSG:4326"><pos>1 2</pos></Point></pointMember></MultiPoint>"##,
                "SRID=4326;MULTIPOINT(1 2)",
            ),
            (
                r##"<MultiPoint srsName="EPSG:4326"><pointMember><Point srsName="EPSG:3857"><pos>1 2</pos></Point></pointMember></MultiPoint>"##,
                "SRID=4326;MULTIPOINT(0.000008983152841 0.000017966305682)",
            ),
            (r##"<Point xlink:href="#a"/>"##, "POINT EMPTY"),
            ("<Point><pos>1 2</pos><pos>3 4</pos></Point>", "XX000: invalid GML representation"),
            ("<Point><name>x</name><pos>1 2</pos></Point>", "POINT(1 2)"),
            (
                "<MultiGeometry><geometryMember><Point><pos>1 2</pos></Point></geometryMember><geometryMember><Point><pos>1 2 3</pos></Point></geometryMember></MultiGeometry>",
                "XX000: invalid GML representation",
            ),
        ] {
            refused += usize::from(!xml::tests::answers(parse(document, None), expected, document));
        }
        assert!(refused < 30, "{refused} refused");
    }
}
