//! `ST_AsMVT`: rows to one layer of a Mapbox vector tile.
//!
//! The engine appends two arguments that a kernel cannot see from its types: the names of the row's fields and their types
//! ([`fields_of`]).

use crate::error::{Error, Result};
use crate::kernels::{Accumulator, Aggregate, Call, io};
use crate::types::protobuf::{block, number, varint};
use crate::types::{ArrayValue, Datum, PgType};

use super::geometry::{Coord, Geometry, Kind, failure};

pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[
    ("st_asmvt(anyelement)", |_| Ok(Box::<Layer>::default())),
    ("st_asmvt(anyelement,text)", |_| Ok(Box::<Layer>::default())),
    ("st_asmvt(anyelement,text,int4)", |_| Ok(Box::<Layer>::default())),
    ("st_asmvt(anyelement,text,int4,text)", |_| Ok(Box::<Layer>::default())),
    ("st_asmvt(anyelement,text,int4,text,text)", |_| Ok(Box::<Layer>::default())),
];

/// The two arguments that tell an aggregate of rows its fields.
pub fn fields_of(fields: &[(String, PgType)]) -> [(Datum, PgType); 2] {
    let names = fields.iter().map(|(name, _)| Datum::text(name)).collect();
    let types = fields.iter().map(|(_, ty)| Datum::Oid(ty.0)).collect();
    [
        (Datum::Array(ArrayValue::vector(PgType::TEXT, names).into()), PgType::TEXT_ARRAY),
        (Datum::Array(ArrayValue::vector(PgType::OID, types).into()), PgType::OID_ARRAY),
    ]
}

#[derive(Debug, Default)]
struct Layer {
    plan: Option<Plan>,
    features: Vec<u8>,
    values: Vec<Vec<u8>>,
    numbers: std::collections::HashMap<Vec<u8>, u64>,
}

/// What the first row says.
#[derive(Debug)]
struct Plan {
    name: String,
    extent: i32,
    geometry: usize,
    id: Option<usize>,
    /// Fields that are attributes, with their types.
    keys: Vec<(usize, String, PgType)>,
}

impl Plan {
    fn of(a: &[Datum]) -> Result<Plan> {
        let unknown = || Error::unsupported("ST_AsMVT of rows whose columns are not known");
        let [row, options @ .., Datum::Array(names), Datum::Array(types)] = a else { return Err(unknown()) };
        if !matches!(row, Datum::Record(_)) {
            return Err(unknown());
        }
        let text = |index: usize| options.get(index).and_then(Datum::as_str);
        let extent = options.get(1).and_then(Datum::as_i64).unwrap_or(4096) as i32;
        if extent == 0 {
            return Err(failure("mvt_agg_init_context: extent cannot be 0"));
        }
        let fields: Vec<(usize, String, PgType)> = names
            .values
            .iter()
            .zip(&types.values)
            .enumerate()
            .map(|(index, (name, ty))| {
                let ty = if let Datum::Oid(ty) = ty { PgType(*ty) } else { PgType::INVALID };
                (index, name.as_str().unwrap_or_default().to_owned(), ty)
            })
            .collect();
        let id = match text(3) {
            None => None,
            Some(wanted) => {
                let integer = |ty: PgType| matches!(ty, PgType::INT2 | PgType::INT4 | PgType::INT8);
                let found = fields.iter().find(|(_, name, ty)| name == wanted && integer(*ty));
                Some(found.map(|(index, ..)| *index).ok_or_else(|| {
                    failure(format!("mvt_agg_transfn: Could not find column '{wanted}' of integer type"))
                })?)
            }
        };
        let shape =
            fields.iter().find(|(_, name, ty)| *ty == PgType::GEOMETRY && text(2).is_none_or(|wanted| name == wanted));
        let geometry = shape.ok_or_else(|| failure("parse_column_keys: no geometry column found"))?.0;
        let keys: Vec<_> = fields.into_iter().filter(|(index, ..)| *index != geometry && Some(*index) != id).collect();
        if keys.iter().any(|(_, _, ty)| *ty == PgType::JSONB) {
            return Err(Error::unsupported("ST_AsMVT of a jsonb column"));
        }
        Ok(Plan { name: text(0).unwrap_or("default").to_owned(), extent, geometry, id, keys })
    }
}

impl Accumulator for Layer {
    fn update(&mut self, call: &Call<'_>, a: &[Datum]) -> Result<()> {
        if self.plan.is_none() {
            self.plan = Some(Plan::of(a)?);
        }
        let (Some(plan), Some(Datum::Record(row))) = (&self.plan, a.first()) else {
            return Err(Error::unsupported("ST_AsMVT of a row that is NULL"));
        };
        let Some(geometry) = row.get(plan.geometry).filter(|value| !value.is_null()) else { return Ok(()) };
        let geometry = Geometry::from_datum(geometry)?;
        let (kind, commands) = commands(&geometry)?;
        let mut feature = Vec::new();
        if let Some(id) = plan.id.and_then(|index| row.get(index)).and_then(Datum::as_i64).filter(|id| *id >= 0) {
            number(&mut feature, 1, id as u64);
        }
        let mut tags = Vec::new();
        for (key, (index, _, ty)) in plan.keys.iter().enumerate() {
            let Some(value) = row.get(*index).filter(|value| !value.is_null()) else { continue };
            let bytes = encoded(call, *ty, value)?;
            let next = self.values.len() as u64;
            let at = *self.numbers.entry(bytes.clone()).or_insert(next);
            if at == next {
                self.values.push(bytes);
            }
            varint(&mut tags, key as u64);
            varint(&mut tags, at);
        }
        if !tags.is_empty() {
            block(&mut feature, 2, &tags);
        }
        number(&mut feature, 3, kind);
        block(&mut feature, 4, &commands);
        block(&mut self.features, 2, &feature);
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        let Some(plan) = self.plan.as_ref().filter(|_| !self.features.is_empty()) else {
            return Ok(Datum::bytea([]));
        };
        let mut layer = Vec::new();
        block(&mut layer, 1, plan.name.as_bytes());
        layer.extend_from_slice(&self.features);
        for (_, name, _) in &plan.keys {
            block(&mut layer, 3, name.as_bytes());
        }
        for value in &self.values {
            block(&mut layer, 4, value);
        }
        number(&mut layer, 5, u64::from(plan.extent as u32));
        number(&mut layer, 15, 2);
        let mut tile = Vec::new();
        block(&mut tile, 3, &layer);
        Ok(Datum::bytea(tile))
    }

    fn size(&self) -> usize {
        self.features.len() + self.values.iter().map(|value| 64 + 2 * value.len()).sum::<usize>()
    }
}

fn encoded(call: &Call<'_>, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match value {
        Datum::Int2(_) | Datum::Int4(_) | Datum::Int8(_) => {
            let value = value.as_i64().unwrap_or_default();
            if value >= 0 { number(&mut out, 5, value as u64) } else { number(&mut out, 6, zigzag(value)) }
        }
        Datum::Float4(value) => {
            out.push(2 << 3 | 5);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Datum::Float8(value) => {
            out.push(3 << 3 | 1);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Datum::Bool(value) => number(&mut out, 7, u64::from(*value)),
        value => block(&mut out, 1, io::output(call.env, ty, value)?.as_bytes()),
    }
    Ok(out)
}

/// Kind and commands of a geometry in a tile's own coordinates.
fn commands(geometry: &Geometry) -> Result<(u64, Vec<u8>)> {
    if geometry.is_empty() || geometry.parts().iter().any(Geometry::is_empty) {
        return Err(Error::unsupported("ST_AsMVT of EMPTY"));
    }
    let mut pen = Pen::default();
    let kind = match geometry.kind {
        Kind::Point | Kind::MultiPoint => {
            let coords = geometry.all_coords();
            pen.command(1, coords.len());
            coords.iter().try_for_each(|coord| pen.to(coord))?;
            1
        }
        Kind::LineString | Kind::MultiLineString => {
            geometry.leaves().iter().try_for_each(|leaf| pen.path(leaf.coords(), false))?;
            2
        }
        Kind::Polygon | Kind::MultiPolygon => {
            let leaves = geometry.leaves();
            leaves.iter().flat_map(|leaf| leaf.rings()).try_for_each(|ring| pen.path(ring, true))?;
            3
        }
        kind => {
            return Err(failure(format!("encode_feature_geometry: '{}' geometry type not supported", kind.name())));
        }
    };
    Ok((kind, pen.out))
}

#[derive(Default)]
struct Pen {
    out: Vec<u8>,
    x: i32,
    y: i32,
}

impl Pen {
    fn command(&mut self, id: u64, count: usize) {
        varint(&mut self.out, (count as u64) << 3 | id);
    }

    fn to(&mut self, coord: &Coord) -> Result<()> {
        let (x, y) = (whole(coord.x)?, whole(coord.y)?);
        varint(&mut self.out, zigzag(i64::from(x) - i64::from(self.x)) & u64::from(u32::MAX));
        varint(&mut self.out, zigzag(i64::from(y) - i64::from(self.y)) & u64::from(u32::MAX));
        (self.x, self.y) = (x, y);
        Ok(())
    }

    fn path(&mut self, coords: &[Coord], ring: bool) -> Result<()> {
        let least = if ring { 4 } else { 2 };
        if coords.len() < least {
            return Err(Error::unsupported("ST_AsMVT of a line or ring this short"));
        }
        let coords = if ring { &coords[..coords.len() - 1] } else { coords };
        self.command(1, 1);
        self.to(&coords[0])?;
        self.command(2, coords.len() - 1);
        coords[1..].iter().try_for_each(|coord| self.to(coord))?;
        if ring {
            self.command(7, 1);
        }
        Ok(())
    }
}

/// To whole units, towards zero.
fn whole(value: f64) -> Result<i32> {
    let value = value.trunc();
    if value.abs() < 1e9 { Ok(value as i32) } else { Err(Error::unsupported("ST_AsMVT of coordinates this large")) }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::Env;

    /// The rows of PostGIS's own answer (hexadecimal): `SELECT encode(ST_AsMVT(q, 'a', 512, 'geom', 'id'), 'hex') FROM ... q`.
    #[test]
    fn the_bytes_of_postgis() {
        let geometry = |text: &str| super::super::io::parse_geometry(text).unwrap().into_datum();
        let fields = [("id", PgType::INT4), ("nm", PgType::TEXT), ("geom", PgType::GEOMETRY)]
            .map(|(name, ty)| (name.to_owned(), ty));
        let env = Env::default();
        let types = [PgType::RECORD, PgType::TEXT, PgType::INT4, PgType::TEXT, PgType::TEXT];
        let call = Call { env: &env, args: &types, returns: PgType::BYTEA };
        let mut layer = Layer::default();
        let multi = "MULTIPOLYGON(((0 0,5 0,5 5,0 0)),((10 0,15 0,15 5,10 0),(11 1,12 1,12 2,11 1)))";
        for (id, name, shape) in [
            (Datum::Int4(1), "x", geometry("POLYGON((0 0,5 0,5 5,0 0))")),
            (Datum::Int4(2), "x", geometry("MULTIPOINT((1 1),(2 2))")),
            (Datum::Int4(3), "y", geometry("MULTILINESTRING((1 1,2 2),(3 3,4 4))")),
            (Datum::Int4(-4), "y", geometry(multi)),
            (Datum::Int4(5), "z", Datum::Null),
            (Datum::Null, "z", geometry("POINT(1 1)")),
        ] {
            let row = Datum::Record([id, Datum::text(name), shape].into());
            let [names, kinds] = fields_of(&fields).map(|(value, _)| value);
            let options = [Datum::text("a"), Datum::Int4(512), Datum::text("geom"), Datum::text("id")];
            let args: Vec<Datum> = std::iter::once(row).chain(options).chain([names, kinds]).collect();
            layer.update(&call, &args).unwrap();
        }
        let expected = "\\x1a8b010a0161121308011202000018032209090000120a00000a0f120f08021202000018012205110202020212160803120200011802\
                        220c0902020a02020902020a02021223120200011803221b090000120a00000a0f090a09120a00000a0f09070712020000020f120b120200\
                        02180122030902021a026e6d22030a017822030a017922030a017a2880047802";
        assert_eq!(io::output(&env, PgType::BYTEA, &layer.finish(&call).unwrap()).unwrap(), expected);
    }
}
