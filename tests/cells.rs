//! Cells that a target computes by integer arithmetic of its own: the same as our kernels', which the reference libraries' answers test.

use std::collections::BTreeSet;

use crate::support::graticule::Graticule;
use crate::support::{Client, duckdb, trino};

/// Ids of the reference vectors, S2's and quadbin's, valid and not, and the ends of int8: rows `(id, q)`.
fn rows() -> String {
    let golden = include_str!("../src/kernels/cells/golden.tsv");
    let ours = golden.lines().filter(|line| line.starts_with("s2_") || line.starts_with("quadbin_"));
    let numbers =
        ours.flat_map(|line| line.split(['\t', ',', '{', '}', ' '])).filter_map(|word| word.parse::<i64>().ok());
    let mut ids: BTreeSet<i64> = numbers.filter(|number| number.unsigned_abs() > 1 << 40).step_by(7).collect();
    ids.extend([0, 1, -1, i64::MAX, i64::MIN, i64::MIN + 1, 1 << 60, 3 << 61, -1 << 62, (-1 << 62) - 1]);
    assert!(ids.len() > 150, "{}", ids.len());
    let rows = ids.iter().zip(1..).map(|(q, id)| match q {
        &i64::MIN => format!("({id}, -9223372036854775807 - 1)"),
        q => format!("({id}, {q})"),
    });
    rows.collect::<Vec<_>>().join(", ")
}

/// Each statement runs there as a whole, and answers what it answers here.
fn same(client: &mut Client, statements: &[&str]) {
    for sql in statements {
        client.simple("set graticule.route = 'server'").expect("set");
        let there = client.query(sql).map(|set| set.text()).map_err(|failure| (failure.state, failure.message));
        client.simple("set graticule.route = 'local'").expect("set");
        let here = client.query(sql).map(|set| set.text()).map_err(|failure| failure.state);
        let said = there.clone().map_err(|(state, _)| state);
        assert!(here.as_ref().map_or_else(|state| state == "22023", |rows| !rows.is_empty()), "{sql}: {here:?}");
        assert_eq!(said, here, "{sql}: {:?}", there.err());
    }
    client.simple("reset graticule.route").expect("set");
}

const S2: &[&str] = &[
    "select id, s2_isvalid(q), s2_touint64repr(q) from far.cells order by id",
    "select id, case when s2_isvalid(q) then s2_rangemin(q) end, case when s2_isvalid(q) then s2_rangemax(q) end, \
     case when s2_isvalid(q) then s2_resolution(q) end, case when s2_isvalid(q) then s2_totoken(q) end from far.cells order by id",
    "select id, case when s2_isvalid(q) then s2_toparent(q, s2_resolution(q) / 2) end, \
     case when s2_isvalid(q) and q not in (1152921504606846976, 3458764513820540928, 5764607523034234880, 8070450532247928832, \
     -8070450532247928832, -5764607523034234880) then s2_toparent(q) end from far.cells order by id",
    "select a.id, b.id from far.cells a, far.cells b where case when s2_isvalid(a.q) and s2_isvalid(b.q) then s2_contains(a.q, b.q) end \
     order by 1, 2",
    "select s2_rangemin(q) from far.cells where q = 0",
    "select s2_resolution(q) from far.cells where q = -1",
    "select s2_toparent(q) from far.cells where q = 1152921504606846976",
    "select s2_toparent(q, 31) from far.cells where q = 1152921504606846976",
    "select s2_toparent(q, 3) from far.cells where q = 1152921504606846976",
    "select s2_contains(q, 0) from far.cells where q = 1152921504606846976",
];

const QUADBIN: &[&str] = &[
    "select id, quadbin_isvalid(q), quadbin_resolution(q) from far.cells order by id",
    "select id, case when quadbin_isvalid(q) then quadbin_toparent(q, quadbin_resolution(q) / 2) end from far.cells order by id",
    "select quadbin_toparent(q, 3) from far.cells where q = 1",
    "select case when quadbin_isvalid(q) then quadbin_toparent(q, 27) end from far.cells",
    "select case when quadbin_isvalid(q) then quadbin_toparent(q, 26) end from far.cells",
];

#[test]
fn cells_of_duckdb() {
    let Some(far) = duckdb::far() else { return };
    let file = far.file(&["create table cells(id integer, q bigint)", &format!("insert into cells values {}", rows())]);
    let init = format!("{} select graticule.attach('d', 'main', 'far');", far.server("d", &file));
    let server = Graticule::serve("cells", &init);
    let mut client = server.client("cells");
    same(&mut client, S2);
    same(&mut client, QUADBIN);
}

#[test]
fn cells_of_trino() {
    let Some(far) = trino::far() else { return };
    far.run(&[
        "CREATE SCHEMA memory.cells",
        "CREATE TABLE memory.cells.cells(id integer, q bigint)",
        &format!("INSERT INTO memory.cells.cells VALUES {}", rows()),
    ]);
    let server = Graticule::serve("cells", &far.server("tr"));
    let mut client = server.client("cells");
    client.simple("select graticule.attach('tr', 'cells', 'far')").expect("attached");
    same(&mut client, S2);
    same(&mut client, QUADBIN);
    // Shifts take their count modulo the width, as PostgreSQL's do.
    same(&mut client, &["select id, q >> 3, q >> 64, q >> 70, id >> 2, id >> 33, -id >> 1 from far.cells order by id"]);
}
