//! Validity: tests, reasons, repair; simplicity and rings.

use geos::{Geom as _, MakeValidMethod, MakeValidParams};

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::super::args;
use super::super::geometry::{Coord, Geometry, Kind, failure};
use super::convert::{export, fault, import, import_fixed, strict, words};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_isvalid(geometry)", |_, a| Ok(Datum::Bool(is_valid(&args::geometry(a, 0)?)?))),
    ("st_isvalid(geometry,int4)", |_, a| {
        check_flags(a)?;
        Ok(Datum::Bool(reason(&args::geometry(a, 0)?)?.is_none()))
    }),
    ("st_isvalidreason(geometry)", |_, a| valid_reason(a)),
    ("st_isvalidreason(geometry,int4)", |_, a| {
        check_flags(a)?;
        let reason = reason(&args::geometry(a, 0)?)?;
        Ok(Datum::text(reason.map_or_else(|| "Valid Geometry".to_owned(), |reason| reason.what)))
    }),
    ("st_isvaliddetail(geometry,int4)", |_, a| {
        check_flags(a)?;
        let detail = match reason(&args::geometry(a, 0)?)? {
            None => [Datum::Bool(true), Datum::Null, Datum::Null],
            Some(Reason { what, at }) => {
                let at = at.map_or(Datum::Null, |at| Geometry::point(at.coord, 0).into_datum());
                [Datum::Bool(false), Datum::text(what), at]
            }
        };
        Ok(Datum::Record(detail.into()))
    }),
    ("st_makevalid(geometry)", |_, a| make_valid(&args::geometry(a, 0)?, None)),
    ("st_makevalid(geometry,text)", |_, a| make_valid(&args::geometry(a, 0)?, Some(args::text(a, 1)?))),
    ("st_issimple(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if geometry.is_empty() {
            return Ok(Datum::Bool(true));
        }
        let input = import_fixed(&geometry, "lwgeom_is_simple")?;
        input.is_simple().map(Datum::Bool).map_err(fault("lwgeom_is_simple"))
    }),
    ("st_isring(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if geometry.is_empty() {
            return Ok(Datum::Bool(false));
        }
        if geometry.kind != Kind::LineString {
            return Err(failure("ST_IsRing() should only be called on a linear feature"));
        }
        let input = import(&geometry, "First argument geometry could not be converted to GEOS")?;
        input.is_ring().map(Datum::Bool).map_err(fault("GEOSisRing"))
    }),
];

/// GEOS's binding has no way to pass the ESRI flag.
fn check_flags(a: &[Datum]) -> Result<()> {
    if args::int(a, 1)? == 0 { Ok(()) } else { Err(Error::unsupported("validity flags other than 0")) }
}

fn is_valid(geometry: &Geometry) -> Result<bool> {
    if geometry.is_empty() {
        return Ok(true);
    }
    match strict(geometry)? {
        Ok(input) => input.is_valid().map_err(fault("GEOS isvalid() threw an error!")),
        Err(_) => Ok(false),
    }
}

struct Reason {
    what: String,
    at: Option<Place>,
}

struct Place {
    coord: Coord,
    printed: String,
}

/// Why a geometry is invalid, and where; `None` for a valid one.
fn reason(geometry: &Geometry) -> Result<Option<Reason>> {
    let input = match strict(geometry)? {
        Ok(input) => input,
        Err(what) => return Ok(Some(Reason { what, at: None })),
    };
    let text = input.is_valid_reason().map_err(fault("GEOSisValidReason"))?;
    if text == "Valid Geometry" {
        return Ok(None);
    }
    let Some((what, place)) = text.strip_suffix(']').and_then(|text| text.rsplit_once('[')) else {
        return Ok(Some(Reason { what: text, at: None }));
    };
    let mut numbers = place.split_whitespace();
    let at = match (numbers.next(), numbers.next()) {
        (Some(x), Some(y)) => x
            .parse()
            .ok()
            .zip(y.parse().ok())
            .map(|(px, py): (f64, f64)| Place { coord: exact(geometry, px, py), printed: format!("{x} {y}") }),
        _ => None,
    };
    Ok(Some(Reason { what: what.to_owned(), at }))
}

/// GEOS prints 15 digits; a vertex of the geometry that prints the same is what it meant.
fn exact(geometry: &Geometry, x: f64, y: f64) -> Coord {
    let near = |left: f64, right: f64| left == right || (left - right).abs() <= left.abs() * 1e-14;
    let mut found = None;
    geometry.visit(&mut |coord| {
        if found.is_none() && near(coord.x, x) && near(coord.y, y) {
            found = Some(Coord::xy(coord.x, coord.y));
        }
    });
    found.unwrap_or_else(|| Coord::xy(x, y))
}

fn valid_reason(a: &[Datum]) -> Result<Datum> {
    Ok(Datum::text(match reason(&args::geometry(a, 0)?)? {
        None => "Valid Geometry".to_owned(),
        Some(Reason { what, at: None }) => what,
        Some(Reason { what, at: Some(at) }) => format!("{what}[{}]", at.printed),
    }))
}

fn make_valid(geometry: &Geometry, options: Option<&str>) -> Result<Datum> {
    if matches!(geometry.kind, Kind::Triangle | Kind::Tin | Kind::PolyhedralSurface) {
        return Err(failure(format!("ST_MakeValid: unsupported geometry type {}", geometry.kind.name())));
    }
    let input = import_fixed(geometry, "lwgeom_make_valid")?;
    let result = match options {
        None => input.make_valid(),
        Some(options) => input.make_valid_with_params(&params(options)?),
    };
    let result = export(&result.map_err(|error| failure(words(error)))?, geometry.z, geometry.srid)?;
    if geometry.kind.is_collection() && !result.kind.is_collection() {
        let (z, kind) = (result.z, result.kind.multi());
        let multi = Geometry::collection(kind, vec![result], geometry.srid);
        return Ok(multi.dimensioned(z, false).into_datum());
    }
    Ok(result.into_datum())
}

fn params(options: &str) -> Result<MakeValidParams> {
    let mut params = MakeValidParams::builder();
    for word in options.split_whitespace() {
        let Some((key, value)) = word.split_once('=') else {
            return Err(Error::unsupported(format!("the ST_MakeValid option \"{word}\"")));
        };
        params = match (key, value.to_ascii_lowercase().as_str()) {
            ("method", "linework") => params.method(MakeValidMethod::Linework),
            ("method", "structure") => params.method(MakeValidMethod::Structure),
            ("method", _) => {
                return Err(failure(format!(
                    "Unsupported value for 'method', '{value}'. Use 'linework' or 'structure'."
                )));
            }
            ("keepcollapsed", "true") => params.keep_collapsed(true),
            ("keepcollapsed", "false") => params.keep_collapsed(false),
            ("keepcollapsed", _) => {
                return Err(failure(format!(
                    "Unsupported value for 'keepcollapsed', '{value}'. Use 'true' or 'false'"
                )));
            }
            _ => params,
        };
    }
    params.build().map_err(fault("GEOSMakeValidParams"))
}
