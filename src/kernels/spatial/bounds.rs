//! Bounding boxes, in doubles and as the single-precision boxes PostGIS keeps in its index.

use super::geometry::{Body, Coord, Geometry, Kind};

/// Extremes of every ordinate; Z and M are 0 where the geometry has none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub min: Coord,
    pub max: Coord,
}

impl Bounds {
    pub fn of_coord(coord: &Coord) -> Bounds {
        Bounds { min: *coord, max: *coord }
    }

    pub fn add(&mut self, coord: &Coord) {
        self.min = pick(&self.min, coord, f64::min);
        self.max = pick(&self.max, coord, f64::max);
    }

    pub fn merge(&mut self, other: &Bounds) {
        self.add(&other.min);
        self.add(&other.max);
    }

    /// `None` for an empty geometry.
    pub fn of(geometry: &Geometry) -> Option<Bounds> {
        let mut bounds: Option<Bounds> = None;
        let mut add = |coord: &Coord| match &mut bounds {
            Some(bounds) => bounds.add(coord),
            None => bounds = Some(Bounds::of_coord(coord)),
        };
        match &geometry.body {
            Body::Coords(coords) if geometry.kind == Kind::CircularString => {
                super::arc::extremes(coords, &mut add);
            }
            Body::Parts(parts) => {
                for part in parts.iter().filter_map(Bounds::of) {
                    add(&part.min);
                    add(&part.max);
                }
            }
            // Holes lie inside.
            Body::Rings(rings) => rings.iter().flatten().for_each(add),
            Body::Coords(coords) => coords.iter().for_each(add),
        }
        bounds
    }

    /// Rounded outwards to single precision, as stored with every geometry that is not a point or a single segment.
    #[must_use]
    pub fn rounded(&self) -> Bounds {
        let down = |value| f64::from(float_down(value));
        let up = |value| f64::from(float_up(value));
        Bounds {
            min: Coord { x: down(self.min.x), y: down(self.min.y), z: down(self.min.z), m: down(self.min.m) },
            max: Coord { x: up(self.max.x), y: up(self.max.y), z: up(self.max.z), m: up(self.max.m) },
        }
    }

    /// Whether the serialized form carries a box.
    pub fn is_stored(geometry: &Geometry) -> bool {
        !geometry.is_empty() && !is_boxless(geometry)
    }

    /// The box PostGIS reads from the serialized form: exact for points and single segments, rounded for the rest.
    pub fn stored(geometry: &Geometry) -> Option<Bounds> {
        let bounds = Bounds::of(geometry)?;
        Some(if is_boxless(geometry) { bounds } else { bounds.rounded() })
    }
}

fn pick(left: &Coord, right: &Coord, choose: fn(f64, f64) -> f64) -> Coord {
    Coord {
        x: choose(left.x, right.x),
        y: choose(left.y, right.y),
        z: choose(left.z, right.z),
        m: choose(left.m, right.m),
    }
}

/// Geometries that liblwgeom stores without a box.
fn is_boxless(geometry: &Geometry) -> bool {
    match geometry.kind {
        Kind::Point => true,
        Kind::LineString => geometry.coords().len() <= 2,
        Kind::MultiPoint => geometry.parts().len() == 1,
        Kind::MultiLineString => matches!(geometry.parts(), [line] if line.coords().len() <= 2),
        _ => false,
    }
}

/// The largest float not above `value`.
pub fn float_down(value: f64) -> f32 {
    let value = value.clamp(f64::from(f32::MIN), f64::from(f32::MAX));
    let float = value as f32;
    if f64::from(float) <= value || float.is_nan() { float } else { float.next_down() }
}

/// The smallest float not below `value`.
pub fn float_up(value: f64) -> f32 {
    let value = value.clamp(f64::from(f32::MIN), f64::from(f32::MAX));
    let float = value as f32;
    if f64::from(float) >= value || float.is_nan() { float } else { float.next_up() }
}

/// A two-dimensional single-precision box: what `&&` and its kin compare.
#[derive(Clone, Copy, Debug)]
pub struct FloatBox {
    pub xmin: f32,
    pub ymin: f32,
    pub xmax: f32,
    pub ymax: f32,
}

impl FloatBox {
    pub fn of(geometry: &Geometry) -> Option<FloatBox> {
        let bounds = Bounds::of(geometry)?;
        Some(FloatBox {
            xmin: float_down(bounds.min.x),
            ymin: float_down(bounds.min.y),
            xmax: float_up(bounds.max.x),
            ymax: float_up(bounds.max.y),
        })
    }
}
