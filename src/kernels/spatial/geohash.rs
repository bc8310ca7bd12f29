//! Geohashes and Google's encoded polylines.

use crate::error::Result;

use super::bounds::Bounds;
use super::geometry::{Coord, Geometry, Kind, failure};

pub const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

pub fn digit(byte: u8) -> Option<usize> {
    DIGITS.iter().position(|digit| *digit == byte.to_ascii_lowercase())
}

/// The first character that is no geohash digit.
pub fn bad_character(text: &str) -> char {
    text.chars().find(|c| !c.is_ascii() || digit(*c as u8).is_none()).map_or(' ', |c| c.to_ascii_lowercase())
}

/// The box of a geohash: xmin, ymin, xmax, ymax.
pub fn decode(text: &str, precision: Option<usize>) -> Option<[f64; 4]> {
    let length = precision.map_or(text.len(), |precision| precision.min(text.len()));
    let (mut lon, mut lat) = ([-180.0, 180.0], [-90.0, 90.0]);
    let mut even = true;
    for byte in &text.as_bytes()[..length] {
        let value = digit(*byte)?;
        for bit in [16, 8, 4, 2, 1] {
            let range = if even { &mut lon } else { &mut lat };
            let middle = (range[0] + range[1]) / 2.0;
            range[usize::from(value & bit == 0)] = middle;
            even = !even;
        }
    }
    Some([lon[0], lat[0], lon[1], lat[1]])
}

/// `ST_GeoHash`; `None` for EMPTY.
pub fn encode(geometry: &Geometry, precision: i32) -> Result<Option<String>> {
    let Some(bounds) = Bounds::of(geometry) else { return Ok(None) };
    let (min, max) = (bounds.min, bounds.max);
    if min.x < -180.0 || min.y < -90.0 || max.x > 180.0 || max.y > 90.0 {
        let general = |value| super::number::general(value, 6);
        return Err(failure(format!(
            "Geohash requires inputs in decimal degrees, got ({} {}, {} {}).",
            general(min.x),
            general(min.y),
            general(max.x),
            general(max.y)
        )));
    }
    let lon = min.x + (max.x - min.x) / 2.0;
    let lat = min.y + (max.y - min.y) / 2.0;
    let length = if precision > 0 { precision as usize } else { natural(&bounds) };
    Ok(Some(point(lon, lat, length)))
}

/// Characters needed to tell the whole box from others.
fn natural(bounds: &Bounds) -> usize {
    let (minx, miny, maxx, maxy) = (bounds.min.x, bounds.min.y, bounds.max.x, bounds.max.y);
    if minx == maxx && miny == maxy {
        return 20;
    }
    let (mut lonmin, mut lonmax, mut latmin, mut latmax) = (-180.0, 180.0, -90.0, 90.0);
    let mut bits = 0_usize;
    loop {
        let (lonwidth, latwidth): (f64, f64) = (lonmax - lonmin, latmax - latmin);
        let (mut lonlow, mut lonhigh, mut latlow, mut lathigh) = (0.0, 0.0, 0.0, 0.0);
        if minx > lonmin + lonwidth / 2.0 {
            lonlow = lonwidth / 2.0;
        } else if maxx < lonmax - lonwidth / 2.0 {
            lonhigh = -lonwidth / 2.0;
        }
        if lonlow == 0.0 && lonhigh == 0.0 {
            break;
        }
        lonmin += lonlow;
        lonmax += lonhigh;
        bits += 1;
        if miny > latmin + latwidth / 2.0 {
            latlow = latwidth / 2.0;
        } else if maxy < latmax - latwidth / 2.0 {
            lathigh = -latwidth / 2.0;
        }
        if latlow == 0.0 && lathigh == 0.0 {
            break;
        }
        latmin += latlow;
        latmax += lathigh;
        bits += 1;
    }
    bits / 5
}

fn point(longitude: f64, latitude: f64, length: usize) -> String {
    let (mut lon, mut lat) = ([-180.0, 180.0], [-90.0, 90.0]);
    let mut even = true;
    let mut out = String::with_capacity(length);
    for _ in 0..length {
        let mut value = 0;
        for bit in [16, 8, 4, 2, 1] {
            let (range, at) = if even { (&mut lon, longitude) } else { (&mut lat, latitude) };
            let middle = (range[0] + range[1]) / 2.0;
            let upper = at >= middle;
            value |= if upper { bit } else { 0 };
            range[usize::from(!upper)] = middle;
            even = !even;
        }
        out.push(char::from(DIGITS[value]));
    }
    out
}

/// Reads an encoded polyline.
pub fn polyline(text: &str, precision: i32) -> Result<Geometry> {
    let scale = 10_f64.powi(precision);
    let bytes = text.as_bytes();
    let mut index = 0;
    let mut next = || -> Option<i64> {
        let (mut value, mut shift) = (0_i64, 0);
        loop {
            let byte = i64::from(*bytes.get(index)?) - 63;
            index += 1;
            value |= (byte & 0x1f).checked_shl(shift)?;
            shift += 5;
            if byte < 0x20 || shift > 60 {
                break;
            }
        }
        Some(if value & 1 != 0 { !(value >> 1) } else { value >> 1 })
    };
    let (mut latitude, mut longitude) = (0_i64, 0_i64);
    let mut coords = Vec::new();
    while let (Some(lat), Some(lon)) = (next(), next()) {
        latitude += lat;
        longitude += lon;
        coords.push(Coord::xy(longitude as f64 / scale, latitude as f64 / scale));
    }
    Ok(Geometry::line(coords, 4326))
}

/// `ST_AsEncodedPolyline`.
pub fn encode_polyline(geometry: &Geometry, precision: i32) -> Result<String> {
    if geometry.srid != 4326 {
        return Err(failure("Only SRID 4326 is supported."));
    }
    if !matches!(geometry.kind, Kind::LineString | Kind::MultiPoint) {
        return Err(failure(format!(
            "lwgeom_to_encoded_polyline: '{}' geometry type not supported",
            geometry.kind.name()
        )));
    }
    let scale = 10_f64.powi(precision);
    let mut out = String::new();
    let (mut last_lat, mut last_lon) = (0_i64, 0_i64);
    geometry.visit(&mut |coord| {
        let (lat, lon) = ((coord.y * scale).round() as i64, (coord.x * scale).round() as i64);
        for delta in [lat.wrapping_sub(last_lat), lon.wrapping_sub(last_lon)] {
            let mut value = if delta < 0 { !(delta << 1) } else { delta << 1 } as u64;
            while value >= 0x20 {
                out.push(char::from((0x20 | (value & 0x1f)) as u8 + 63));
                value >>= 5;
            }
            out.push(char::from(value as u8 + 63));
        }
        (last_lat, last_lon) = (lat, lon);
    });
    Ok(out)
}
