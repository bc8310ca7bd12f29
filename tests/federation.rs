//! Joins over several servers: a side that is told to a fragment on the other saves its rows and changes none of the answer's.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::support::graticule::Graticule;
use crate::support::{Client, duckdb, postgres, trino};

/// The rows of a table, as VALUES of both engines; `srid` goes before each geometry.
fn values(random: &mut StdRng, rows: usize, keys: i32, srid: &str) -> String {
    let mut all = Vec::new();
    for id in 1..=rows {
        let mut key = |text: &dyn Fn(i32) -> String| {
            let key = random.random_range(0..keys);
            if random.random_range(0..12) == 0 { "null".to_owned() } else { text(key) }
        };
        let columns = [
            key(&|key| key.to_string()),
            key(&|key| (i64::from(key) - 20).to_string()),
            key(&|key| key.to_string()),
            key(&|key| format!("{}.{:02}", key, key % 4 * 25)),
            key(&|key| format!("'key ''{} \\ {}'", key, ["é", "", " ", "E"][key as usize % 4])),
            key(&|key| format!("'{:04}-03-{:02}'", 1990 + key, key % 28 + 1)),
            key(&|key| format!("'00000000-0000-4000-8000-{key:012}'")),
            key(&|key| format!("{}", f64::from(key) / 2.0)),
            key(&|key| match key % 9 {
                0 => format!("'{srid}POINT EMPTY'"),
                1 => format!("'{srid}LINESTRING({} 1,{} 3)'", key, key + 2),
                2 => format!("'{srid}POLYGON(({0} 0,{1} 0,{1} 2,{0} 2,{0} 0))'", key, key + 1),
                _ => format!("'{srid}POINT({} {})'", key, key % 3),
            }),
        ];
        all.push(format!("({id}, {})", columns.join(", ")));
    }
    all.join(", ")
}

const DUCKDB: &str = "(id integer, a integer, b bigint, c smallint, n decimal(8,2), t varchar, d date, u uuid, f double, \
                      g geometry('EPSG:4326'))";
const POSTGRES: &str = "(id int, a int, b bigint, c smallint, n numeric(8,2), t text, d date, u uuid, f float8, \
                        g geometry(Geometry,4326))";

/// `small` and `big` in DuckDB and in PostgreSQL; the PostgreSQL is also the oracle.
struct Sides {
    server: Graticule,
    _file: duckdb::File,
    client: Client,
    oracle: Client,
}

impl Sides {
    fn start(name: &'static str) -> Option<Sides> {
        let (Some(far), Some(oracle)) = (duckdb::far(), postgres::shared()) else { return None };
        let rows = |srid: &str| {
            let mut random = StdRng::seed_from_u64(5);
            [("small", 30, 60), ("big", 900, 300), ("wide", 700, 700)].map(|(table, rows, keys)| {
                (table, format!("insert into {table} values {}", values(&mut random, rows, keys, srid)))
            })
        };
        let mut statements = Vec::new();
        for (table, insert) in rows("") {
            statements.push(format!("create table {table} {DUCKDB}"));
            statements.push(insert);
        }
        let file = far.file(&statements.iter().map(String::as_str).collect::<Vec<_>>());
        let script: Vec<String> = rows("SRID=4326;")
            .into_iter()
            .map(|(table, insert)| format!("create table {table} {POSTGRES}; {insert}; analyze {table}"))
            .collect();
        oracle.database(name, &script.join("; "));
        let init = format!(
            "{} CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname '{name}');
             CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');",
            far.server("d", &file),
            oracle.port
        );
        let server = Graticule::serve("fed", &init);
        let mut client = server.client("fed");
        client
            .simple("select graticule.attach('d', 'main', 'duck'); select graticule.attach('pg', 'public', 'pg')")
            .ok()?;
        Some(Sides { server, _file: file, client, oracle: oracle.client(name) })
    }

    /// The rows with and without reduction, which must be the oracle's; `%s`, `%b`, `%w` are the tables. Answers EXPLAIN ANALYZE.
    fn check(&mut self, sql: &str, places: [&str; 3]) -> String {
        let at = |places: [&str; 3]| {
            sql.replace("%s", &format!("{}small", places[0]))
                .replace("%b", &format!("{}big", places[1]))
                .replace("%w", &format!("{}wide", places[2]))
        };
        let here = at(places);
        let expected = self.oracle.query(&at(["", "", ""]));
        let expected = expected.map(|set| set.text()).map_err(|failure| failure.state);
        for setting in ["on", "off"] {
            self.client.simple(&format!("set graticule.semi_join = {setting}")).expect("the setting exists");
            let found = self.client.query(&here).map(|set| set.text()).map_err(|failure| failure.state);
            assert_eq!(found, expected, "semi_join = {setting}: {here}");
        }
        self.client.simple("reset graticule.semi_join").expect("reset");
        if expected.is_err() {
            return String::new();
        }
        self.client.rows(&format!("explain analyze {here}")).join("\n")
    }
}

/// `Rows fetched` of each fragment.
fn fetched(plan: &str) -> Vec<usize> {
    let lines = plan.lines().filter_map(|line| line.trim().strip_prefix("Rows fetched: "));
    lines.map(|rows| rows.parse().expect("a number")).collect()
}

#[test]
fn keys_of_one_side_are_told_to_the_other() {
    let Some(mut sides) = Sides::start("fed_keys") else { return };
    for (big, small) in [("duck.", "pg."), ("pg.", "duck."), ("duck.", "duck.")] {
        for condition in [
            "s.a = b.a",
            "s.b = b.a",
            "s.a = b.b",
            "b.c = s.b",
            "s.n = b.n",
            "s.t = b.t",
            "s.d = b.d",
            "b.u = s.u",
            "s.n = b.a",
            "s.a = b.n",
            "s.a = b.a and s.t = b.t",
            "s.a + 1 = b.a",
            "upper(s.t) = b.t",
        ] {
            // Two tables of one server are joined there: this must not.
            let here = if big == small { " and pg_typeof(s.id) is not null" } else { "" };
            let sql = format!("select s.id, b.id from %s s join %b b on {condition}{here} order by 1, 2");
            let plan = sides.check(&sql, [small, big, ""]);
            assert!(plan.contains("Semi-join: "), "{condition}: {plan}");
            assert!(fetched(&plan).iter().sum::<usize>() < 500, "{condition}: {plan}");
        }
    }
    // What is not sure to be compared in the same way is not told.
    for condition in ["s.f = b.f", "s.a < b.a", "s.a = b.a or s.b = b.b", "s.a is not distinct from b.a", "s.n = b.f"] {
        let sql = format!("select s.id, b.id from %s s join %b b on {condition} order by 1, 2");
        let plan = sides.check(&sql, ["pg.", "duck.", ""]);
        assert!(!plan.contains("Semi-join: "), "{condition}: {plan}");
    }
    // No key at all: the other side is not read.
    let plan = sides.check("select s.id, b.id from %s s join %b b on s.a = b.a where s.id < 0", ["pg.", "duck.", ""]);
    assert_eq!(fetched(&plan), [0, 0], "{plan}");
    // More keys than may be told.
    sides.client.simple("set graticule.semi_join_keys = 5").expect("set");
    let plan = sides.check("select s.id, b.id from %s s join %b b on s.a = b.a order by 1, 2", ["pg.", "duck.", ""]);
    assert!(!plan.contains("Semi-join: "), "{plan}");
    assert_eq!(fetched(&plan), [30, 900], "{plan}");
    sides.client.simple("reset graticule.semi_join_keys").expect("reset");
    // EXPLAIN tells it before.
    let sql = "explain select s.id, b.id from pg.small s join duck.big b on s.a = b.a";
    let plan = sides.client.rows(sql).join("\n");
    assert!(plan.contains("Semi-join: at most 1000 keys from s on a"), "{plan}");
    sides.client.simple("set graticule.semi_join = off").expect("set");
    let plan = sides.client.rows(sql).join("\n");
    assert!(!plan.contains("Semi-join"), "{plan}");
}

/// IN and EXISTS keep the rows that have partners: either side is told to the other. NOT IN and NOT EXISTS are not touched.
#[test]
fn sub_queries_are_told_and_tell() {
    let Some(mut sides) = Sides::start("fed_subqueries") else { return };
    let (big, small) = ("duck.", "pg.");
    for condition in [
        "b.a in (select a from %s)",
        "b.b in (select s.a from %s s where s.id < 20)",
        "b.n in (select n from %s union select n from %s where id < 3)",
        "b.t in (select t from %s order by t limit 7)",
        "b.a in (select max(a) from %s group by c)",
        "b.a in (select a from %s) and b.t in (select t from %s)",
        "exists (select 1 from %s s where s.a = b.a)",
        "exists (select from %s s where s.t = b.t and s.id < 25)",
        "exists (select s.f from %s s where s.a = b.a and b.b = s.b)",
        "exists (select distinct s.c from %s s, %s r where s.d = b.d and r.a = s.b)",
        "exists (select 1 from %s s where b.u = s.u) and b.id % 2 = 0",
    ] {
        let plan = sides.check(&format!("select b.id from %b b where {condition} order by 1"), [small, big, ""]);
        assert!(plan.contains("Semi-join: "), "{condition}: {plan}");
        assert!(fetched(&plan).iter().sum::<usize>() < 500, "{condition}: {plan}");
    }
    // The rows around are few: the sub-query's fragment is told.
    for condition in ["s.a in (select a from %b)", "exists (select 1 from %b b where b.a = s.a and b.id > 50)"] {
        let plan = sides.check(&format!("select s.id from %s s where {condition} order by 1"), [small, big, ""]);
        assert!(plan.contains("Semi-join: "), "{condition}: {plan}");
        assert!(fetched(&plan).iter().sum::<usize>() < 500, "{condition}: {plan}");
    }
    for condition in [
        "b.a in (select a from %s where id < 0)",
        "b.a + 1 in (select b from %s)",
        "b.a not in (select a from %s)",
        "b.a not in (select a from %s where a is not null)",
        "not exists (select 1 from %s s where s.a = b.a)",
        "b.a in (select a from %s) is not true",
        "(b.a in (select a from %s) or b.id < 5)",
        "b.f in (select f from %s)",
        "exists (select 1 from %s s where s.a < b.a and s.id > 28)",
        "exists (select 1 from %s s where s.a = b.a limit 0)",
        "exists (select count(*) from %s s where s.a = b.a)",
        "exists (select 1 from %s s where s.a = b.a group by s.a having count(*) > 1)",
        "b.id in (select (select max(r.id) from %s r where r.a = s.a) from %s s)",
        "b.c in (select s.c from %s s where s.a = b.a)",
    ] {
        sides.check(&format!("select b.id from %b b where {condition} order by 1"), [small, big, ""]);
    }
}

#[test]
fn the_box_of_one_side_is_told_to_the_other() {
    let Some(mut sides) = Sides::start("fed_boxes") else { return };
    for (big, small) in [("duck.", "pg."), ("pg.", "duck.")] {
        for condition in [
            "st_intersects(s.g, b.g)",
            "st_contains(s.g, b.g)",
            "st_within(b.g, s.g)",
            "st_dwithin(s.g, b.g, 0.75)",
            "s.g && b.g",
            "st_intersects(b.g, st_envelope(s.g))",
            "st_touches(s.g, b.g)",
            "st_covers(b.g, s.g)",
        ] {
            let sql = format!("select s.id, b.id from %s s join %b b on {condition} where s.id < 9 order by 1, 2");
            let plan = sides.check(&sql, [small, big, ""]);
            assert!(plan.contains("Semi-join: the box around s"), "{condition}: {plan}");
            assert!(fetched(&plan).iter().sum::<usize>() < 600, "{condition}: {plan}");
        }
    }
    // An SRID of another kind is an error, whether the rows come or not.
    sides.check(
        "select s.id, b.id from %s s join %b b on st_intersects(st_setsrid(s.g, 3857), b.g)",
        ["pg.", "duck.", ""],
    );
    sides.check("select s.id, b.id from %s s join %b b on st_equals(s.g, b.g) order by 1, 2", ["pg.", "duck.", ""]);
    let plan = sides.check(
        "select s.id, b.id from %s s join %b b on st_intersects(s.g, b.g) where st_isempty(s.g)",
        ["pg.", "duck.", ""],
    );
    assert_eq!(fetched(&plan)[1], 0, "{plan}");
}

/// Joins of three tables of every kind, under conditions of every kind: the same rows with and without, and the oracle's.
#[test]
fn generated_joins_keep_their_rows() {
    let Some(mut sides) = Sides::start("fed_joins") else { return };
    let mut random = StdRng::seed_from_u64(17);
    let (mut told, mut saved) = (0, 0);
    for _ in 0..100 {
        let mut one = |of: &[&'static str]| of[random.random_range(0..of.len())];
        let condition = |one: &mut dyn FnMut(&[&'static str]) -> &'static str, x: &str, y: &str| {
            one(&[
                "X.a = Y.a",
                "X.b = Y.a",
                "Y.b = X.c",
                "X.n = Y.n",
                "X.t = Y.t",
                "X.d = Y.d",
                "X.u = Y.u",
                "X.n = Y.c",
                "X.f = Y.f",
                "X.a = Y.a and X.c < Y.c",
                "X.a = Y.a and Y.id > 300",
                "X.a = Y.a and X.id < 20",
                "X.a = Y.a and Y.t is not null",
                "st_intersects(X.g, Y.g)",
                "st_dwithin(Y.g, X.g, 1)",
                "X.a = Y.a and X.g && Y.g",
                "X.a < 3 and X.b = Y.b",
            ])
            .replace('X', x)
            .replace('Y', y)
        };
        let (first, second) = (condition(&mut one, "s", "b"), condition(&mut one, "b", "w"));
        let third = condition(&mut one, "s", "w");
        let (j1, j2) = (
            one(&["join", "left join", "right join", "join"]),
            one(&["join", "left join", "right join", "full join", "join"]),
        );
        // A FULL JOIN wants an equality alone.
        let second = if j2 == "full join" { "b.a = w.a".to_owned() } else { second };
        let filter = one(&[
            "",
            "where s.id < 8",
            "where b.id < 400",
            "where s.a = 7 or s.a = 9",
            "where w.id is null or w.c < 100",
        ]);
        let items = "coalesce(s.id, 0), coalesce(b.id, 0), coalesce(w.id, 0)";
        let sql = match random.random_range(0..7) {
            0 => format!("select {items} from %s s {j1} %b b on {first} {j2} %w w on {second} {filter}"),
            1 => format!("select {items} from %w w {j1} (%b b {j2} %s s on {first}) on {second} {filter}"),
            2 => format!(
                "select coalesce(s.id, 0), coalesce(v.id, 0), 0 from %s s {j1} (select b.id, b.a, w.d from %b b {j2} %w w on {second}) v \
                 on s.a = v.a or s.d = v.d"
            ),
            3 => format!(
                "select s.id, v.id, v.n from %s s {j1} (select a as x, id, 1 as n from %b b where b.c < 200) v on v.x = s.a \
                 and v.id <> 5"
            ),
            4 => format!(
                "select s.id, v.id, v.n from %s s {j1} (select a, max(id) as id, count(*) as n from %b b group by a) v on v.a = s.a"
            ),
            5 => format!(
                "select s.id, v.id, 0 from %s s {j1} (select a, id from %b b order by id limit 40) v on v.a = s.a"
            ),
            _ => format!("select s.id, b.id, w.id from %s s, %b b, %w w where {first} and {second} and {third}"),
        };
        let place = |random: &mut StdRng| ["pg.", "duck."][random.random_range(0..2)];
        let mut places = [place(&mut random), place(&mut random), place(&mut random)];
        if places[0] == places[1] {
            places[1] = if places[0] == "pg." { "duck." } else { "pg." };
        }
        let plan = sides.check(&format!("{sql} order by 1, 2, 3"), places);
        told += usize::from(plan.contains("Semi-join: "));
        saved += usize::from(plan.contains("Semi-join: ") && fetched(&plan).iter().sum::<usize>() < 1000);
    }
    println!("told in {told} of 100, less than 1,000 rows in {saved}");
    assert!(told > 40, "{told}");
}

#[test]
fn a_part_without_a_condition_has_a_budget() {
    let Some(mut sides) = Sides::start("fed_budget") else { return };
    let join = "select s.id, w.id from pg.small s join duck.wide w on s.f = w.f";
    let whole = sides.client.rows(join).len();
    assert!(whole > 0);
    sides.client.simple("set graticule.max_leaf_bytes = '4kB'").expect("set");
    let refused = |client: &mut Client, sql: &str| {
        let refused = client.query(sql).expect_err("a refusal");
        assert_eq!(refused.state, "53400", "{refused:?}");
        assert!(refused.message.ends_with("exceeds graticule.max_leaf_bytes"), "{refused:?}");
        assert!(refused.hint.as_ref().is_some_and(|hint| hint.contains("Add a condition or a LIMIT")), "{refused:?}");
    };
    // By the statistics: 700 rows of 12 bytes.
    refused(&mut sides.client, join);
    refused(&mut sides.client, "select s.id, b.id from duck.small s join pg.big b on s.f = b.f");
    let part = sides.client.rows(&format!("{join} where w.id < 100"));
    assert!(part.len() < whole, "{part:?}");
    // A LIMIT there, and keys of the other side, are conditions too; so is a statement that one server runs whole.
    sides.client.rows("select id, upper(t) from duck.wide limit 3");
    let told = sides.client.rows("select s.id, w.id from pg.small s join duck.wide w on s.a = w.a").len();
    sides.client.rows("select max(id) from duck.wide");
    sides.client.simple("reset graticule.max_leaf_bytes; set graticule.semi_join = off").expect("set");
    assert_eq!(sides.client.rows("select s.id, w.id from pg.small s join duck.wide w on s.a = w.a").len(), told);
    assert_eq!(sides.client.rows(join).len(), whole);
    // Nothing is known of a table that was never analyzed: its rows are counted.
    sides
        .oracle
        .simple("create table unknown as select n as id, n / 2.0::float8 as f from generate_series(1, 3000) n")
        .expect("made");
    sides.client.simple("select graticule.attach('pg', 'public', 'pg')").expect("attached");
    let join = "select s.id, u.id from duck.small s join pg.unknown u on s.f = u.f";
    let whole = sides.client.rows(join).len();
    sides.client.simple("set graticule.max_leaf_bytes = '8kB'").expect("set");
    refused(&mut sides.client, join);
    sides.client.simple("set graticule.max_leaf_bytes = -1").expect("set");
    assert_eq!(sides.client.rows(join).len(), whole);
    // The server's own limit holds whatever the session says.
    sides.client.simple("alter server pg options (add max_leaf_bytes '8kB')").expect("altered");
    refused(&mut sides.client, join);
    let wrong = sides.client.simple("alter server d options (add max_leaf_bytes 'much')").expect_err("a wrong value");
    assert_eq!(wrong.state, "22023", "{wrong:?}");
}

#[test]
fn what_comes_from_servers_is_counted() {
    let Some(mut sides) = Sides::start("fed_meter") else { return };
    let read = |client: &mut Client| {
        client.rows("select server, role, jobs, failed, rows, bytes > 0 from graticule.usage order by 1, 2")
    };
    assert_eq!(read(&mut sides.client), Vec::<String>::new());
    sides.client.rows("select s.id, w.id from pg.small s join duck.wide w on s.f = w.f where w.id <= 400");
    sides.client.rows("select id from duck.big where id <= 7");
    sides.client.query("select 1 / (id - 1) from pg.small").expect_err("division by zero");
    let usage = read(&mut sides.client);
    assert_eq!(usage, ["d|postgres|2|0|407|t", "pg|postgres|2|1|30|t"]);
    sides
        .client
        .simple("create role ann login; grant usage on schema duck to ann; grant select on duck.big to ann")
        .expect("a role");
    let mut ann = Client::connect(sides.server.port, "ann", "fed").expect("ann connects");
    ann.rows("select id from duck.big where id <= 5");
    assert_eq!(read(&mut ann), ["d|ann|1|0|5|t"]);
    assert_eq!(read(&mut sides.client).len(), 3);
    let labels = "{database=\"fed\",role=\"ann\",server=\"d\"}";
    for (name, number) in [("jobs", 1), ("failed_jobs", 0), ("rows", 5), ("scanned_bytes", 0)] {
        assert_eq!(sides.server.metric(&format!("graticule_source_{name}_total{labels}")), number, "{name}");
    }
}

#[test]
fn trino_is_told_keys_and_tells_sizes() {
    let (Some(far), Some(oracle)) = (trino::far(), postgres::shared()) else { return };
    far.run(&[
        "CREATE SCHEMA memory.told",
        "CREATE TABLE memory.told.zones AS SELECT CAST(n AS integer) AS id, 'zone ' || CAST(n AS varchar) AS name FROM UNNEST(sequence(1, 300)) AS t(n)",
    ]);
    oracle
        .database("fed_trino", "create table owners as select n as zone from generate_series(7, 9) n; analyze owners");
    let init = format!(
        "{} CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'fed_trino');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');",
        far.server("tr"),
        oracle.port
    );
    let server = Graticule::serve("fed", &init);
    let mut client = server.client("fed");
    client
        .simple("select graticule.attach('tr', 'told', 'far'); select graticule.attach('pg', 'public', 'pg')")
        .expect("attached");
    let keyed = "select z.name from far.zones z join pg.owners o on o.zone = z.id order by 1";
    assert_eq!(client.rows(keyed), ["zone 7", "zone 8", "zone 9"]);
    let plan = client.rows(&format!("explain analyze {keyed}")).join("\n");
    assert!(plan.contains("Semi-join: 3 keys from o") && plan.contains("Rows fetched: 3\n"), "{plan}");
    // Trino's own estimate refuses a part that is too large before it runs.
    client.simple("alter server tr options (add max_leaf_bytes '64B')").expect("altered");
    let whole = "select count(*) from far.zones z full join pg.owners o on o.zone = z.id";
    let refused = client.query(whole).expect_err("a refusal");
    assert_eq!((refused.state.as_str(), refused.message.contains("far.zones")), ("53400", true), "{refused:?}");
    assert_eq!(client.rows(keyed).len(), 3);
    assert_eq!(client.rows("select scanned_bytes > 0 from graticule.usage where server = 'tr'"), ["t"]);
}
