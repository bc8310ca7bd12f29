//! Circular arcs through three points: centre, extremes, length and linearisation.

use std::f64::consts::PI;

use super::geometry::Coord;

/// Centre and radius of the circle through three points; `None` when they are collinear.
/// A closed arc (start = end) is a full circle whose diameter is start to middle.
pub fn circle(start: &Coord, middle: &Coord, end: &Coord) -> Option<(f64, f64, f64)> {
    if (start.x - end.x).abs() < 1e-8 && (start.y - end.y).abs() < 1e-8 {
        let x = start.x + (middle.x - start.x) / 2.0;
        let y = start.y + (middle.y - start.y) / 2.0;
        return Some((x, y, (x - start.x).hypot(y - start.y)));
    }
    let (dx21, dy21) = (middle.x - start.x, middle.y - start.y);
    let (dx31, dy31) = (end.x - start.x, end.y - start.y);
    let h21 = dx21 * dx21 + dy21 * dy21;
    let h31 = dx31 * dx31 + dy31 * dy31;
    let d = 2.0 * (dx21 * dy31 - dx31 * dy21);
    if d.abs() < 1e-8 {
        return None;
    }
    let x = start.x + (h21 * dy31 - h31 * dy21) / d;
    let y = start.y - (h21 * dx31 - h31 * dx21) / d;
    Some((x, y, (x - start.x).hypot(y - start.y)))
}

fn side(a: &Coord, b: &Coord, point: (f64, f64)) -> f64 {
    (point.0 - a.x) * (b.y - a.y) - (b.x - a.x) * (point.1 - a.y)
}

/// Calls `add` with positions whose box is the box of a circular string.
pub fn extremes(coords: &[Coord], add: &mut impl FnMut(&Coord)) {
    coords.iter().for_each(&mut *add);
    for arc in coords.windows(3).step_by(2) {
        let [start, middle, end] = arc else { continue };
        let Some((x, y, radius)) = circle(start, middle, end) else { continue };
        let full = start.same_xy(end);
        let wanted = side(start, end, (middle.x, middle.y)).signum();
        for (px, py) in [(x - radius, y), (x + radius, y), (x, y - radius), (x, y + radius)] {
            if full || side(start, end, (px, py)).signum() == wanted {
                add(&Coord { x: px, y: py, z: start.z, m: start.m });
            }
        }
    }
}

/// The swept angle of an arc around its centre, signed (counter-clockwise positive).
pub fn sweep(start: &Coord, middle: &Coord, end: &Coord, centre: (f64, f64)) -> f64 {
    if start.same_xy(end) {
        return 2.0 * PI;
    }
    let angle = |coord: &Coord| (coord.y - centre.1).atan2(coord.x - centre.0);
    let clockwise = side(start, end, (middle.x, middle.y)) < 0.0;
    let mut swept = angle(end) - angle(start);
    if clockwise && swept > 0.0 {
        swept -= 2.0 * PI;
    } else if !clockwise && swept < 0.0 {
        swept += 2.0 * PI;
    }
    swept
}

/// Length of a circular string.
pub fn length(coords: &[Coord]) -> f64 {
    coords
        .windows(3)
        .step_by(2)
        .map(|arc| match circle(&arc[0], &arc[1], &arc[2]) {
            Some((x, y, radius)) => radius * sweep(&arc[0], &arc[1], &arc[2], (x, y)).abs(),
            None => arc[0].distance(&arc[2]),
        })
        .sum()
}
