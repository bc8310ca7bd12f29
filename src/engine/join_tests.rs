//! Joins with an index of our own against the same statements without one (an expression around the shape hides it).

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::Engine;
use super::tests::{explain, run};
use crate::catalog::{Catalog, Language};

fn geometry(random: &mut StdRng) -> String {
    let mut at = || format!("{} {}", random.random_range(0..30), random.random_range(0..30));
    let (a, b, c, d) = (at(), at(), at(), at());
    match random.random_range(0..10) {
        0 => "null".to_owned(),
        1 => "'POINT EMPTY'".to_owned(),
        2 => format!("'LINESTRING({a},{b},{c})'"),
        3 => format!("'POLYGON(({a},{b},{c},{a}))'"),
        4 => format!("'MULTIPOINT(({a}),({d}))'"),
        5 => format!("'GEOMETRYCOLLECTION(POINT({a}),LINESTRING({b},{c}))'"),
        _ => format!("'POINT({a})'"),
    }
}

fn table(random: &mut StdRng, rows: usize) -> String {
    let rows: Vec<String> =
        (0..rows).map(|id| format!("({id}, {}, {}::geometry)", random.random_range(0..4), geometry(random))).collect();
    format!("(values {})", rows.join(","))
}

#[tokio::test]
async fn nearest_neighbours_are_those_of_the_lateral_join() {
    let spill = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::new(256 << 20, spill.path()).expect("an engine");
    let catalog = Catalog::empty("test", Language::load().expect("the language"));
    let mut random = StdRng::seed_from_u64(11);
    for case in 0..60 {
        let inner_rows = [1, 3, 20, 90][case % 4];
        let (outer, inner) = (table(&mut random, 12), table(&mut random, inner_rows));
        let condition = ["", "where t.v < 3", "where t.id <> o.id", "where t.v = o.v and t.v < 3"][case / 4 % 4];
        let join = ["cross join lateral", "left join lateral"][case % 2];
        let on = ["", "on true"][case % 2];
        let order = ["t.g <-> o.g", "o.g <-> t.g", "st_distance(t.g, o.g)"][case % 3];
        let sql = |limit: &str| {
            format!(
                "select o.id, x.id, x.d from {outer} o(id, v, g) {join} (select t.id, {order} as d from {inner} t(id, v, g) \
                 {condition} order by {order}, t.id limit {limit}) x {on} order by 1, 3, 2"
            )
        };
        let limit = ["1", "2", "7", "200", "3 offset 2"][case % 5];
        let (count, offset) = limit.split_once(' ').unwrap_or((limit, ""));
        let plain = sql(&format!("(select {count}) {offset}"));
        let (indexed, plain_plan) = (explain(&catalog, &engine, &sql(limit)), explain(&catalog, &engine, &plain));
        assert!(indexed.contains("KnnJoin"), "{indexed}");
        assert!(!plain_plan.contains("KnnJoin"), "{plain_plan}");
        let found = run(&catalog, &engine, &sql(limit)).await.expect("rows");
        assert_eq!(found, run(&catalog, &engine, &plain).await.expect("rows"), "{}", sql(limit));
    }
}

#[tokio::test]
async fn mixed_srids_raise_in_a_nearest_neighbour_join() {
    let spill = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::new(256 << 20, spill.path()).expect("an engine");
    let catalog = Catalog::empty("test", Language::load().expect("the language"));
    let sql = |condition: &str| {
        format!(
            "select x.id from (values (1, 'SRID=4326;POINT(0 0)'::geometry)) o(id, g) cross join lateral (select t.id from \
             (values (1, 'SRID=3857;POINT(1 1)'::geometry), (2, 'SRID=4326;POINT(9 9)')) t(id, g) {condition} order by t.g <-> o.g limit 1) x"
        )
    };
    assert_eq!(run(&catalog, &engine, &sql("")).await.expect_err("mixed").state().to_string(), "XX000");
    assert_eq!(run(&catalog, &engine, &sql("where t.id = 2")).await.expect("one SRID"), ["2"]);
    assert_eq!(run(&catalog, &engine, &sql("where t.id > o.id")).await.expect("one SRID"), ["2"]);
}

#[tokio::test]
async fn points_in_areas_are_those_of_the_predicate() {
    let spill = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::new(256 << 20, spill.path()).expect("an engine");
    let catalog = Catalog::empty("test", Language::load().expect("the language"));
    let mut random = StdRng::seed_from_u64(5);
    let mut number = || random.random_range(0..12);
    let mut areas = vec!["(-1, null::geometry(Polygon,4326))".to_owned(), "(-2, 'SRID=4326;POLYGON EMPTY')".to_owned()];
    for id in 0..60 {
        let (x, y, width, height) = (number(), number(), number() + 1, number() + 1);
        let (right, top) = (x + width, y + height);
        areas.push(format!("({id}, 'SRID=4326;POLYGON(({x} {y},{right} {y},{right} {top},{x} {y}))')"));
    }
    let mut points = vec!["(-1, null::geometry(Point,4326))".to_owned(), "(-2, 'SRID=4326;POINT EMPTY')".to_owned()];
    points.extend((0..80).map(|id| format!("({id}, 'SRID=4326;POINT({} {})')", number(), number())));
    for condition in [
        "st_contains(a.g, p.g)",
        "st_within(p.g, a.g)",
        "st_covers(a.g, p.g)",
        "st_coveredby(p.g, a.g)",
        "st_intersects(a.g, p.g)",
        "st_intersects(p.g, a.g)",
        "st_contains(a.g, p.g) and a.id > p.id",
    ] {
        let sql = |condition: &str| {
            format!(
                "select a.id, p.id from (select id, g::geometry(Polygon,4326) g from (values {}) v(id, g)) a join \
                 (select id, g::geometry(Point,4326) g from (values {}) v(id, g)) p on {condition} order by 1, 2",
                areas.join(","),
                points.join(",")
            )
        };
        let hidden = sql(&format!("({condition}) is true"));
        assert!(explain(&catalog, &engine, &sql(condition)).contains("AreaJoin"), "{condition}");
        assert!(!explain(&catalog, &engine, &hidden).contains("AreaJoin"), "{condition}");
        let found = run(&catalog, &engine, &sql(condition)).await.expect("rows");
        assert!(found.len() > 20, "{condition}: {}", found.len());
        assert_eq!(found, run(&catalog, &engine, &hidden).await.expect("rows"), "{condition}");
    }
}
