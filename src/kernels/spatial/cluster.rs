//! `ST_ClusterWithin` and `ST_ClusterIntersecting`: sets connected by nearness, in the order of their first members.

use crate::error::{Error, Result};
use crate::kernels::{Accumulator, Aggregate, Call, Scalar};
use crate::types::{ArrayValue, Datum, PgType};

use super::args;
use super::bounds::Bounds;
use super::distance::shortest;
use super::geometry::{Geometry, Kind, failure};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_clusterwithin(_geometry,float8)", |_, a| {
        clusters(&args::geometries(a, 0)?, &Link::Within(args::float(a, 1)?))
    }),
    ("st_clusterintersecting(_geometry)", |_, a| clusters(&args::geometries(a, 0)?, &Link::Touching)),
];

pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[
    ("st_clusterwithin(geometry,float8)", |_| Ok(Box::new(Rows { parts: Vec::new(), link: None }))),
    ("st_clusterintersecting(geometry)", |_| Ok(Box::new(Rows { parts: Vec::new(), link: Some(Link::Touching) }))),
];

/// What makes two geometries neighbours.
#[derive(Clone, Copy, Debug)]
enum Link {
    Touching,
    Within(f64),
}

#[derive(Debug)]
struct Rows {
    parts: Vec<Geometry>,
    link: Option<Link>,
}

impl Accumulator for Rows {
    fn update(&mut self, _call: &Call<'_>, a: &[Datum]) -> Result<()> {
        if a.len() > 1 && self.link.is_none() {
            if args::is_null(a, 1) {
                return Err(failure("Tolerance not defined"));
            }
            self.link = Some(Link::Within(args::float(a, 1)?));
        }
        if !args::is_null(a, 0) {
            self.parts.push(args::geometry(a, 0)?);
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        match &self.link {
            Some(link) if !self.parts.is_empty() => clusters(&self.parts, link),
            _ => Ok(Datum::Null),
        }
    }

    fn size(&self) -> usize {
        self.parts.iter().map(|part| 64 + 32 * part.num_points()).sum()
    }
}

fn clusters(parts: &[Geometry], link: &Link) -> Result<Datum> {
    let Some(first) = parts.first() else { return Ok(Datum::Null) };
    if let Link::Within(distance) = link
        && (distance.is_nan() || *distance < 0.0)
    {
        return Err(if distance.is_nan() {
            Error::unsupported("ST_ClusterWithin with NaN")
        } else {
            failure("Tolerance must be a positive number.")
        });
    }
    if let Some(other) = parts.iter().find(|part| part.srid != first.srid) {
        let label = if matches!(link, Link::Touching) { "ARRAY2GEOS" } else { "ARRAY2LWGEOM" };
        return Err(failure(format!(
            "{label}: Operation on mixed SRID geometries {} {} != {}",
            other.kind.name(),
            other.srid,
            first.srid
        )));
    }
    if parts.iter().any(|part| (part.z, part.m) != (first.z, first.m)) {
        return Err(Error::unsupported("clusters of geometries of several dimensions"));
    }
    let point_like =
        |leaf: &&Geometry| leaf.kind == Kind::LineString && leaf.coords().windows(2).all(|e| e[0].same_xy(&e[1]));
    if parts.iter().any(|part| part.leaves().iter().any(|leaf| !leaf.is_empty() && point_like(leaf))) {
        return Err(Error::unsupported("clusters of lines without length"));
    }
    let boxes: Vec<Option<Bounds>> = parts.iter().map(Bounds::of).collect();
    // From left to right, each against those that have not ended yet.
    let mut order: Vec<usize> = (0..parts.len()).filter(|index| boxes[*index].is_some()).collect();
    let left = |index: &usize| boxes[*index].as_ref().map_or(0.0, |own| own.min.x);
    order.sort_by(|a, b| left(a).total_cmp(&left(b)));
    let reach = if let Link::Within(distance) = link { *distance } else { 0.0 };
    let mut links: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
    for (position, one) in order.iter().enumerate() {
        let Some(own) = &boxes[*one] else { continue };
        for two in &order[position + 1..] {
            let Some(other) = &boxes[*two] else { continue };
            if other.min.x - own.max.x > reach {
                break;
            }
            let apart = other.min.y - own.max.y > reach || own.min.y - other.max.y > reach;
            if !apart && linked(&parts[*one], &parts[*two], link)? {
                links[*one].push(*two);
                links[*two].push(*one);
            }
        }
    }
    let mut sets = Sets::new(parts.len());
    for (index, own) in links.iter().enumerate() {
        sets.join(index, own);
    }
    sets.check_order()?;
    let mut groups: Vec<(usize, Vec<Geometry>)> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let root = sets.root(index);
        match groups.iter_mut().find(|(own, _)| *own == root) {
            Some((_, members)) => members.push(part.clone()),
            None => groups.push((root, vec![part.clone()])),
        }
    }
    let collected = |(_, members): (usize, Vec<Geometry>)| {
        Geometry::collection(Kind::GeometryCollection, members, first.srid).into_datum()
    };
    let values = groups.into_iter().map(collected).collect();
    Ok(Datum::Array(ArrayValue::vector(PgType::GEOMETRY, values).into()))
}

fn linked(one: &Geometry, two: &Geometry, link: &Link) -> Result<bool> {
    match link {
        Link::Within(distance) => Ok(shortest(one, two)?.is_some_and(|line| line.length <= *distance)),
        Link::Touching => {
            let kernel = super::scalar("st_intersects(geometry,geometry)")
                .ok_or_else(|| Error::unsupported("st_clusterintersecting without GEOS"))?;
            let env = crate::kernels::Env::default();
            let call = Call { env: &env, args: &[PgType::GEOMETRY, PgType::GEOMETRY], returns: PgType::BOOL };
            let values = [one.clone().into_datum(), two.clone().into_datum()];
            Ok(kernel(&call, &values)?.as_bool().unwrap_or(false))
        }
    }
}

/// Sets of indices; the smallest index of a set stands for it.
struct Sets {
    parent: Vec<usize>,
    size: Vec<usize>,
    /// Sets that grew together from several: PostGIS may count them by another member than their first.
    mixed: Vec<bool>,
}

impl Sets {
    fn new(count: usize) -> Sets {
        Sets { parent: (0..count).collect(), size: vec![1; count], mixed: vec![false; count] }
    }

    fn root(&mut self, mut index: usize) -> usize {
        while self.parent[index] != index {
            self.parent[index] = self.parent[self.parent[index]];
            index = self.parent[index];
        }
        index
    }

    /// Joins an index and its neighbours.
    fn join(&mut self, index: usize, neighbours: &[usize]) {
        let own = self.root(index);
        let mut others: Vec<usize> =
            neighbours.iter().map(|other| self.root(*other)).filter(|root| *root != own).collect();
        others.sort_unstable();
        others.dedup();
        let grown = others.iter().any(|other| self.size[*other] > 1);
        let certain = !grown || self.size[own] == 1 && others.len() == 1;
        for other in others {
            let (one, two) = (self.root(own), self.root(other));
            let (first, second) = (one.min(two), one.max(two));
            self.parent[second] = first;
            self.size[first] += self.size[second];
            self.mixed[first] |= self.mixed[second] || !certain;
        }
    }

    /// Refuses sets whose order hangs on which of their members was found first.
    fn check_order(&mut self) -> Result<()> {
        let mut last: Vec<usize> = (0..self.parent.len()).collect();
        for index in 0..self.parent.len() {
            let root = self.root(index);
            last[root] = last[root].max(index);
        }
        for (root, &last) in last.iter().enumerate() {
            let between = |other: usize| self.parent[other] == other && other > root && other < last;
            if self.parent[root] == root && self.mixed[root] && (root..last).any(between) {
                return Err(Error::unsupported("clusters whose order is not certain"));
            }
        }
        Ok(())
    }
}
