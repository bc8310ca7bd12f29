//! The tables that generated statements read, with NULL, EMPTY, Z and two SRIDs in them.

use std::fmt::Write;

use crate::generator::Dice;

/// A column: its name and PostgreSQL's type.
pub type Column = (&'static str, &'static str);

/// A table with its rows, values as PostgreSQL literals; geometries are WKT without SRID, in the SRID of the column.
#[derive(Clone)]
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Option<String>>>,
}

/// The SRID of a spatial type.
pub fn srid(ty: &str) -> Option<&str> {
    let inner = ty.strip_prefix("geometry").or_else(|| ty.strip_prefix("geography"))?;
    Some(inner.trim_matches(['(', ')']).split(',').nth(1).unwrap_or("0"))
}

impl Table {
    /// The statements that make it in PostGIS.
    pub fn postgres(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|(name, ty)| format!("{name} {ty}")).collect();
        let mut sql = format!("create table {}({});", self.name, columns.join(", "));
        for row in &self.rows {
            let values: Vec<String> = row
                .iter()
                .zip(&self.columns)
                .map(|(value, (_, ty))| match (value, srid(ty)) {
                    (None, _) => "null".to_owned(),
                    (Some(value), Some(srid)) => format!("'SRID={srid};{value}'"),
                    (Some(value), None) => format!("'{}'", value.replace('\'', "''")),
                })
                .collect();
            let _ = write!(sql, "insert into {} values ({});", self.name, values.join(", "));
        }
        sql
    }

    /// The statements that make it elsewhere: `column` says a type there, `value` a value of one. `None` where it cannot keep a type.
    pub fn elsewhere(
        &self,
        name: &str,
        column: impl Fn(&str) -> Option<String>,
        value: impl Fn(&str, &str) -> String,
    ) -> Option<[String; 2]> {
        let columns: Option<Vec<String>> =
            self.columns.iter().map(|(name, ty)| Some(format!("{name} {}", column(ty)?))).collect();
        let values = |row: &Vec<Option<String>>| {
            let values: Vec<String> = row
                .iter()
                .zip(&self.columns)
                .map(|(text, (_, ty))| text.as_ref().map_or("null".to_owned(), |text| value(ty, text)))
                .collect();
            format!("({})", values.join(", "))
        };
        let rows: Vec<String> = self.rows.iter().map(values).collect();
        Some([
            format!("create table {name}({})", columns?.join(", ")),
            format!("insert into {name} values {}", rows.join(", ")),
        ])
    }
}

fn some(text: impl ToString) -> Option<String> {
    Some(text.to_string())
}

const ID: Column = ("id", "int");
const POINT: Column = ("geom", "geometry(Point,4326)");
const ANY: Column = ("geom", "geometry(Geometry,4326)");
const LINE: Column = ("geom", "geometry(LineString,4326)");

/// What the generated statements read.
pub fn tables() -> Vec<Table> {
    let mut d = Dice(20_240_229);
    let mut spots = Vec::new();
    for id in 1..=120 {
        let null = |d: &mut Dice, value: String| if d.roll(9) == 0 { None } else { Some(value) };
        let (x, y) = (d.roll(41) as f64 / 2.0 - 5.0, d.roll(41) as f64 / 2.0 - 5.0);
        let geom = match d.roll(20) {
            0 => None,
            1 => some("POINT EMPTY"),
            _ => some(format!("POINT({x} {y})")),
        };
        let name = d.pick(&["alpha", "Beta", "", "gamma ray", "éclair", "a_b%c", "zeta", "alp", "ALPHA"]).to_owned();
        let v = d.pick(&["0.5", "-1.25", "0", "1e10", "3.75", "100", "-0.001"]).to_owned();
        let n = format!("{}.{:02}", d.roll(200) as i64 - 100, d.roll(100));
        let q = d.pick(&["0", "7", "-3", "9007199254740993", "42"]).to_owned();
        let day = format!("20{:02}-{:02}-{:02}", 10 + d.roll(15), 1 + d.roll(12), 1 + d.roll(28));
        let time =
            format!("{:02}:{:02}:{:02}.{:06}", d.roll(24), d.roll(60), d.roll(60), d.roll(2) * d.roll(1_000_000));
        spots.push(vec![
            some(id),
            null(&mut d, (id % 7).to_string()),
            null(&mut d, name),
            null(&mut d, v),
            null(&mut d, n),
            null(&mut d, q),
            null(&mut d, day.clone()),
            null(&mut d, format!("{day} {time}")),
            null(&mut d, format!("{day} {time}+00")),
            {
                let value = if d.roll(2) == 0 { "true" } else { "false" };
                null(&mut d, value.to_owned())
            },
            geom,
        ]);
    }
    let areas = [
        Some("POLYGON((0 0,4 0,4 4,0 4,0 0))"),
        Some("POLYGON((4 0,8 0,8 4,4 4,4 0))"),
        Some("POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,8 2,8 8,2 8,2 2))"),
        Some("POLYGON((3 3,6 3,6 6,3 6,3 3))"),
        Some("MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((5 5,6 5,6 6,5 6,5 5)))"),
        Some("POLYGON((-5 -5,15 -5,5 15,-5 -5))"),
        Some("LINESTRING(0 0,5 5,10 0)"),
        Some("POINT(3 3)"),
        Some("MULTIPOINT((0 0),(4 4),(20 20))"),
        Some("POLYGON EMPTY"),
        Some("GEOMETRYCOLLECTION EMPTY"),
        Some("MULTILINESTRING((0 0,4 4),(8 0,8 8))"),
        None,
        Some("POLYGON((0 0,0 4,4 4,4 0,0 0))"),
        // No point of it on a line: PostGIS itself says TRUE or FALSE then, as it has prepared the line or not.
        Some("GEOMETRYCOLLECTION(POINT(1 1.5),LINESTRING(8 8,9 9))"),
    ];
    let paths = [
        Some("LINESTRING(0 0,3 4,3 8)"),
        Some("LINESTRING(0 0,10 0)"),
        Some("LINESTRING(0 4,4 4,4 0)"),
        Some("LINESTRING(0 0,1 0,1 1,0 0)"),
        Some("LINESTRING EMPTY"),
        None,
        Some("LINESTRING(-5 5,15 5)"),
        Some("LINESTRING(2 -3,2 12)"),
    ];
    let solids = [
        Some("POINT Z (1 2 3)"),
        Some("LINESTRING Z (0 0 1,3 4 2,3 8 9)"),
        Some("POLYGON Z ((0 0 1,4 0 1,4 4 2,0 4 1,0 0 1))"),
        Some("POINT Z EMPTY"),
        None,
    ];
    let parcels = [
        Some("POLYGON((0 0,10 0,10 10,0 10,0 0))"),
        Some("POLYGON((10 0,20 0,20 10,10 10,10 0))"),
        Some("POLYGON((0 20,10 20,10 30,0 30,0 20),(2 22,4 22,4 24,2 24,2 22))"),
        Some("POLYGON EMPTY"),
        None,
    ];
    let plain = |rows: &[Option<&str>], names: &[&str]| -> Vec<Vec<Option<String>>> {
        let row =
            |(n, wkt): (usize, &Option<&str>)| vec![some(n + 1), some(names[n % names.len()]), wkt.map(str::to_owned)];
        rows.iter().enumerate().map(row).collect()
    };
    let name = ("name", "text");
    vec![
        Table {
            name: "spots",
            columns: vec![
                ID,
                ("zone", "int"),
                name,
                ("v", "float8"),
                ("n", "numeric(10,2)"),
                ("q", "bigint"),
                ("d", "date"),
                ("ts", "timestamp"),
                ("tz", "timestamptz"),
                ("b", "bool"),
                POINT,
            ],
            rows: spots,
        },
        Table { name: "areas", columns: vec![ID, name, ANY], rows: plain(&areas, &["alpha", "Beta", "zeta"]) },
        Table { name: "paths", columns: vec![ID, name, LINE], rows: plain(&paths, &["alpha", "", "x"]) },
        Table {
            name: "solids",
            columns: vec![ID, name, ("geom", "geometry(GeometryZ,4326)")],
            rows: plain(&solids, &["alpha", "z"]),
        },
        Table {
            name: "lots",
            columns: vec![ID, name, ("geom", "geometry(Polygon,3857)")],
            rows: plain(&parcels, &["alpha", "b"]),
        },
    ]
}
