//! `ST_Buffer` and `ST_OffsetCurve` with the option words of their documentation
//! (<https://postgis.net/docs/ST_Buffer.html>). A word outside of it is refused.

use geos::{BufferParams, CapStyle, Geom as _, JoinStyle};

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::super::args;
use super::super::geometry::{Geometry, Kind, failure};
use super::convert::{check_finite, export, fault, finite, import, import_fixed};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_buffer(geometry,float8,int4)", |_, a| {
        let style = Style { quadrant_segments: args::int(a, 2)?, ..Style::default() };
        buffer(&args::geometry(a, 0)?, finite(a, 1)?, &style)
    }),
    ("st_buffer(geometry,float8,text)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let style = if geometry.is_empty() { Style::default() } else { Style::read(args::text(a, 2)?)? };
        buffer(&geometry, finite(a, 1)?, &style)
    }),
    ("st_offsetcurve(geometry,float8,text)", |_, a| {
        let (line, distance) = (args::geometry(a, 0)?, finite(a, 1)?);
        if line.is_empty() || distance == 0.0 {
            return Ok(line.into_datum());
        }
        if line.kind != Kind::LineString {
            return Err(Error::unsupported("ST_OffsetCurve of anything but one line"));
        }
        let style = Style::read(args::text(a, 2)?)?;
        if style.side != Side::Both || !matches!(style.cap, CapStyle::Round) {
            return Err(Error::unsupported("this option of ST_OffsetCurve"));
        }
        let input = import_fixed(&line, "lwline_offsetcurve")?;
        let curve = input
            .offset_curve(distance, style.segments()?, style.join, style.mitre_limit)
            .map_err(|_| Error::unsupported("ST_OffsetCurve of this line"))?;
        Ok(export(&curve, line.z, line.srid)?.into_datum())
    }),
];

#[derive(Clone, Copy, Eq, PartialEq)]
enum Side {
    Both,
    Left,
    Right,
}

struct Style {
    cap: CapStyle,
    join: JoinStyle,
    mitre_limit: f64,
    quadrant_segments: i32,
    side: Side,
}

impl Default for Style {
    /// The documented defaults: 8 segments a quarter circle, round ends and joins, mitre limit 5, both sides.
    fn default() -> Style {
        Style { cap: CapStyle::Round, join: JoinStyle::Round, mitre_limit: 5.0, quadrant_segments: 8, side: Side::Both }
    }
}

impl Style {
    fn read(words: &str) -> Result<Style> {
        let mut style = Style::default();
        for word in words.split_whitespace() {
            let unknown = || Error::unsupported(format!("buffer option \"{word}\""));
            match word.split_once('=').ok_or_else(unknown)? {
                ("quad_segs", value) => style.quadrant_segments = value.parse().map_err(|_| unknown())?,
                ("mitre_limit" | "miter_limit", value) => style.mitre_limit = value.parse().map_err(|_| unknown())?,
                ("endcap", "round") => style.cap = CapStyle::Round,
                ("endcap", "flat" | "butt") => style.cap = CapStyle::Flat,
                ("endcap", "square") => style.cap = CapStyle::Square,
                ("join", "round") => style.join = JoinStyle::Round,
                ("join", "mitre" | "miter") => style.join = JoinStyle::Mitre,
                ("join", "bevel") => style.join = JoinStyle::Bevel,
                ("side", "both") => style.side = Side::Both,
                ("side", "left") => style.side = Side::Left,
                ("side", "right") => style.side = Side::Right,
                _ => return Err(unknown()),
            }
        }
        Ok(style)
    }

    /// Refused above what any use needs: it would only eat memory.
    fn segments(&self) -> Result<i32> {
        if self.quadrant_segments > 10_000 {
            return Err(Error::unsupported("quad_segs above 10000"));
        }
        Ok(self.quadrant_segments)
    }
}

fn buffer(geometry: &Geometry, distance: f64, style: &Style) -> Result<Datum> {
    if geometry.is_empty() {
        return Ok(Geometry::empty(Kind::Polygon, geometry.srid).into_datum());
    }
    check_finite(geometry)?;
    let params = BufferParams::builder()
        .quadrant_segments(style.segments()?)
        .end_cap_style(style.cap)
        .join_style(style.join)
        .mitre_limit(style.mitre_limit)
        .single_sided(style.side != Side::Both)
        .build()
        .map_err(|_| failure("Error setting buffer parameters."))?;
    let signed = if style.side == Side::Right { -distance } else { distance };
    let input = import(geometry, "First argument geometry could not be converted to GEOS")?;
    let result = input.buffer_with_params(signed, &params).map_err(fault("GEOSBuffer"))?;
    Ok(export(&result, geometry.z, geometry.srid)?.into_datum())
}
