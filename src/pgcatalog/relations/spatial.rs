//! geometry_columns, geography_columns, spatial_ref_sys.

use std::io::Read;
use std::sync::OnceLock;

use crate::catalog::Privilege;
use crate::error::{Error, Result};
use crate::pgcatalog::View;
use crate::pgcatalog::table::Rows;
use crate::types::{Datum, GeometryTypmod, PgType};

/// Base type names by WKB number, as `postgis_typmod_type` spells them.
const KINDS: [&str; 16] = [
    "Geometry",
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
    "CircularString",
    "CompoundCurve",
    "CurvePolygon",
    "MultiCurve",
    "MultiSurface",
    "PolyhedralSurface",
    "Triangle",
    "Tin",
];

pub(super) fn geometry_columns(view: &View<'_>, out: &mut Rows) -> Result<()> {
    columns(view, PgType::GEOMETRY, &mut |schema, table, column, typmod| {
        out.push(&[
            ("f_table_catalog", Datum::text(&view.catalog.database)),
            ("f_table_schema", Datum::text(schema)),
            ("f_table_name", Datum::text(table)),
            ("f_geometry_column", Datum::text(column)),
            ("coord_dimension", Datum::Int4(dimensions(typmod))),
            ("srid", Datum::Int4(typmod.srid)),
            // geometry_columns writes the type in upper case, with M but without Z, as PostGIS does.
            (
                "type",
                Datum::text(format!("{}{}", kind(typmod).to_uppercase(), if typmod.m && !typmod.z { "M" } else { "" })),
            ),
        ])
    })
}

pub(super) fn geography_columns(view: &View<'_>, out: &mut Rows) -> Result<()> {
    columns(view, PgType::GEOGRAPHY, &mut |schema, table, column, typmod| {
        out.push(&[
            ("f_table_catalog", Datum::text(&view.catalog.database)),
            ("f_table_schema", Datum::text(schema)),
            ("f_table_name", Datum::text(table)),
            ("f_geography_column", Datum::text(column)),
            ("coord_dimension", Datum::Int4(dimensions(typmod))),
            ("srid", Datum::Int4(typmod.srid)),
            (
                "type",
                Datum::text(format!(
                    "{}{}{}",
                    kind(typmod),
                    if typmod.z { "Z" } else { "" },
                    if typmod.m { "M" } else { "" }
                )),
            ),
        ])
    })
}

fn kind(typmod: GeometryTypmod) -> &'static str {
    KINDS.get(usize::from(typmod.kind)).copied().unwrap_or("Geometry")
}

fn dimensions(typmod: GeometryTypmod) -> i32 {
    2 + i32::from(typmod.z) + i32::from(typmod.m)
}

/// Columns of a type in relations that the role may read.
fn columns(
    view: &View<'_>,
    ty: PgType,
    push: &mut dyn FnMut(&str, &str, &str, GeometryTypmod) -> Result<()>,
) -> Result<()> {
    for relation in view.relations() {
        if !view.catalog.relation_allows(view.role, relation, Privilege::Select) {
            continue;
        }
        for column in relation.columns.iter().filter(|column| column.ty == ty) {
            let typmod = GeometryTypmod::unpack(column.typmod).unwrap_or_default();
            push(&relation.schema, &relation.name, &column.name, typmod)?;
        }
    }
    Ok(())
}

pub(super) fn spatial_ref_sys(out: &mut Rows) -> Result<()> {
    static TEXT: OnceLock<std::result::Result<String, String>> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let mut text = String::new();
        let bytes: &[u8] = include_bytes!("../data/spatial_ref_sys.tsv.gz");
        flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).map(|_| text).map_err(|error| error.to_string())
    });
    match text {
        Ok(text) => out.push_static(text),
        Err(error) => Err(Error::internal(format!("spatial_ref_sys: {error}"))),
    }
}
