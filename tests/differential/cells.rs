//! Functions of cells, where PostGIS has none.

use crate::generator::Dice;
use crate::support::duckdb;
use crate::support::graticule::Graticule;

/// PostGIS has no functions of cells: what DuckDB computes is compared with the engine's kernels, which `kernels::cells` tests
/// against the reference libraries.
#[test]
fn cells_over_duckdb() {
    let Some(far) = duckdb::far() else { return };
    let mut d = Dice(7);
    let mut rows = vec!["(0, null, null, null, null, null)".to_owned()];
    for id in 1..=3_000 {
        let z = d.roll(29) as i64 - 1;
        let side = 1_usize << z.clamp(0, 26);
        let (x, y) = (d.roll(side + side / 50 + 1), d.roll(side + side / 50 + 1));
        let any = (d.roll(1 << 30) as i64) << 33 ^ (d.roll(1 << 30) as i64) << 11 ^ d.roll(1 << 30) as i64;
        // Bits of cells, mostly.
        let bits = if d.roll(4) == 0 {
            any
        } else {
            0x4800_0000_0000_0000
                | (z.clamp(0, 26) << 52)
                | (any & 0xf_ffff_ffff_ffff)
                | 0xf_ffff_ffff_ffff >> (2 * z.clamp(0, 26))
        };
        let ok = (0..=26).contains(&z) && x < side && y < side;
        rows.push(format!("({id}, {z}, {x}, {y}, {bits}, {ok})"));
    }
    let file = far.file(&[
        "create table t(id integer, z integer, x integer, y integer, q bigint, ok boolean)",
        &format!("insert into t values {}", rows.join(", ")),
    ]);
    let server = Graticule::serve(
        "duckdb_cells",
        &format!("{} select graticule.attach('d', 'main', 'public');", far.server("d", &file)),
    );
    let mut client = server.client("duckdb_cells");
    let cell = "quadbin_isvalid(q)";
    let tile = "ok";
    for sql in [
        "select id, quadbin_isvalid(q), quadbin_resolution(q) from t order by id".to_owned(),
        format!("select id, case when {tile} then quadbin_fromzxy(z, x, y) end from t order by id"),
        format!(
            "select id, case when {cell} then quadbin_toparent(q, quadbin_resolution(q) / 2) end from t order by id"
        ),
        "select count(*), min(quadbin_fromzxy(z, x, y)) from t where z = 9 and x < 512 and y < 512".to_owned(),
        "select quadbin_fromzxy(z, x, y) from t where id > 0".to_owned(),
        "select quadbin_toparent(q, 3) from t where id > 0".to_owned(),
    ] {
        client.simple("set graticule.route = 'server'").expect("set");
        let there = client.query(&sql).map(|set| set.text()).map_err(|failure| failure.state);
        client.simple("set graticule.route = 'local'").expect("set");
        let here = client.query(&sql).map(|set| set.text()).map_err(|failure| failure.state);
        assert!(there.as_ref().map_or_else(|state| state != "0A000", |rows| !rows.is_empty()), "{sql}: {there:?}");
        assert_eq!(there, here, "{sql}");
    }
    client.simple("reset graticule.route").expect("set");
    // What DuckDB has no row for is finished here.
    let plan = client.rows("explain select h3_lat_lng_to_cell(st_point(x, y), 3) from t where z > 3").join("\n");
    assert!(plan.contains("1 of its conditions there"), "{plan}");
    let cells = "select h3_lat_lng_to_cell(st_setsrid(st_point(x % 180, y % 90), 4326), 2) c, count(*) from t where id > 0 group by 1 order by 2 desc, 1 limit 3";
    let found = client.rows(cells);
    assert_eq!(found.len(), 3);
    assert!(
        found.iter().all(|row| row.starts_with('8') && row.split('|').next().is_some_and(|cell| cell.len() == 15)),
        "{found:?}"
    );
    assert_eq!(client.rows("select h3_get_resolution('8928308280fffff'), '8928308280fffff'::h3index::bigint, h3_cell_to_lat_lng('8928308280fffff') is null, row('8928308280fffff'::h3index)"), ["9|617700169958293503|f|(8928308280fffff)"]);
    assert_eq!(client.rows("select count(*), count(distinct h) from h3_grid_disk('8928308280fffff', 2) h"), ["19|19"]);
    assert_eq!(client.rows("select array_agg(h order by h desc) @> array['8928308280fffff'::h3index] from h3_cell_to_children('8828308281fffff'::h3index) h"), ["t"]);
}
