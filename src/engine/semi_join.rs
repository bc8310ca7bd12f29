//! Semi-join reduction: a join's smaller side is read first, and the fragment on the other side is asked for the rows alone that can
//! have a partner there: by the distinct keys of an equality, or by the box around the geometries of a spatial condition.
//!
//! The join tests every pair as it does without. So what is asked for may be weaker than its condition and never stronger, and a side
//! with too many keys (or one that is not sure to be compared in the same way over there) is simply not used. Its rows are read once:
//! those that came before it was known to be too large go on from memory.
//!
//! Nothing waits in a circle: a scan waits for the one side of a join that it is not in, and that side for nothing in its own.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use datafusion::physical_expr::PhysicalExpr;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::node::{Emitter, Input, Operator};
use super::rows;
use crate::catalog::Relation;
use crate::error::{Error, Result};
use crate::kernels::core::numeric::repr;
use crate::kernels::spatial::bounds::Bounds;
use crate::kernels::spatial::geometry::Geometry;
use crate::route::{Partners, Wanted};
use crate::types::{Datum, GeometryTypmod, Numeric, NumericTypmod, PgType};

/// Bytes of the smaller side that are held while it is not known to be small.
const HELD_BYTES: usize = 16 << 20;
/// Bytes of all keys together: a target's statement has its limits.
const KEY_BYTES: usize = 256 << 10;
/// What boxes are wider than their geometries, relative to their coordinates: targets and PostGIS round boxes.
const MARGIN: f64 = 1e-6;

/// A scan of a fragment that may be asked for fewer rows.
pub(super) struct Leaf {
    pub(super) fragment: usize,
    pub(super) relation: Arc<Relation>,
    waits: Mutex<Vec<Wait>>,
}

/// What a leaf waits for.
struct Wait {
    column: usize,
    from: String,
    told: watch::Receiver<Option<Told>>,
}

/// What a side of a join tells once it has been read.
#[derive(Clone, Debug)]
enum Told {
    /// Nothing: every row may have a partner.
    All,
    Failed(Error),
    /// No row has a partner.
    Nothing,
    Wanted(Wanted),
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Leaf({})", self.fragment)
    }
}

impl Leaf {
    pub(super) fn new(fragment: usize, relation: &Arc<Relation>) -> Arc<Leaf> {
        Arc::new(Leaf { fragment, relation: Arc::clone(relation), waits: Mutex::default() })
    }

    /// What its rows must be, when the sides that it waits for have been read; `None` when no row has a partner.
    pub(super) async fn partners(&self) -> Result<Option<Vec<Partners>>> {
        let waits: Vec<(usize, String, watch::Receiver<Option<Told>>)> = {
            let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
            waits.iter().map(|wait| (wait.column, wait.from.clone(), wait.told.clone())).collect()
        };
        let mut partners = Vec::new();
        for (column, from, mut told) in waits {
            // A side that has gone without a word tells nothing.
            let told = match told.wait_for(Option::is_some).await {
                Ok(told) => told.clone().unwrap_or(Told::All),
                Err(_) => Told::All,
            };
            match told {
                Told::All => {}
                Told::Failed(error) => return Err(error),
                Told::Nothing => return Ok(None),
                Told::Wanted(wanted) => partners.push(Partners { column, wanted, from }),
            }
        }
        Ok(Some(partners))
    }
}

/// What a leaf asks of the other side of a join.
pub(super) struct Ask {
    /// Over the other side's rows.
    key: Arc<dyn PhysicalExpr>,
    ty: PgType,
    of: Of,
    told: watch::Sender<Option<Told>>,
}

/// How the key's values are told.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// As values of a column of this type.
    Column(PgType, i32),
    /// As the box around geometries of this SRID, wider by a distance.
    Box { srid: i32, distance: f64 },
}

impl Ask {
    fn tell(&self, told: Told) {
        self.told.send_if_modified(|known| {
            let first = known.is_none();
            if first {
                *known = Some(told);
            }
            first
        });
    }
}

/// The types whose values may be told as keys: their equality is the same on every target whose dialect has it.
/// Floats are not among them (NaN, -0, digits), nor is anything that is padded or has forms.
pub(super) fn is_keyed(ty: PgType) -> bool {
    matches!(
        ty,
        PgType::INT2
            | PgType::INT4
            | PgType::INT8
            | PgType::NUMERIC
            | PgType::TEXT
            | PgType::VARCHAR
            | PgType::DATE
            | PgType::TIMESTAMP
            | PgType::TIMESTAMPTZ
            | PgType::UUID
    )
}

/// A value of each of those types, to try whether a target can be told.
pub(super) fn sample(ty: PgType) -> Datum {
    match ty {
        PgType::INT2 => Datum::Int2(1),
        PgType::INT4 => Datum::Int4(1),
        PgType::INT8 => Datum::Int8(1),
        PgType::NUMERIC => Datum::Numeric(repr::from_int(1)),
        PgType::DATE => Datum::Date(0),
        PgType::TIMESTAMP => Datum::Timestamp(0),
        PgType::TIMESTAMPTZ => Datum::Timestamptz(0),
        PgType::UUID => Datum::Uuid([0; 16]),
        _ => Datum::text("a"),
    }
}

impl Leaf {
    /// Waits for the distinct values of a key that is compared with a column.
    pub(super) fn ask_keys(&self, column: usize, key: Arc<dyn PhysicalExpr>, ty: PgType, from: String) -> Option<Ask> {
        let found = self.relation.columns.get(column)?;
        Some(self.ask(column, key, ty, Of::Column(found.ty, found.typmod), from))
    }

    /// Waits for the box around a key's geometries.
    pub(super) fn ask_box(
        &self,
        column: usize,
        key: Arc<dyn PhysicalExpr>,
        distance: f64,
        from: String,
    ) -> Option<Ask> {
        let srid = GeometryTypmod::unpack(self.relation.columns.get(column)?.typmod)?.srid;
        Some(self.ask(column, key, PgType::GEOMETRY, Of::Box { srid, distance }, from))
    }

    fn ask(&self, column: usize, key: Arc<dyn PhysicalExpr>, ty: PgType, of: Of, from: String) -> Ask {
        let (sender, told) = watch::channel(None);
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push(Wait { column, from, told });
        Ask { key, ty, of, told: sender }
    }
}

/// Passes a side of a join on, and tells its keys.
pub(super) struct Gather {
    pub(super) asks: Vec<Ask>,
    /// The most keys that are told.
    pub(super) most: usize,
}

impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gather({})", self.asks.len())
    }
}

/// However the side ends, nobody waits for it.
struct Ended(Arc<Gather>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.asks.iter().for_each(|ask| ask.tell(Told::All));
    }
}

impl Operator for Gather {
    fn describe(&self) -> String {
        format!("Semi-join: at most {} keys for {} conditions", self.most, self.asks.len())
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let ended = Ended(Arc::clone(&self));
            let ran = self.pass(&mut inputs, &mut emitter).await;
            if let Err(error) = &ran {
                self.asks.iter().for_each(|ask| ask.tell(Told::Failed(error.clone())));
            }
            drop(ended);
            ran
        }
        .boxed()
    }
}

impl Gather {
    async fn pass(&self, inputs: &mut Vec<Input>, emitter: &mut Emitter) -> Result<()> {
        let mut input = inputs.pop().ok_or_else(|| Error::internal("a side of a join without input"))?;
        let mut budget = emitter.budget("semi-join");
        let mut sets: Vec<Option<Set>> =
            self.asks.iter().map(|ask| ask.told.borrow().is_none().then(Set::default)).collect();
        let mut held: Vec<RecordBatch> = Vec::new();
        let mut bytes = 0;
        while sets.iter().any(Option::is_some) {
            let Some(batch) = input.next().await? else { break };
            for (ask, set) in self.asks.iter().zip(&mut sets) {
                if let Some(found) = set
                    && !found.add(ask, &batch, self.most)?
                {
                    ask.tell(Told::All);
                    *set = None;
                }
            }
            bytes += rows::bytes_of(&batch);
            if bytes > HELD_BYTES || budget.grow(rows::bytes_of(&batch)).is_err() {
                self.asks.iter().for_each(|ask| ask.tell(Told::All));
                sets.fill_with(|| None);
            }
            held.push(batch);
        }
        for (ask, set) in self.asks.iter().zip(sets) {
            if let Some(set) = set {
                ask.tell(set.told(ask));
            }
        }
        for batch in held {
            let batch = rows::assemble(emitter.schema(), batch.columns().to_vec(), batch.num_rows())?;
            emitter.send(batch).await?;
        }
        budget.clear();
        while let Some(batch) = input.next().await? {
            let batch = rows::assemble(emitter.schema(), batch.columns().to_vec(), batch.num_rows())?;
            emitter.send(batch).await?;
        }
        Ok(())
    }
}

/// The distinct keys so far, or the box around them.
#[derive(Default)]
struct Set {
    known: HashSet<Vec<u8>>,
    keys: Vec<Datum>,
    bytes: usize,
    bounds: Option<Bounds>,
}

impl Set {
    /// False when they cannot be told.
    fn add(&mut self, ask: &Ask, batch: &RecordBatch, most: usize) -> Result<bool> {
        let array = ask.key.evaluate(batch).and_then(|value| value.into_array(batch.num_rows()));
        let array = array.map_err(rows::from_datafusion)?;
        let mut encoded = Vec::new();
        for row in 0..batch.num_rows() {
            let value = rows::read(&array, row, ask.ty)?;
            // NULL equals nothing, and is near nothing.
            if value.is_null() {
                continue;
            }
            match ask.of {
                Of::Box { srid, .. } => {
                    let Some(more) = area(&value, srid)? else { return Ok(false) };
                    if let Some(more) = more {
                        match &mut self.bounds {
                            Some(bounds) => bounds.merge(&more),
                            None => self.bounds = Some(more),
                        }
                    }
                }
                Of::Column(ty, typmod) => {
                    let key = match as_column(&value, ty, typmod) {
                        Key::Never => continue,
                        Key::Unknown => return Ok(false),
                        Key::Value(key) => key,
                    };
                    encoded.clear();
                    rows::encode_key(ty, &key, &mut encoded)?;
                    if self.known.contains(&encoded) {
                        continue;
                    }
                    self.bytes += encoded.len();
                    if self.keys.len() >= most || self.bytes > KEY_BYTES {
                        return Ok(false);
                    }
                    self.known.insert(encoded.clone());
                    self.keys.push(key);
                }
            }
        }
        Ok(true)
    }

    fn told(self, ask: &Ask) -> Told {
        match ask.of {
            Of::Column(..) if self.keys.is_empty() => Told::Nothing,
            Of::Column(..) => Told::Wanted(Wanted::Keys(self.keys)),
            Of::Box { distance, .. } => match self.bounds {
                None => Told::Nothing,
                Some(bounds) => widened(&bounds, distance).map_or(Told::All, |area| Told::Wanted(Wanted::Box(area))),
            },
        }
    }
}

/// The box of a geometry, none for an EMPTY one; `None` for what must not be told.
fn area(value: &Datum, srid: i32) -> Result<Option<Option<Bounds>>> {
    let Datum::Geometry(bytes) = value else { return Ok(None) };
    // Another SRID is an error, which the condition raises.
    if bytes.srid() != srid {
        return Ok(None);
    }
    let geometry = Geometry::from_datum(value)?;
    if geometry.has_arcs() {
        return Ok(None);
    }
    let Some(bounds) = Bounds::of(&geometry) else { return Ok(Some(None)) };
    let finite = [bounds.min.x, bounds.min.y, bounds.max.x, bounds.max.y].iter().all(|side| side.is_finite());
    Ok(finite.then_some(Some(bounds)))
}

/// The box a bit wider than asked; `None` when it has no end.
fn widened(bounds: &Bounds, distance: f64) -> Option<[f64; 4]> {
    let by = |side: f64| distance + MARGIN * (1.0 + side.abs() + distance);
    let area = [
        bounds.min.x - by(bounds.min.x),
        bounds.min.y - by(bounds.min.y),
        bounds.max.x + by(bounds.max.x),
        bounds.max.y + by(bounds.max.y),
    ];
    area.iter().all(|side| side.is_finite()).then_some(area)
}

/// A key's value in a column.
#[derive(Debug)]
enum Key {
    /// No value of the column equals it.
    Never,
    /// Not sure to be read there as it is.
    Unknown,
    Value(Datum),
}

/// Days and microseconds from 2000-01-01 to the first and past the last of the years 1 to 9999.
const DAYS: (i32, i32) = (-730_119, 2_921_940);
const DAY: i64 = 86_400_000_000;

fn as_column(value: &Datum, ty: PgType, typmod: i32) -> Key {
    let whole = |number: i64| {
        let fitting = match ty {
            PgType::INT2 => i16::try_from(number).ok().map(Datum::Int2),
            PgType::INT4 => i32::try_from(number).ok().map(Datum::Int4),
            _ => Some(Datum::Int8(number)),
        };
        fitting.map_or(Key::Never, Key::Value)
    };
    let moment = |micros: i64| (i64::from(DAYS.0) * DAY..i64::from(DAYS.1) * DAY).contains(&micros);
    match (ty, value) {
        (PgType::INT2 | PgType::INT4 | PgType::INT8, Datum::Numeric(number)) => match number {
            Numeric::Finite { .. } => {
                let rounded = repr::to_i64(number, "bigint").ok().flatten();
                match rounded {
                    Some(rounded) if repr::compare(&repr::from_int(rounded), number).is_eq() => whole(rounded),
                    _ => Key::Never,
                }
            }
            Numeric::Infinity | Numeric::NaN | Numeric::NegativeInfinity => Key::Never,
        },
        (PgType::INT2 | PgType::INT4 | PgType::INT8, value) => value.as_i64().map_or(Key::Unknown, whole),
        (PgType::NUMERIC, Datum::Numeric(number @ Numeric::Finite { .. })) => decimal(number, typmod),
        (PgType::TEXT | PgType::VARCHAR, Datum::Text(_)) | (PgType::UUID, Datum::Uuid(_)) => Key::Value(value.clone()),
        (PgType::DATE, Datum::Date(days)) if (DAYS.0..DAYS.1).contains(days) => Key::Value(value.clone()),
        (PgType::TIMESTAMP, Datum::Timestamp(micros)) if moment(*micros) => Key::Value(value.clone()),
        // A zone may carry the first and the last day over the edge.
        (PgType::TIMESTAMPTZ, Datum::Timestamptz(micros)) if moment(*micros - DAY) && moment(*micros + DAY) => {
            Key::Value(value.clone())
        }
        _ => Key::Unknown,
    }
}

/// A number with the digits that the column's type has; without one, a short number only.
fn decimal(number: &Numeric, typmod: i32) -> Key {
    let Some(declared) = NumericTypmod::unpack(typmod) else {
        let Numeric::Finite { unscaled, scale } = number else { return Key::Unknown };
        let short = repr::digit_count(unscaled) <= 18 && *scale <= 9;
        return if short { Key::Value(Datum::Numeric(number.clone())) } else { Key::Unknown };
    };
    if declared.precision > 38 || declared.scale < 0 {
        return Key::Unknown;
    }
    match repr::apply_typmod(number.clone(), typmod) {
        Ok(rounded) if repr::compare(&rounded, number).is_eq() => Key::Value(Datum::Numeric(rounded)),
        // More digits than any value of the column has.
        _ => Key::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::spatial::geometry::{Coord, Kind};

    fn number(text: &str) -> Datum {
        Datum::Numeric(repr::parse(text).expect("a number"))
    }

    fn told(value: &Datum, ty: PgType, typmod: i32) -> String {
        match as_column(value, ty, typmod) {
            Key::Never => "never".to_owned(),
            Key::Unknown => "unknown".to_owned(),
            Key::Value(Datum::Numeric(number)) => repr::print(&number),
            Key::Value(value) => format!("{value:?}"),
        }
    }

    #[test]
    fn a_key_is_a_value_of_the_column_or_none() {
        let money = NumericTypmod { precision: 6, scale: 2 }.pack();
        for (value, ty, typmod, expected) in [
            (Datum::Int8(7), PgType::INT2, -1, "Int2(7)"),
            (Datum::Int8(70_000), PgType::INT2, -1, "never"),
            (Datum::Int2(-1), PgType::INT8, -1, "Int8(-1)"),
            (number("7.00"), PgType::INT4, -1, "Int4(7)"),
            (number("7.5"), PgType::INT4, -1, "never"),
            (number("99999999999999999999"), PgType::INT8, -1, "never"),
            (number("NaN"), PgType::INT8, -1, "never"),
            (number("1.5"), PgType::NUMERIC, money, "1.50"),
            (number("1.500"), PgType::NUMERIC, money, "1.50"),
            (number("1.505"), PgType::NUMERIC, money, "never"),
            (number("12345.5"), PgType::NUMERIC, money, "never"),
            (number("NaN"), PgType::NUMERIC, money, "unknown"),
            (number("1.5"), PgType::NUMERIC, -1, "1.5"),
            (number("1234567890123456789.5"), PgType::NUMERIC, -1, "unknown"),
            (Datum::Date(i32::MAX), PgType::DATE, -1, "unknown"),
            (Datum::Date(DAYS.0), PgType::DATE, -1, "Date(-730119)"),
            (Datum::Date(DAYS.0 - 1), PgType::DATE, -1, "unknown"),
            (Datum::Timestamp(i64::MIN), PgType::TIMESTAMP, -1, "unknown"),
            (Datum::Float8(1.0), PgType::FLOAT8, -1, "unknown"),
        ] {
            assert_eq!(told(&value, ty, typmod), expected, "{value:?} as {}", ty.name());
        }
    }

    #[test]
    fn boxes_are_wider_and_have_an_end() {
        let bounds = |geometry: Geometry| area(&geometry.into_datum(), 4326).expect("a box");
        let line = || Geometry::line(vec![Coord::xy(1.0, 2.0), Coord::xy(3.0, 5.0)], 4326);
        assert!(bounds(Geometry::empty(Kind::Point, 4326)).expect("told").is_none());
        assert!(bounds(Geometry { kind: Kind::CircularString, ..line() }).is_none());
        assert!(bounds(Geometry { srid: 3857, ..line() }).is_none());
        assert!(bounds(Geometry::point(Coord::xy(f64::INFINITY, 0.0), 4326)).is_none());
        let found = bounds(line()).expect("told").expect("a box");
        let wide = widened(&found, 10.0).expect("a box");
        assert!(wide[0] < -9.0 && wide[1] < -8.0 && wide[2] > 13.0 && wide[3] > 15.0, "{wide:?}");
        assert!(wide[0] > -9.1 && wide[3] < 15.1, "{wide:?}");
        assert!(widened(&found, f64::MAX).is_none());
    }
}
