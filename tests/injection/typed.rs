//! Constants of every type that the printer writes: folded here, printed, read by PostgreSQL, as if they had gone there directly.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{HOSTILE, literal};
use crate::support::graticule::Graticule;
use crate::support::{Client, postgres};

/// Expressions over literals, each a constant.
const CONSTANTS: &[&str] = &[
    "'\\x00ff27225c'::bytea",
    "decode('00275c22ff', 'hex')",
    "'\\\\\\047\\000'::bytea",
    "''::bytea",
    "convert_to('a''\\b', 'UTF8')",
    "'-32768'::int2",
    "-32768::int2",
    "'-2147483648'::int4",
    "-9223372036854775808",
    "(-1)",
    "- 1",
    "-(-1)",
    "0",
    "00012",
    "'NaN'::float8",
    "'-0'::float8",
    "'Infinity'::float4",
    "'-Infinity'::float8",
    "1e308::float8 * 10 / 10",
    "1.1::float4",
    "5e-324::float8",
    "0.1::float8 + 0.2::float8",
    "'NaN'::numeric",
    "'-Infinity'::numeric",
    "1.50",
    "1e-20",
    "-0.000",
    "123456789012345678901234567890.123456789",
    "1::numeric(5,2)",
    "true",
    "false",
    "null",
    "null::text",
    "not true",
    "null::bool",
    "date '-infinity'",
    "'infinity'::timestamptz",
    "date '4713-01-01 BC'",
    "timestamp '294276-12-31 23:59:59.999999'",
    "timestamptz '2024-02-29 12:00:00+05:30'",
    "time '24:00:00'",
    "timetz '12:00:00.000001-15:59'",
    "interval '-1 mons +2 days -03:04:05.678901'",
    "interval '178000000 years'",
    "interval '1' year",
    "interval '0'",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
    "array['a''b', 'c\\d', 'e\"f', 'g,h', '{i}', '', null, 'NULL', ' j ']",
    "array[[1,2],[3,null]]",
    "'{}'::text[]",
    "'[2:3]={1,2}'::int[]",
    "array['\\x00'::bytea, '\\x5c27'::bytea]",
    "array[1.5, 'NaN'::numeric]",
    "array[true, null]",
    "array['2024-01-01'::date, null]",
    "array[interval '1 day', '2 mons']",
    "array['{\"a\":\"\\\\\"}'::jsonb]",
    "'{\"a''\": \"\\\\ \\\" \\u0027\", \"b\": [1.50, null, true]}'::jsonb",
    "'{\"b\" : 1 , \"a\":\"\\u00e9\"}'::json",
    "'\"\\\\\"'::jsonb",
    "'null'::jsonb",
    "'x'::char(3)",
    "'abc'::varchar(2)",
    "'a'::\"char\"",
    "'pg_class'::name",
    "'a b'::text || ' '",
    "5::oid",
    "'POINT(1 2)'::geometry",
    "st_geomfromtext('POLYGON EMPTY', 4326)",
    "st_setsrid(st_makepoint('NaN', 2), 3857)",
    "'SRID=4326;LINESTRING Z (0 0 1, 1 1 2)'::geometry",
    "'POINT(1 2)'::geography",
    "'BOX(0 0,1 1)'::box2d",
    "'BOX3D(0 0 0,1 1 1)'::box3d",
    "st_makeenvelope(0, 0, 1, 1, 4326)",
    "st_astext('POINT(1 2)'::geometry)",
    "row(1, 'a''b\\'::text, null::int)",
    "row('x'::text, 2)::text",
    "(1, 2) = (1, 2)",
    "'a' = 'a\\'",
    "'\\' || ''''",
    "E'\\n\\t\\\\'",
    "U&'\\0041\\\\'",
    "chr(39) || chr(92)",
    "repeat('\\''', 3)",
    "quote_literal('\\''')",
    "quote_ident('a\"b')",
    "b'101'",
    "x'ff'",
];

/// The same values, in binary, and the same types; `None` where ours refuses or both fail.
fn compare(ours: &mut Client, far: &mut Client, expression: &str) -> Option<()> {
    let sql = format!("select {expression} as c, id from s.t where id = 1");
    for format in [0, 1] {
        let (found, expected) = (ours.extended(&sql, format), far.extended(&sql, format));
        if found.state() == "0A000" {
            return None;
        }
        // Constants that no send function takes are refused by both.
        assert_eq!(found.state(), expected.state(), "{sql}\n  {:?}\n  {:?}", found.failure, expected.failure);
        assert_eq!(found.rows, expected.rows, "{sql} in format {format}");
    }
    let (found, expected) = (ours.describe(&sql).ok()?, far.describe(&sql).ok()?);
    assert_eq!(found[0].typmod, expected[0].typmod, "{sql}");
    Some(())
}

#[test]
fn constants_of_every_type_are_printed_as_they_are() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("typed", "create schema s; create table s.t(id int); insert into s.t values (1)");
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'typed');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres'); SELECT graticule.attach('pg', 's');",
        oracle.port
    );
    let server = Graticule::serve("typed", &init);
    let (mut ours, mut far) = (server.client("typed"), oracle.client("typed"));
    ours.query("set graticule.route = 'server'").expect("set");
    let mut refused = Vec::new();
    for fold in ["on", "off"] {
        ours.query(&format!("set graticule.fold = {fold}")).expect("set");
        for expression in CONSTANTS {
            if compare(&mut ours, &mut far, expression).is_none() {
                refused.push(format!("{expression} (fold {fold})"));
            }
        }
    }
    eprintln!("refused: {refused:#?}");
    assert!(refused.len() <= 12, "{} refused", refused.len());
    ours.query("set graticule.fold = on").expect("set");
    let mut random = StdRng::seed_from_u64(5);
    for _ in 0..1500 {
        let expression = generated(&mut random);
        assert!(compare(&mut ours, &mut far, &expression).is_some(), "refused: {expression}");
    }
}

/// A constant whose parts are hostile strings or random bytes.
fn generated(random: &mut StdRng) -> String {
    let pick = |random: &mut StdRng| literal(HOSTILE[random.random_range(0..HOSTILE.len())]);
    match random.random_range(0..7) {
        0 => {
            let bytes: String =
                (0..random.random_range(0..40)).map(|_| format!("{:02x}", random.random::<u8>())).collect();
            format!("decode('{bytes}', 'hex')")
        }
        1 => {
            let cells: Vec<_> = (0..random.random_range(1..6)).map(|_| pick(random)).collect();
            format!("array[{}]::text[]", cells.join(", "))
        }
        2 => format!("jsonb_build_object({}::text, {}::text)", pick(random), pick(random)),
        3 => format!("{} || {} || {}", pick(random), pick(random), pick(random)),
        4 => format!("{}::float8", literal(&f64::from_bits(random.random()).to_string().replace("inf", "infinity"))),
        5 => format!("to_json(array[{}, {}]::text[])", pick(random), pick(random)),
        _ => format!("replace({}, {}, {})", pick(random), pick(random), pick(random)),
    }
}
