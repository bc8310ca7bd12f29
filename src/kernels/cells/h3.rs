//! H3 under h3-pg's names. The grid is `h3o`'s, which is tested against the H3 library; errors are 22023 with its words.

use h3o::{CellIndex, DirectedEdgeIndex, LatLng, Resolution, Vertex, VertexIndex};

use super::{MOST, invalid, place, point, polygon, too_many};
use crate::error::{Error, Result};
use crate::kernels::io::print_point;
use crate::kernels::spatial::args;
use crate::kernels::{Call, Rows, Scalar, SetReturning};
use crate::types::{Datum, PgType};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    // Comparison and casts.
    ("h3index_eq(h3index,h3index)", |_, a| Ok(Datum::Bool(bits(a, 0)? == bits(a, 1)?))),
    ("h3index_ne(h3index,h3index)", |_, a| Ok(Datum::Bool(bits(a, 0)? != bits(a, 1)?))),
    ("h3index_lt(h3index,h3index)", |_, a| Ok(Datum::Bool(bits(a, 0)? < bits(a, 1)?))),
    ("h3index_le(h3index,h3index)", |_, a| Ok(Datum::Bool(bits(a, 0)? <= bits(a, 1)?))),
    ("h3index_gt(h3index,h3index)", |_, a| Ok(Datum::Bool(bits(a, 0)? > bits(a, 1)?))),
    ("h3index_ge(h3index,h3index)", |_, a| Ok(Datum::Bool(bits(a, 0)? >= bits(a, 1)?))),
    ("h3index_overlaps(h3index,h3index)", |_, a| {
        let (left, right) = (cell(a, 0)?, cell(a, 1)?);
        Ok(Datum::Bool(contains(left, right) || contains(right, left)))
    }),
    ("h3index_contains(h3index,h3index)", |_, a| Ok(Datum::Bool(contains(cell(a, 0)?, cell(a, 1)?)))),
    ("h3index_contained_by(h3index,h3index)", |_, a| Ok(Datum::Bool(contains(cell(a, 1)?, cell(a, 0)?)))),
    ("h3index_distance(h3index,h3index)", |_, a| {
        let (left, right) = (cell(a, 0)?, cell(a, 1)?);
        let coarse = left.resolution().min(right.resolution());
        let up = |cell: CellIndex| cell.parent(coarse).unwrap_or(cell);
        distance(up(left), up(right)).map(Datum::Int8)
    }),
    ("h3index_to_bigint(h3index)", |_, a| Ok(Datum::Int8(bits(a, 0)? as i64))),
    ("bigint_to_h3index(int8)", |_, a| Ok(Datum::H3(super::int8(a, 0)? as u64))),
    // Indexing.
    ("h3_lat_lng_to_cell(geometry,int4)", from_place),
    ("h3_lat_lng_to_cell(geography,int4)", from_place),
    ("h3_lat_lng_to_cell(point,int4)", from_point),
    ("h3_latlng_to_cell(geometry,int4)", from_place),
    ("h3_latlng_to_cell(geography,int4)", from_place),
    ("h3_latlng_to_cell(point,int4)", from_point),
    ("h3_cell_to_lat_lng(h3index)", to_point),
    ("h3_cell_to_latlng(h3index)", to_point),
    ("h3_cell_to_geometry(h3index)", to_place),
    ("h3_cell_to_geography(h3index)", to_place),
    ("h3_cell_to_boundary(h3index)", |_, a| {
        let corners: Vec<String> = corners(cell(a, 0)?).iter().map(|(x, y)| print_point(*x, *y)).collect();
        Ok(Datum::text(format!("({})", corners.join(","))))
    }),
    ("h3_cell_to_boundary_geometry(h3index)", boundary),
    ("h3_cell_to_boundary_geography(h3index)", boundary),
    // Inspection: bits of any index, as the library reads them.
    ("h3_get_resolution(h3index)", |_, a| Ok(Datum::Int4((bits(a, 0)? >> 52 & 15) as i32))),
    ("h3_get_base_cell_number(h3index)", |_, a| Ok(Datum::Int4((bits(a, 0)? >> 45 & 127) as i32))),
    ("h3_is_valid_cell(h3index)", |_, a| Ok(Datum::Bool(CellIndex::try_from(bits(a, 0)?).is_ok()))),
    ("h3_is_res_class_iii(h3index)", |_, a| Ok(Datum::Bool(bits(a, 0)? >> 52 & 1 == 1))),
    ("h3_is_pentagon(h3index)", |_, a| {
        Ok(Datum::Bool(CellIndex::try_from(bits(a, 0)?).is_ok_and(CellIndex::is_pentagon)))
    }),
    ("h3_get_icosahedron_faces(h3index)", |_, a| {
        let faces = cell(a, 0)?.icosahedron_faces();
        Ok(super::array(PgType::INT4, faces.iter().map(|face| Datum::Int4(i32::from(u8::from(face)))).collect()))
    }),
    // Grid and hierarchy.
    ("h3_grid_distance(h3index,h3index)", |_, a| distance(cell(a, 0)?, cell(a, 1)?).map(Datum::Int8)),
    ("h3_cell_to_parent(h3index)", |_, a| {
        let cell = cell(a, 0)?;
        let up = cell.resolution().pred().and_then(|resolution| cell.parent(resolution));
        up.map(value).ok_or_else(|| invalid("a cell of resolution 0 has no parent"))
    }),
    ("h3_cell_to_parent(h3index,int4)", |_, a| {
        let (cell, resolution) = (cell(a, 0)?, resolution(a, 1)?);
        cell.parent(resolution).map(value).ok_or_else(|| coarser(cell, resolution))
    }),
    ("h3_cell_to_center_child(h3index)", |_, a| {
        let cell = cell(a, 0)?;
        let down = cell.resolution().succ().and_then(|resolution| cell.center_child(resolution));
        down.map(value).ok_or_else(|| invalid("a cell of resolution 15 has no children"))
    }),
    ("h3_cell_to_center_child(h3index,int4)", |_, a| {
        let (cell, resolution) = (cell(a, 0)?, resolution(a, 1)?);
        cell.center_child(resolution).map(value).ok_or_else(|| coarser(cell, resolution))
    }),
    ("h3_cell_to_child_pos(h3index,int4)", |_, a| {
        let (cell, resolution) = (cell(a, 0)?, resolution(a, 1)?);
        let position = cell.child_position(resolution).ok_or_else(|| coarser(cell, resolution))?;
        Ok(Datum::Int8(position as i64))
    }),
    ("h3_child_pos_to_cell(int8,h3index,int4)", |_, a| {
        let (parent, resolution) = (cell(a, 1)?, resolution(a, 2)?);
        let position = u64::try_from(super::int8(a, 0)?).ok();
        let child = position.and_then(|position| parent.child_at(position, resolution));
        child.map(value).ok_or_else(|| invalid("there is no child at that position"))
    }),
    // Edges and vertexes.
    ("h3_are_neighbor_cells(h3index,h3index)", |_, a| {
        let neighbors = cell(a, 0)?.is_neighbor_with(cell(a, 1)?);
        neighbors.map(Datum::Bool).map_err(|_| invalid("the cells are of different resolutions"))
    }),
    ("h3_cells_to_directed_edge(h3index,h3index)", |_, a| {
        let edge = cell(a, 0)?.edge(cell(a, 1)?);
        edge.map(|edge| Datum::H3(edge.into())).ok_or_else(|| invalid("the cells are no neighbors"))
    }),
    ("h3_is_valid_directed_edge(h3index)", |_, a| Ok(Datum::Bool(DirectedEdgeIndex::try_from(bits(a, 0)?).is_ok()))),
    ("h3_get_directed_edge_origin(h3index)", |_, a| Ok(value(edge(a, 0)?.origin()))),
    ("h3_get_directed_edge_destination(h3index)", |_, a| Ok(value(edge(a, 0)?.destination()))),
    ("h3_cell_to_vertex(h3index,int4)", |_, a| {
        let cell = cell(a, 0)?;
        let number = u8::try_from(args::int(a, 1)?).ok().and_then(|number| Vertex::try_from(number).ok());
        let vertex = number.and_then(|number| cell.vertex(number));
        vertex.map(|vertex| Datum::H3(vertex.into())).ok_or_else(|| invalid("the cell has no such vertex"))
    }),
    ("h3_is_valid_vertex(h3index)", |_, a| Ok(Datum::Bool(VertexIndex::try_from(bits(a, 0)?).is_ok()))),
    ("h3_vertex_to_lat_lng(h3index)", vertex_to_point),
    ("h3_vertex_to_latlng(h3index)", vertex_to_point),
    // Measures.
    ("h3_cell_area(h3index,text)", |_, a| {
        let cell = cell(a, 0)?;
        Ok(Datum::Float8(match args::text(a, 1)? {
            "km" | "km^2" => cell.area_km2(),
            "m" | "m^2" => cell.area_m2(),
            "rads" | "rads^2" => cell.area_rads2(),
            _ => return Err(invalid("unit must be m^2, km^2 or rads^2")),
        }))
    }),
    ("h3_edge_length(h3index,text)", |_, a| {
        let edge = edge(a, 0)?;
        Ok(Datum::Float8(match args::text(a, 1)? {
            "km" => edge.length_km(),
            "m" => edge.length_m(),
            "rads" => edge.length_rads(),
            _ => return Err(invalid("unit must be m, km or rads")),
        }))
    }),
    ("h3_get_hexagon_area_avg(int4,text)", |_, a| {
        let resolution = resolution(a, 0)?;
        Ok(Datum::Float8(match args::text(a, 1)? {
            "km" | "km^2" => resolution.area_km2(),
            "m" | "m^2" => resolution.area_m2(),
            _ => return Err(invalid("unit must be m or km")),
        }))
    }),
    ("h3_get_hexagon_edge_length_avg(int4,text)", |_, a| {
        let resolution = resolution(a, 0)?;
        Ok(Datum::Float8(match args::text(a, 1)? {
            "km" => EDGE_KM[usize::from(resolution)],
            "m" => EDGE_KM[usize::from(resolution)] * 1000.0,
            _ => return Err(invalid("unit must be m or km")),
        }))
    }),
    ("h3_get_num_cells(int4)", |_, a| Ok(Datum::Int8(resolution(a, 0)?.cell_count() as i64))),
];

pub(super) const SET_RETURNING: &[(&str, SetReturning)] = &[
    ("h3_grid_disk(h3index,int4)", |_, a| {
        let (origin, k) = (cell(a, 0)?, ring(a, 1, h3o::max_grid_disk_size)?);
        Ok(cells(origin.grid_disk::<Vec<_>>(k)))
    }),
    ("h3_grid_disk_distances(h3index,int4)", |_, a| {
        let (origin, k) = (cell(a, 0)?, ring(a, 1, h3o::max_grid_disk_size)?);
        let found = origin.grid_disk_distances::<Vec<_>>(k);
        Ok(Box::new(found.into_iter().map(|(cell, far)| Ok(vec![value(cell), Datum::Int4(far as i32)]))))
    }),
    ("h3_grid_ring_unsafe(h3index,int4)", |_, a| {
        let (origin, k) = (cell(a, 0)?, ring(a, 1, h3o::max_grid_ring_size)?);
        let found: Option<Vec<_>> = origin.grid_ring_fast(k).collect();
        found.map(cells).ok_or_else(|| invalid("pentagon distortion was encountered"))
    }),
    ("h3_grid_path_cells(h3index,h3index)", |_, a| {
        let (from, to) = (cell(a, 0)?, cell(a, 1)?);
        distance(from, to)?;
        let path = from.grid_path_cells(to).map_err(|error| invalid(error.to_string()))?;
        let path: std::result::Result<Vec<_>, _> = path.collect();
        path.map(cells).map_err(|error| invalid(error.to_string()))
    }),
    ("h3_cell_to_children(h3index)", children_next),
    ("h3_cell_to_children(h3index,int4)", children_at),
    ("h3_cell_to_children_slow(h3index)", children_next),
    ("h3_cell_to_children_slow(h3index,int4)", children_at),
    ("h3_compact_cells(_h3index)", |_, a| {
        let mut all = array(a, 0)?;
        CellIndex::compact(&mut all).map_err(|error| invalid(error.to_string()))?;
        Ok(cells(all))
    }),
    ("h3_uncompact_cells(_h3index)", |_, a| {
        let all = array(a, 0)?;
        let Some(finest) = all.iter().map(|cell| cell.resolution()).max() else {
            return Ok(Box::new(std::iter::empty()));
        };
        uncompact(all, finest.succ().ok_or_else(|| invalid("a cell of resolution 15 has no children"))?)
    }),
    ("h3_uncompact_cells(_h3index,int4)", |_, a| uncompact(array(a, 0)?, resolution(a, 1)?)),
    ("h3_origin_to_directed_edges(h3index)", |_, a| {
        let edges: Vec<_> = cell(a, 0)?.edges().map(|edge| Ok(vec![Datum::H3(edge.into())])).collect();
        Ok(Box::new(edges.into_iter()))
    }),
    ("h3_cell_to_vertexes(h3index)", |_, a| {
        let vertexes: Vec<_> = cell(a, 0)?.vertexes().map(|vertex| Ok(vec![Datum::H3(vertex.into())])).collect();
        Ok(Box::new(vertexes.into_iter()))
    }),
    ("h3_get_res_0_cells()", |_, _| Ok(Box::new(CellIndex::base_cells().map(|cell| Ok(vec![value(cell)]))))),
    ("h3_get_pentagons(int4)", |_, a| Ok(cells(resolution(a, 0)?.pentagons().collect()))),
];

/// Average lengths as the H3 library publishes them, rounded.
const EDGE_KM: [f64; 16] = [
    1281.256011,
    483.0568391,
    182.5129565,
    68.97922179,
    26.07175968,
    9.85409099,
    3.724532667,
    1.406475763,
    0.53141401,
    0.200786148,
    0.075863783,
    0.028663897,
    0.010830188,
    0.00409201,
    0.0015461,
    0.000584169,
];

fn value(cell: CellIndex) -> Datum {
    Datum::H3(cell.into())
}

/// Rows of cells.
pub(super) fn cells(cells: Vec<CellIndex>) -> Rows {
    Box::new(cells.into_iter().map(|cell| Ok(vec![value(cell)])))
}

fn bits(a: &[Datum], index: usize) -> Result<u64> {
    match a.get(index) {
        Some(Datum::H3(bits)) => Ok(*bits),
        other => Err(Error::internal(format!("argument {index} should be an h3index, not {other:?}"))),
    }
}

fn of(bits: u64) -> Result<CellIndex> {
    CellIndex::try_from(bits).map_err(|_| invalid(format!("{bits:x} is no cell")))
}

fn cell(a: &[Datum], index: usize) -> Result<CellIndex> {
    of(bits(a, index)?)
}

fn edge(a: &[Datum], index: usize) -> Result<DirectedEdgeIndex> {
    let bits = bits(a, index)?;
    DirectedEdgeIndex::try_from(bits).map_err(|_| invalid(format!("{bits:x} is no directed edge")))
}

/// The cells of an array, which may hold no NULL.
fn array(a: &[Datum], index: usize) -> Result<Vec<CellIndex>> {
    let values = args::array(a, index)?.values.iter();
    let cell = |value: &Datum| match value {
        Datum::H3(bits) => of(*bits),
        _ => Err(invalid("the array holds NULL")),
    };
    values.map(cell).collect()
}

pub(super) fn resolution(a: &[Datum], index: usize) -> Result<Resolution> {
    let resolution = args::int(a, index)?;
    let valid = u8::try_from(resolution).ok().and_then(|resolution| Resolution::try_from(resolution).ok());
    valid.ok_or_else(|| invalid(format!("resolution {resolution} is not between 0 and 15")))
}

fn coarser(cell: CellIndex, resolution: Resolution) -> Error {
    invalid(format!(
        "resolution {} does not go with a cell of resolution {}",
        u8::from(resolution),
        u8::from(cell.resolution())
    ))
}

/// A grid distance whose cells are not too many.
fn ring(a: &[Datum], index: usize, size: fn(u32) -> u64) -> Result<u32> {
    let k = u32::try_from(args::int(a, index)?).map_err(|_| invalid("the distance is negative"))?;
    let count = size(k);
    if count > 16 * MOST { Err(too_many(count)) } else { Ok(k) }
}

fn contains(outer: CellIndex, inner: CellIndex) -> bool {
    inner.parent(outer.resolution()) == Some(outer)
}

fn distance(from: CellIndex, to: CellIndex) -> Result<i64> {
    from.grid_distance(to).map(i64::from).map_err(|error| invalid(error.to_string()))
}

fn at(longitude: f64, latitude: f64, resolution: Resolution) -> Result<Datum> {
    let place = LatLng::new(latitude, longitude).map_err(|_| invalid("coordinates are not finite"))?;
    Ok(value(place.to_cell(resolution)))
}

fn from_place(_: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let resolution = resolution(a, 1)?;
    place(a, 0)?.map_or(Ok(Datum::Null), |(x, y)| at(x, y, resolution))
}

/// PostgreSQL's point `(longitude,latitude)`, which is carried as its text.
fn from_point(_: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let text = args::text(a, 0)?;
    let (x, y) = text.trim_matches(['(', ')']).split_once(',').ok_or_else(|| Error::internal("a point"))?;
    let number = |text: &str| text.parse::<f64>().map_err(|_| invalid("coordinates are not finite"));
    at(number(x)?, number(y)?, resolution(a, 1)?)
}

fn to_point(_: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let center = LatLng::from(cell(a, 0)?);
    Ok(Datum::text(print_point(center.lng(), center.lat())))
}

fn vertex_to_point(_: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let bits = bits(a, 0)?;
    let vertex = VertexIndex::try_from(bits).map_err(|_| invalid(format!("{bits:x} is no vertex")))?;
    let place = LatLng::from(vertex);
    Ok(Datum::text(print_point(place.lng(), place.lat())))
}

fn to_place(_: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let center = LatLng::from(cell(a, 0)?);
    Ok(point(center.lng(), center.lat()))
}

fn corners(cell: CellIndex) -> Vec<(f64, f64)> {
    cell.boundary().iter().map(|corner| (corner.lng(), corner.lat())).collect()
}

/// The boundary as a polygon. h3-pg splits what crosses the 180th meridian; how is nowhere written.
fn boundary(_: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let corners = corners(cell(a, 0)?);
    let side = corners.iter().zip(corners.iter().cycle().skip(1));
    if side.into_iter().any(|(from, to)| (from.0 - to.0).abs() > 180.0) {
        return Err(Error::unsupported("the boundary of a cell across the 180th meridian"));
    }
    Ok(polygon(corners))
}

fn children_next(_: &Call<'_>, a: &[Datum]) -> Result<Rows> {
    let cell = cell(a, 0)?;
    let down = cell.resolution().succ().ok_or_else(|| invalid("a cell of resolution 15 has no children"))?;
    Ok(Box::new(cell.children(down).map(|cell| Ok(vec![value(cell)]))))
}

fn children_at(_: &Call<'_>, a: &[Datum]) -> Result<Rows> {
    let (cell, resolution) = (cell(a, 0)?, resolution(a, 1)?);
    if resolution < cell.resolution() {
        return Err(coarser(cell, resolution));
    }
    Ok(Box::new(cell.children(resolution).map(|cell| Ok(vec![value(cell)]))))
}

fn uncompact(all: Vec<CellIndex>, resolution: Resolution) -> Result<Rows> {
    if let Some(finer) = all.iter().find(|cell| cell.resolution() > resolution) {
        return Err(coarser(*finer, resolution));
    }
    Ok(Box::new(CellIndex::uncompact(all, resolution).map(|cell| Ok(vec![value(cell)]))))
}
