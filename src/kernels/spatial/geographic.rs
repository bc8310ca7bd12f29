//! Which SRIDs are longitude/latitude systems, and their spheroids.

use crate::error::{Error, Result, SqlState};

use super::geometry::{Coord, Geometry, Kind, failure};
use super::sphere::Spheroid;

/// Refuses an SRID that geography cannot have.
pub fn check_geographic(srid: i32) -> Result<()> {
    if srid <= 0 || is_geographic(srid) {
        return Ok(());
    }
    // PostGIS's own user range has no built-in definitions.
    Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, "Only lon/lat coordinate systems are supported in geography."))
}

pub fn is_geographic(srid: i32) -> bool {
    GEOGRAPHIC.iter().any(|(first, last)| (*first..=*last).contains(&srid))
}

/// The spheroid geography measures use for an SRID.
pub fn spheroid(srid: i32) -> Result<Spheroid> {
    match srid {
        0 | 4326 | 4979 => Ok(Spheroid::WGS84),
        4269 | 4258 | 4283 | 4617 | 4674 | 4167 | 6318 | 7844 => Ok(Spheroid::GRS80),
        _ => Err(Error::unsupported(format!("measuring geography of SRID {srid}")).hint("PROJ is needed.")),
    }
}

/// Makes a parsed geometry a geography value: default SRID, supported type, coordinates in range.
pub fn into_geography(mut geometry: Geometry) -> Result<Geometry> {
    if geometry.srid <= 0 {
        geometry.set_srid(4326);
    }
    if let Some(kind) = unsupported_kind(&geometry) {
        return Err(failure(format!("lwgeom_set_geodetic: unsupported geom type: {}", kind.name())));
    }
    geometry.visit_mut(&mut |coord| {
        (coord.x, coord.y) = (nudge(coord.x, 180.0), nudge(coord.y, 90.0));
        if coord.x < -180.0 || coord.x > 180.0 || coord.y < -90.0 || coord.y > 90.0 {
            (coord.x, coord.y) = (longitude(coord.x), latitude(coord.y));
        }
    });
    if has_box(&geometry) && geometry.leaves().iter().any(|leaf| has_antipodal_edge(leaf)) {
        return Err(failure("Antipodal (180 degrees long) edge detected!"));
    }
    Ok(geometry)
}

/// PostGIS computes the box of a stored value for all but points and single lines of two points.
fn has_box(geometry: &Geometry) -> bool {
    match geometry.kind {
        Kind::Point => false,
        Kind::LineString => geometry.coords().len() > 2,
        Kind::MultiLineString => !matches!(geometry.parts(), [only] if only.coords().len() <= 2),
        _ => true,
    }
}

/// An edge from a place to its opposite has no shortest way.
fn has_antipodal_edge(leaf: &Geometry) -> bool {
    let on_sphere = |coord: &Coord| {
        let (longitude, latitude) = (coord.x.to_radians(), coord.y.to_radians());
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
    };
    let along = |coords: &[Coord]| {
        coords.windows(2).any(|edge| {
            let (from, to) = (on_sphere(&edge[0]), on_sphere(&edge[1]));
            from.iter().zip(&to).all(|(from, to)| (from + to).abs() <= 1e-12)
        })
    };
    match leaf.kind {
        Kind::Polygon => leaf.rings().iter().any(|ring| along(ring)),
        Kind::LineString => along(leaf.coords()),
        _ => false,
    }
}

fn unsupported_kind(geometry: &Geometry) -> Option<super::geometry::Kind> {
    let bad = geometry.kind.has_arcs() || matches!(geometry.kind, Kind::Triangle | Kind::Tin | Kind::PolyhedralSurface);
    if bad { Some(geometry.kind) } else { geometry.parts().iter().find_map(unsupported_kind) }
}

/// Values a rounding error outside the range are on its edge.
fn nudge(value: f64, limit: f64) -> f64 {
    const TOLERANCE: f64 = 1e-10;
    if value > limit && value - limit <= TOLERANCE {
        limit
    } else if value < -limit && -limit - value <= TOLERANCE {
        -limit
    } else {
        value
    }
}

/// IEEE remainder: the quotient is rounded to nearest.
fn remainder(value: f64, modulus: f64) -> f64 {
    value - modulus * (value / modulus).round_ties_even()
}

pub fn longitude(degrees: f64) -> f64 {
    let mut degrees = if degrees.abs() > 360.0 { remainder(degrees, 360.0) } else { degrees };
    if degrees > 180.0 {
        degrees -= 360.0;
    }
    if degrees < -180.0 {
        degrees += 360.0;
    }
    if degrees == -180.0 { 180.0 } else { degrees }
}

pub fn latitude(degrees: f64) -> f64 {
    let mut degrees = if degrees.abs() > 360.0 { remainder(degrees, 360.0) } else { degrees };
    if degrees > 180.0 {
        degrees = 180.0 - degrees;
    }
    if degrees < -180.0 {
        degrees = -180.0 - degrees;
    }
    if degrees > 90.0 {
        degrees = 180.0 - degrees;
    }
    if degrees < -90.0 {
        degrees = -180.0 - degrees;
    }
    degrees
}

/// Ranges of SRIDs in spatial_ref_sys whose projection is longlat (PostGIS 3.3).
#[rustfmt::skip]
const GEOGRAPHIC: &[(i32, i32)] = &[
    (3819, 3819), (3821, 3821), (3823, 3824), (3888, 3889), (3906, 3906), (4001, 4025), (4027, 4036), (4040, 4047),
    (4052, 4055), (4074, 4075), (4080, 4081), (4120, 4176), (4178, 4185), (4188, 4216), (4218, 4289), (4291, 4319),
    (4322, 4322), (4324, 4324), (4326, 4327), (4329, 4329), (4339, 4339), (4341, 4341), (4343, 4343), (4345, 4345),
    (4347, 4347), (4349, 4349), (4351, 4351), (4353, 4353), (4355, 4355), (4357, 4357), (4359, 4359), (4361, 4361),
    (4363, 4363), (4365, 4365), (4367, 4367), (4369, 4369), (4371, 4371), (4373, 4373), (4375, 4375), (4377, 4377),
    (4379, 4379), (4381, 4381), (4383, 4383), (4386, 4386), (4388, 4388), (4463, 4463), (4466, 4466), (4469, 4470),
    (4472, 4472), (4475, 4475), (4480, 4480), (4482, 4483), (4490, 4490), (4555, 4555), (4557, 4558), (4600, 4646),
    (4657, 4765), (4801, 4811), (4813, 4821), (4823, 4824), (4883, 4883), (4885, 4885), (4887, 4887), (4889, 4889),
    (4891, 4891), (4893, 4893), (4895, 4895), (4898, 4898), (4900, 4904), (4907, 4907), (4909, 4909), (4921, 4921),
    (4923, 4923), (4925, 4925), (4927, 4927), (4929, 4929), (4931, 4931), (4933, 4933), (4935, 4935), (4937, 4937),
    (4939, 4939), (4941, 4941), (4943, 4943), (4945, 4945), (4947, 4947), (4949, 4949), (4951, 4951), (4953, 4953),
    (4955, 4955), (4957, 4957), (4959, 4959), (4961, 4961), (4963, 4963), (4965, 4965), (4967, 4967), (4969, 4969),
    (4971, 4971), (4973, 4973), (4975, 4975), (4977, 4977), (4979, 4979), (4981, 4981), (4983, 4983), (4985, 4985),
    (4987, 4987), (4989, 4989), (4991, 4991), (4993, 4993), (4995, 4995), (4997, 4997), (4999, 4999), (5012, 5013),
    (5132, 5132), (5228, 5229), (5233, 5233), (5245, 5246), (5251, 5252), (5263, 5264), (5323, 5324), (5340, 5340),
    (5342, 5342), (5353, 5354), (5359, 5360), (5364, 5365), (5370, 5373), (5380, 5381), (5392, 5393), (5451, 5451),
    (5464, 5464), (5467, 5467), (5488, 5489), (5498, 5500), (5524, 5524), (5527, 5527), (5545, 5546), (5560, 5561),
    (5592, 5593), (5628, 5628), (5681, 5681), (5830, 5830), (5885, 5886), (5942, 5942), (6134, 6135), (6144, 6144),
    (6207, 6207), (6310, 6311), (6318, 6319), (6321, 6322), (6324, 6325), (6349, 6349), (6364, 6365), (6649, 6649),
    (6667, 6668), (6696, 6697), (6700, 6700), (6705, 6706), (6782, 6783), (6881, 6883), (6892, 6892), (6894, 6894),
    (6917, 6917), (6979, 6980), (6982, 6983), (6986, 6987), (6989, 6990), (7034, 7042), (7072, 7073), (7084, 7088),
    (7133, 7133), (7135, 7136), (7138, 7139), (7372, 7373), (7400, 7400), (7404, 7404), (7406, 7406), (7408, 7410),
    (7414, 7414), (7423, 7423), (7657, 7657), (7659, 7659), (7661, 7661), (7663, 7663), (7665, 7665), (7678, 7678),
    (7680, 7680), (7682, 7683), (7685, 7686), (7797, 7798), (7816, 7816), (7843, 7844), (7880, 7881), (7885, 7886),
    (7900, 7912), (7915, 7915), (7917, 7917), (7919, 7919), (7921, 7921), (7923, 7923), (7925, 7925), (7927, 7927),
    (7929, 7929), (7931, 7931), (8042, 8043), (8085, 8086), (8231, 8232), (8235, 8235), (8237, 8237), (8239, 8240),
    (8244, 8244), (8246, 8246), (8248, 8249), (8251, 8252), (8254, 8255), (8349, 8351), (8360, 8360), (8399, 8399),
    (8403, 8403), (8426, 8428), (8430, 8431), (8449, 8449), (8542, 8542), (8544, 8545), (8684, 8685), (8817, 8818),
    (8860, 8860), (8899, 8902), (8906, 8907), (8988, 9000), (9002, 9003), (9005, 9006), (9008, 9009), (9011, 9014),
    (9016, 9019), (37001, 37008), (37201, 37208), (37211, 37235), (37237, 37243), (37245, 37247), (37249, 37255),
    (37257, 37257), (37259, 37260), (104000, 104000), (104009, 104026), (104047, 104047), (104050, 104050),
    (104100, 104145), (104179, 104186), (104199, 104199), (104223, 104223), (104248, 104248), (104256, 104261),
    (104286, 104287), (104304, 104305), (104700, 104786), (104800, 104871), (104896, 104896), (104900, 104975),
    (104990, 104992),
];
