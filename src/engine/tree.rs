//! A packed R-tree over boxes (sort-tile-recursive), searched depth first for the nearest rows by an exact distance.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::error::Result;

/// Children of a node.
const FAN: usize = 16;

/// xmin, ymin, xmax, ymax.
pub(super) type Bounds = [f64; 4];

/// The tree: `levels[0]` has a box per row, each next level one per [`FAN`] of the level below, the last one box.
#[derive(Debug, Default)]
pub(super) struct Tree {
    levels: Vec<Vec<Bounds>>,
    rows: Vec<u32>,
}

/// A row found. The order is by distance (never NaN), then by row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) distance: f64,
    pub(super) row: u32,
}

impl Eq for Found {}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Found) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Found {
    fn cmp(&self, other: &Found) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.row.cmp(&other.row))
    }
}

/// The best `k` rows so far.
#[derive(Debug)]
pub(super) struct Best {
    k: usize,
    heap: BinaryHeap<Found>,
}

impl Best {
    pub(super) fn new(k: usize) -> Best {
        Best { k, heap: BinaryHeap::new() }
    }

    /// Whether a row at this distance could come in.
    pub(super) fn wants(&self, found: &Found) -> bool {
        self.heap.len() < self.k || self.heap.peek().is_some_and(|worst| found < worst)
    }

    pub(super) fn add(&mut self, found: Found) {
        if self.wants(&found) {
            if self.heap.len() == self.k {
                self.heap.pop();
            }
            self.heap.push(found);
        }
    }

    /// Nothing farther than this is wanted (equally far may be, for its row number).
    fn reach(&self) -> f64 {
        match self.heap.peek() {
            Some(worst) if self.heap.len() >= self.k => worst.distance,
            _ => f64::INFINITY,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.heap.len() >= self.k
    }

    /// The rows in order, leaving it empty.
    pub(super) fn drain(&mut self) -> Vec<Found> {
        std::mem::take(&mut self.heap).into_sorted_vec()
    }
}

impl Tree {
    pub(super) fn new(mut entries: Vec<(Bounds, u32)>) -> Tree {
        let middle = |bounds: &Bounds, axis: usize| bounds[axis] / 2.0 + bounds[axis + 2] / 2.0;
        entries.sort_by(|a, b| middle(&a.0, 0).total_cmp(&middle(&b.0, 0)));
        let leaves = entries.len().div_ceil(FAN);
        let slices = (leaves as f64).sqrt().ceil().max(1.0) as usize;
        for slice in entries.chunks_mut((leaves.div_ceil(slices) * FAN).max(1)) {
            slice.sort_by(|a, b| middle(&a.0, 1).total_cmp(&middle(&b.0, 1)));
        }
        let rows = entries.iter().map(|(_, row)| *row).collect();
        let mut levels = vec![entries.into_iter().map(|(bounds, _)| bounds).collect::<Vec<_>>()];
        while let Some(last) = levels.last()
            && last.len() > 1
        {
            let next = last.chunks(FAN).map(|boxes| boxes.iter().copied().reduce(union).unwrap_or_default()).collect();
            levels.push(next);
        }
        Tree { levels, rows }
    }

    /// Offers rows to `best`: every row that belongs in it is offered. `margin`: how much smaller than the distance of the boxes
    /// an exact distance may come out by rounding.
    pub(super) fn nearest(
        &self,
        from: &Bounds,
        margin: f64,
        best: &mut Best,
        offer: &mut dyn FnMut(u32, &Bounds, &mut Best) -> Result<()>,
    ) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        self.visit(self.levels.len() - 1, 0, from, margin, best, offer)
    }

    /// The rows whose boxes hold a position.
    pub(super) fn at(&self, point: [f64; 2], found: &mut Vec<u32>) {
        let holds = |bounds: &Bounds| {
            bounds[0] <= point[0] && point[0] <= bounds[2] && bounds[1] <= point[1] && point[1] <= bounds[3]
        };
        let Some(top) = self.levels.len().checked_sub(1).filter(|_| !self.rows.is_empty()) else { return };
        let mut open = vec![(top, 0)];
        while let Some((level, index)) = open.pop() {
            if !holds(&self.levels[level][index]) {
                continue;
            }
            if level == 0 {
                found.push(self.rows[index]);
                continue;
            }
            let below = self.levels[level - 1].len();
            open.extend((index * FAN..((index + 1) * FAN).min(below)).map(|child| (level - 1, child)));
        }
    }

    fn visit(
        &self,
        level: usize,
        index: usize,
        from: &Bounds,
        margin: f64,
        best: &mut Best,
        offer: &mut dyn FnMut(u32, &Bounds, &mut Best) -> Result<()>,
    ) -> Result<()> {
        if level == 0 {
            return offer(self.rows[index], &self.levels[0][index], best);
        }
        let below = &self.levels[level - 1];
        let children = index * FAN..((index + 1) * FAN).min(below.len());
        let mut order = [(0.0_f64, 0_usize); FAN];
        let order = &mut order[..children.len()];
        for (slot, child) in order.iter_mut().zip(children) {
            *slot = (apart(from, &below[child]), child);
        }
        if order.first().is_some_and(|_| order.iter().any(|(distance, _)| *distance <= best.reach() + margin)) {
            order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            for (distance, child) in order {
                if *distance > best.reach() + margin {
                    break;
                }
                self.visit(level - 1, *child, from, margin, best, offer)?;
            }
        }
        Ok(())
    }
}

fn union(a: Bounds, b: Bounds) -> Bounds {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// The distance of two boxes. For two points it is their distance, computed in the same way.
pub(super) fn apart(a: &Bounds, b: &Bounds) -> f64 {
    let gap = |axis: usize| (b[axis] - a[axis + 2]).max(a[axis] - b[axis + 2]).max(0.0);
    let (dx, dy) = (gap(0), gap(1));
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    /// The tree finds what looking at every row finds, ties by row number, for any size and k.
    #[test]
    fn finds_what_a_scan_finds() {
        let mut random = StdRng::seed_from_u64(7);
        for size in [0, 1, 2, 15, 16, 17, 255, 256, 257, 3000] {
            // A coarse grid: many ties.
            let boxes: Vec<Bounds> = (0..size)
                .map(|n| {
                    let (x, y) = (f64::from(random.random_range(0..40)), f64::from(random.random_range(0..40)));
                    let side = if n % 3 == 0 { f64::from(random.random_range(0..5)) } else { 0.0 };
                    [x, y, x + side, y + side]
                })
                .collect();
            let tree = Tree::new(boxes.iter().copied().zip(0..).collect());
            for k in [1, 2, 7, 5000] {
                for _ in 0..20 {
                    let (x, y) = (f64::from(random.random_range(-5..45)), f64::from(random.random_range(-5..45)));
                    let from = [x, y, x, y];
                    let mut best = Best::new(k);
                    tree.nearest(&from, 0.0, &mut best, &mut |row, bounds, best| {
                        best.add(Found { distance: apart(&from, bounds), row });
                        Ok(())
                    })
                    .expect("no error is raised");
                    let mut expected: Vec<Found> =
                        boxes.iter().zip(0..).map(|(b, row)| Found { distance: apart(&from, b), row }).collect();
                    expected.sort();
                    expected.truncate(k);
                    assert_eq!(best.drain(), expected, "size {size}, k {k}");
                    let mut found = Vec::new();
                    tree.at([x, y], &mut found);
                    found.sort_unstable();
                    let holds = |b: &Bounds| b[0] <= x && x <= b[2] && b[1] <= y && y <= b[3];
                    let expected: Vec<u32> =
                        boxes.iter().zip(0..).filter(|(b, _)| holds(b)).map(|(_, row)| row).collect();
                    assert_eq!(found, expected, "size {size} at {x} {y}");
                }
            }
        }
    }
}
