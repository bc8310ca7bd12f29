//! Geometry on the unit sphere and the spheroids geography is measured on.

use super::bounds::{float_down, float_up};
use super::geometry::{Body, Coord, Geometry, Kind};

/// An ellipsoid of revolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spheroid {
    pub a: f64,
    pub f: f64,
}

impl Spheroid {
    pub const GRS80: Spheroid = Spheroid { a: 6_378_137.0, f: 1.0 / 298.257_222_101 };
    pub const WGS84: Spheroid = Spheroid { a: 6_378_137.0, f: 1.0 / 298.257_223_563 };

    pub fn b(&self) -> f64 {
        self.a - self.f * self.a
    }

    /// Mean radius as liblwgeom has it.
    pub fn radius(&self) -> f64 {
        (2.0 * self.a + self.b()) / 3.0
    }
}

/// A unit vector.
pub type Vector = [f64; 3];

pub fn vector(coord: &Coord) -> Vector {
    let (longitude, latitude) = (coord.x.to_radians(), coord.y.to_radians());
    [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
}

/// As `vector`, the angles turned as PostGIS turns them where it computes new positions.
pub fn vector_turned(coord: &Coord) -> Vector {
    use std::f64::consts::PI;
    let (longitude, latitude) = (PI * coord.x / 180.0, PI * coord.y / 180.0);
    [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
}

pub fn dot(a: &Vector, b: &Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn cross(a: &Vector, b: &Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub fn normalized(v: &Vector) -> Vector {
    let length = dot(v, v).sqrt();
    if length < 1e-14 { [0.0; 3] } else { v.map(|value| value / length) }
}

/// Unit vector perpendicular to both.
pub fn normal(a: &Vector, b: &Vector) -> Vector {
    let cosine = dot(a, b);
    let third = if cosine < 0.0 {
        // Obtuse: the middle of both is better conditioned.
        normalized(&[a[0] + b[0], a[1] + b[1], a[2] + b[2]])
    } else if cosine > 0.95 {
        normalized(&[b[0] - a[0], b[1] - a[1], b[2] - a[2]])
    } else {
        *b
    };
    normalized(&cross(a, &third))
}

struct SpaceBox {
    min: Vector,
    max: Vector,
}

impl SpaceBox {
    fn add(&mut self, v: &Vector) {
        for (axis, value) in v.iter().enumerate() {
            self.min[axis] = self.min[axis].min(*value);
            self.max[axis] = self.max[axis].max(*value);
        }
    }

    /// The extremes of the great circle arc between two positions.
    fn add_edge(&mut self, a: &Vector, b: &Vector) {
        self.add(a);
        self.add(b);
        if a == b {
            return;
        }
        let pole = normal(a, b);
        let third = normal(&pole, a);
        // The plane of the arc: `a` is (1, 0).
        let (rx, ry) = (dot(b, a), dot(b, &third));
        let side = |x: f64, y: f64| (x - 1.0) * ry - (rx - 1.0) * y;
        let origin = side(0.0, 0.0);
        for axis in 0..3 {
            for sign in [1.0, -1.0] {
                let (x, y) = (sign * a[axis], sign * third[axis]);
                let length = x.hypot(y);
                if length == 0.0 {
                    continue;
                }
                let (x, y) = (x / length, y / length);
                let beyond = side(x, y);
                if (beyond > 0.0) != (origin > 0.0) || beyond == 0.0 {
                    self.add(&[x * a[0] + y * third[0], x * a[1] + y * third[1], x * a[2] + y * third[2]]);
                }
            }
        }
    }

    /// A polygon around a pole reaches it.
    fn add_poles(&mut self) {
        let [xmin, ymin, zmin] = self.min;
        let [xmax, ymax, zmax] = self.max;
        if xmin < 0.0 && xmax > 0.0 && ymin < 0.0 && ymax > 0.0 {
            if zmin > 0.0 && zmax > 0.0 {
                self.max[2] = 1.0;
            } else if zmin < 0.0 && zmax < 0.0 {
                self.min[2] = -1.0;
            } else {
                self.max[2] = 1.0;
                self.min[2] = -1.0;
            }
        }
        if xmin < 0.0 && xmax > 0.0 && zmin < 0.0 && zmax > 0.0 {
            if ymin > 0.0 && ymax > 0.0 {
                self.max[1] = 1.0;
            } else if ymin < 0.0 && ymax < 0.0 {
                self.min[1] = -1.0;
            } else {
                self.max[1] = 1.0;
                self.min[1] = -1.0;
            }
        }
        if ymin < 0.0 && ymax > 0.0 && zmin < 0.0 && zmax > 0.0 {
            if xmin > 0.0 && xmax > 0.0 {
                self.max[0] = 1.0;
            } else if xmin < 0.0 && xmax < 0.0 {
                self.min[0] = -1.0;
            } else {
                self.max[0] = 1.0;
                self.min[0] = -1.0;
            }
        }
    }

    fn of(geometry: &Geometry) -> Option<SpaceBox> {
        let merge = |boxes: &mut Option<SpaceBox>, other: SpaceBox| match boxes {
            Some(own) => {
                own.add(&other.min);
                own.add(&other.max);
            }
            None => *boxes = Some(other),
        };
        let mut whole = None;
        match &geometry.body {
            Body::Coords(coords) => return SpaceBox::of_path(coords),
            Body::Rings(rings) => {
                for ring in rings {
                    if let Some(mut own) = SpaceBox::of_path(ring) {
                        if geometry.kind == Kind::Polygon {
                            own.add_poles();
                        }
                        merge(&mut whole, own);
                    }
                }
            }
            Body::Parts(parts) => {
                for own in parts.iter().filter_map(SpaceBox::of) {
                    merge(&mut whole, own);
                }
            }
        }
        whole
    }

    fn of_path(coords: &[Coord]) -> Option<SpaceBox> {
        let vectors: Vec<Vector> = coords.iter().map(vector).collect();
        let first = vectors.first()?;
        let mut own = SpaceBox { min: *first, max: *first };
        for edge in vectors.windows(2) {
            own.add_edge(&edge[0], &edge[1]);
        }
        Some(own)
    }
}

/// The geocentric box PostGIS keeps with a geography, rounded outwards to single precision.
pub fn stored_bounds(geometry: &Geometry) -> Option<(Vector, Vector)> {
    let own = SpaceBox::of(geometry)?;
    Some((own.min.map(|value| f64::from(float_down(value))), own.max.map(|value| f64::from(float_up(value)))))
}
