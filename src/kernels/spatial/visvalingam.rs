//! `ST_SimplifyVW`: Visvalingam and Whyatt's simplification, the vertex of the smallest triangle first.

use crate::error::{Error, Result};
use crate::kernels::Scalar;

use super::args;
use super::geometry::{Body, Coord, Geometry, Kind, failure};

pub(super) const SCALARS: &[(&str, Scalar)] = &[("st_simplifyvw(geometry,float8)", |_, a| {
    let (geometry, least) = (args::geometry(a, 0)?, args::float(a, 1)?);
    if geometry.is_empty() || matches!(geometry.kind, Kind::Point | Kind::MultiPoint) {
        return Ok(geometry.into_datum());
    }
    if least.is_nan() {
        return Err(Error::unsupported("ST_SimplifyVW with NaN"));
    }
    Ok(simplified(&geometry, least)?.into_datum())
})];

fn simplified(geometry: &Geometry, least: f64) -> Result<Geometry> {
    let body = match (&geometry.body, geometry.kind) {
        (body, Kind::Point | Kind::MultiPoint) => body.clone(),
        (Body::Coords(coords), Kind::LineString) => Body::Coords(thinned(coords, geometry.z, least, 2)?),
        (Body::Rings(rings), Kind::Polygon) => {
            let mut kept = Vec::new();
            for (index, ring) in rings.iter().enumerate() {
                let ring = thinned(ring, geometry.z, least, if index == 0 { 4 } else { 0 })?;
                if index == 0 || ring.len() >= 4 {
                    kept.push(ring);
                }
            }
            Body::Rings(kept)
        }
        (Body::Parts(parts), Kind::MultiLineString | Kind::MultiPolygon | Kind::GeometryCollection) => {
            Body::Parts(parts.iter().map(|part| simplified(part, least)).collect::<Result<_>>()?)
        }
        (_, kind) => return Err(failure(format!("lwgeom_simplify: unsupported geometry type: {}", kind.name()))),
    };
    Ok(Geometry { body, ..*geometry })
}

/// Takes vertices out while the smallest triangle is below `least`. A triangle that becomes smaller than the one before counts as much
/// as that. Where vertices have triangles of one size from the start, and where a ring would lose its last four, PostGIS's order decides:
/// both are refused.
fn thinned(coords: &[Coord], solid: bool, least: f64, keep: usize) -> Result<Vec<Coord>> {
    let count = coords.len();
    if count < 3 || count <= keep {
        return Ok(coords.to_vec());
    }
    let mut before: Vec<usize> = (0..count).map(|index| index.saturating_sub(1)).collect();
    let mut after: Vec<usize> = (1..=count).collect();
    let mut kept = vec![true; count];
    let area = |a: usize, b: usize, c: usize| triangle(&coords[a], &coords[b], &coords[c], solid);
    let mut heap = Heap::new((0..count).map(|index| match index {
        0 => f64::INFINITY,
        last if last == count - 1 => f64::INFINITY,
        inner => area(inner - 1, inner, inner + 1),
    }));
    let mut left = count;
    while let Some(index) = heap.smallest().filter(|index| heap.areas[*index] < least) {
        if left <= keep {
            return Err(Error::unsupported("ST_SimplifyVW of a ring down to its last vertices"));
        }
        if heap.tied() {
            return Err(Error::unsupported("ST_SimplifyVW where triangles are of one size"));
        }
        heap.pop();
        kept[index] = false;
        left -= 1;
        let (one, two) = (before[index], after[index]);
        (after[one], before[two]) = (two, one);
        for neighbour in [one, two] {
            if neighbour > 0 && neighbour < count - 1 {
                let own = area(before[neighbour], neighbour, after[neighbour]);
                heap.update(neighbour, own, heap.areas[index]);
            }
        }
    }
    Ok(coords.iter().zip(kept).filter(|(_, kept)| *kept).map(|(coord, _)| *coord).collect())
}

/// Vertices by the size of their triangles, smallest first.
struct Heap {
    areas: Vec<f64>,
    /// Whether a triangle counts more than it is.
    raised: Vec<bool>,
    items: Vec<usize>,
    places: Vec<usize>,
}

impl Heap {
    /// Of every vertex but the first and the last.
    fn new(areas: impl Iterator<Item = f64>) -> Heap {
        let areas: Vec<f64> = areas.collect();
        let mut items: Vec<usize> = (1..areas.len() - 1).collect();
        items.sort_by(|a, b| areas[*a].total_cmp(&areas[*b]));
        let mut places = vec![0; areas.len()];
        items.iter().enumerate().for_each(|(place, item)| places[*item] = place);
        Heap { raised: vec![false; areas.len()], areas, items, places }
    }

    fn smallest(&self) -> Option<usize> {
        self.items.first().copied()
    }

    /// Is another as small as the smallest, and neither raised?
    fn tied(&self) -> bool {
        let Some(first) = self.smallest() else { return false };
        let mut next = vec![1, 2];
        while let Some(place) = next.pop() {
            if let Some(item) = self.items.get(place)
                && self.areas[*item] == self.areas[first]
            {
                if !self.raised[*item] && !self.raised[first] {
                    return true;
                }
                next.extend([2 * place + 1, 2 * place + 2]);
            }
        }
        false
    }

    fn pop(&mut self) {
        if self.items.is_empty() {
            return;
        }
        self.items.swap_remove(0);
        if let Some(item) = self.items.first() {
            self.places[*item] = 0;
            self.down(0);
        }
    }

    fn update(&mut self, item: usize, area: f64, least: f64) {
        self.raised[item] = area <= least;
        self.areas[item] = area.max(least);
        self.down(self.places[item]);
        self.up(self.places[item]);
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.items.swap(a, b);
        (self.places[self.items[a]], self.places[self.items[b]]) = (a, b);
    }

    fn is_less(&self, a: usize, b: usize) -> bool {
        self.areas[self.items[a]] < self.areas[self.items[b]]
    }

    fn down(&mut self, mut place: usize) {
        loop {
            let children = [2 * place + 1, 2 * place + 2].into_iter().filter(|child| *child < self.items.len());
            let least = children.fold(place, |least, child| if self.is_less(child, least) { child } else { least });
            if least == place {
                return;
            }
            self.swap(place, least);
            place = least;
        }
    }

    fn up(&mut self, mut place: usize) {
        while place > 0 && self.is_less(place, (place - 1) / 2) {
            self.swap(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
    }
}

fn triangle(a: &Coord, b: &Coord, c: &Coord, solid: bool) -> f64 {
    if !solid {
        return (((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / 2.0).abs();
    }
    let (p, q) = ([b.x - a.x, b.y - a.y, b.z - a.z], [c.x - a.x, c.y - a.y, c.z - a.z]);
    let cross = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    cross.iter().map(|value| value * value).sum::<f64>().sqrt() / 2.0
}
