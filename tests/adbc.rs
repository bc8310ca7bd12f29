//! Engines that are attached by configuration alone, through their ADBC drivers: PostgreSQL's driver beside the direct connector.

use std::time::{Duration, Instant};

use crate::support::duckdb::workers;
use crate::support::graticule::Graticule;
use crate::support::{Client, adbc, postgres};

/// Every kind of value that PostgreSQL's driver knows, mistakes, or does not know.
const KINDS: &str = "
    create extension citext; create type mood as enum ('sad', 'ok', 'happy'); create domain positive as int4 check (value > 0);
    create table kinds(id int4 primary key, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(10,2), t text, vc varchar(5),
        nm name, by bytea, d date, ti time, ttz timetz, ts timestamp, tz timestamptz, iv interval, u uuid, x xml, ine inet, cid cidr,
        mac macaddr, vb varbit, dm positive, ia int4[], ta text[], na numeric[], da date[], g geometry, gp geometry(PointZ,4326),
        gg geography(Point,4326), ba bool[], tza timestamptz[], ga geometry[], pt point, tsv tsvector);
    insert into kinds values
        (1, true, -1, 9223372036854775807, 1.1, 'NaN', 1.50, -0.01, 'it''s', 'ab', 'n', '\\x00ff', '2020-02-29', '24:00', '01:02:03+04',
         '2020-01-02 03:04:05.678901', '2020-01-02 03:04:05+02', '1 year 2 mons -3 days 04:05:06.789', '00112233-4455-6677-8899-aabbccddeeff',
         '<a>&amp;</a>', '10.0.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03', '10110', 7, '{{1,2},{3,4}}', '[0:1]={a,NULL}', '{1.10,NaN}',
         '{infinity,-infinity}', 'SRID=3857;POINT(1 2)', 'SRID=4326;POINT Z (1 2 3)', 'POINT(-1 -2)', '{t,f,NULL}', '{2020-01-01 00:00:00+05}',
         array['SRID=4326;POINT(1 2)'::geometry, 'LINESTRING EMPTY'], '(1,2)', 'a:1 b:2'),
        (2, false, 0, -1, 'infinity', '-infinity', 'NaN', 0, '', '', '', '', 'infinity', '00:00', '00:00:00-15', '-infinity', 'infinity',
         '-1 mons', null, null, '::1', null, null, '', 1, '{}', '{}', '{}', '{}', 'POINT EMPTY', null, null, '{}', '{}', '{}', null, ''),
        (3, null, null, null, null, null, 12345678901234567890123456789012345678901234567890.123456789, null, 'ü€𝄞', null, null, null,
         '4714-11-24 BC', null, null, '4714-11-24 00:00:00 BC', '294246-12-31 23:59:59.999999+00', '178000000 years', null, null, null, null, null, null, null, null,
         null, null, null, 'GEOMETRYCOLLECTION(POINT(0 0),POLYGON((0 0,1 0,1 1,0 0)))', null, null, null, null, null, null, null);
    create table texts(id int4 primary key, e mood, bp char(5), j json, jb jsonb, ch \"char\", r int4range, m money, ct citext, o oid);
    insert into texts values (1, 'sad', 'a', '{\"a\": 1}', '{\"a\": 1}', 'c', '[1,2)', 12.5, 'Text', 26), (2, 'happy', 'a b  ', '[]', 'null', 'd', null, null, null, null);
    create view few as select id, t, gp from kinds where id < 3;
    create table places(id int4 primary key, name text, geom geometry(Point,4326));
    insert into places select n, 'place ' || n, st_setsrid(st_point(n % 100, n / 100), 4326) from generate_series(1, 5000) n;
    create index on places using gist(geom);
    create schema other; create table other.o(a int4); create sequence s;
";

/// One database, attached as `direct` by the connector of its own and as `driven` through the driver.
fn both(name: &str) -> Option<(&'static postgres::Postgres, Graticule, Client)> {
    let (library, far) = (adbc::driver("postgresql")?, postgres::shared()?);
    far.database(name, KINDS);
    let init = format!(
        "{} CREATE SERVER driven FOREIGN DATA WRAPPER adbc
             OPTIONS (driver '{}', dialect 'postgis', uri 'postgresql://postgres@127.0.0.1:{port}/{name}');",
        far.server("direct", name),
        library.display(),
        port = far.port
    );
    let server = Graticule::serve("any", &init);
    let mut client = server.client("any");
    client
        .simple("select graticule.attach('direct', 'public', 'direct'); select graticule.attach('driven', 'public', 'driven')")
        .expect("attached");
    Some((far, server, client))
}

#[test]
fn tables_and_types_come_from_the_drivers_lists() {
    let Some((_, _server, mut client)) = both("adbc_types") else { return };
    assert_eq!(
        client.rows("select relname, relkind from pg_class where relnamespace = 'driven'::regnamespace and relkind <> 'i' order by 1"),
        ["few|v", "geography_columns|v", "geometry_columns|v", "kinds|r", "places|r", "spatial_ref_sys|r", "texts|r"]
    );
    let types = |client: &mut Client, table: &str| {
        client.rows(&format!(
            "select attname, format_type(atttypid, -1) from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 order by attnum"
        ))
    };
    // Without lengths, and domains as what they are made of: the rest as the direct connector says it.
    let direct = types(&mut client, "direct.kinds").join(",").replace("positive", "integer").replace("direct.", "");
    let driven = types(&mut client, "driven.kinds").join(",");
    assert_eq!(driven, direct.replace("nm|name", "nm|text").replace("vc|character varying", "vc|text"));
    // Names that the driver calls text, and types that it does not name.
    assert_eq!(
        types(&mut client, "driven.texts"),
        [
            "id|integer",
            "e|text",
            "bp|text",
            "j|text",
            "jb|text",
            "ch|text",
            "r|driven.\"unnamed<oid:3904>\"",
            "m|bigint",
            "ct|driven.citext",
            "o|integer"
        ]
    );
    assert_eq!(
        client.rows("select conname, contype from pg_constraint where conrelid = 'driven.kinds'::regclass"),
        ["kinds_pkey|p"]
    );
    client
        .simple("create schema imported; import foreign schema other from server driven into imported")
        .expect("imported");
    assert_eq!(client.rows("select count(*) from imported.o"), ["0"]);
    for (statement, state) in [
        ("select graticule.attach('driven', 'nosuch')", "3F000"),
        ("create server x foreign data wrapper adbc options (driver '/x.so')", "HV00D"),
        ("create server x foreign data wrapper adbc options (driver '/x.so', dialect 'nosuch')", "22023"),
        (
            "create server x foreign data wrapper adbc options (driver '/x.so', dialect 'postgis', password 'x')",
            "HV00D",
        ),
    ] {
        assert_eq!(client.query(statement).expect_err(statement).state, state, "{statement}");
    }
}

#[test]
fn rows_equal_the_direct_connectors() {
    let Some((_, _server, mut client)) = both("adbc_rows") else { return };
    for statement in [
        "select * from %.kinds order by id",
        "select distinct id, b, n, nm, d, ts, tz, iv, u, ine, ia, ta, g, gp from %.kinds where id < 3 order by d, id",
        "select iv from %.kinds union select iv + '1 day' from %.kinds order by 1",
        "select array_agg(n order by id), max(ts), min(d), sum(n2), avg(i8), string_agg(t, ',' order by t) from %.kinds",
        "select id, st_asewkt(g), st_x(gp), st_z(gp), st_asgeojson(gg), st_srid(g) from %.kinds order by id",
        "select id, e, ch, o from %.texts where e = 'happy' or id = 1 order by id",
        "select id, j::jsonb -> 'a', jb::jsonb from %.texts order by id",
        "select k.id, t.id, k.ts + k.iv from %.kinds k left join %.texts t on t.id = k.id and k.ts is not null where k.id <> 3 order by 1, 2",
        "select id from %.places where geom && st_makeenvelope(10, 10, 12, 12, 4326) order by id",
        "select id, st_distance(geom::geography, 'SRID=4326;POINT(10 10)'::geography) from %.places \
         where st_dwithin(geom, 'SRID=4326;POINT(10 10)', 2) order by geom <-> 'SRID=4326;POINT(10 10)', id",
        "select count(*), st_extent(geom), md5(string_agg(geom::text, ',' order by id)) from %.places",
        "select id, row_number() over (order by name desc) from %.places where name like 'place 49_' order by 2",
        "select p.id, q.n from %.places p cross join lateral (select count(*) n from %.places r where r.id < p.id) q where p.id < 5 order by 1",
        "select * from %.few order by id",
        "select to_char(tz, 'YYYY-MM-DD HH24:MI TZ'), extract(epoch from iv) from %.kinds where id = 1",
        "select mod(id, 3), count(*) from %.places group by 1 having count(*) > 1 order by 1 limit 2 offset 1",
    ] {
        let direct =
            client.query(&statement.replace('%', "direct")).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        let driven =
            client.query(&statement.replace('%', "driven")).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        assert!(!direct.text().is_empty(), "{statement}");
        assert_eq!(driven.text(), direct.text(), "{statement}");
        let plan = client.rows(&format!("explain {}", statement.replace('%', "driven"))).join("\n");
        assert!(plan.contains("Route: Pushed") && plan.contains("Server: driven"), "{statement}: {plan}");
    }
    // Parameters: numbers, texts, geometries with their SRID, times.
    for server in ["direct", "driven"] {
        client
            .simple(&format!(
                "prepare {server}(int, text, geometry, timestamptz, numeric, date, int[], bool, float8, uuid) as select id, t, g from {server}.kinds \
                 where id = $1 and t = $2 and g = $3 and tz <= $4 and n >= $5 and d < $6 and ia = $7 and b = $8 and f8 = $9 and u = $10"
            ))
            .expect("prepared");
        assert_eq!(
            client.rows(&format!(
                "execute {server}(1, 'it''s', 'SRID=3857;POINT(1 2)', 'infinity', 1.5, 'infinity', '{{{{1,2}},{{3,4}}}}', true, 'NaN', \
                 '00112233-4455-6677-8899-aabbccddeeff')"
            )),
            ["1|it's|0101000020110F0000000000000000F03F0000000000000040"]
        );
    }
    // A fragment of a federated statement, with its condition.
    let federated =
        "select d.id, a.name from direct.kinds d join driven.places a on a.id = d.id where a.id < 3 order by 1";
    assert_eq!(client.rows(federated), ["1|place 1", "2|place 2"]);
    let plan = client.rows(&format!("explain {federated}")).join("\n");
    assert!(plan.contains("Route: Federated") && plan.contains("Server: driven"), "{plan}");
}

#[test]
fn what_a_driver_cannot_say_is_refused() {
    let Some((_, _server, mut client)) = both("adbc_refused") else { return };
    for (statement, says) in [
        ("select r from driven.texts", "r of type"),
        ("select * from driven.texts", "of type"),
        ("select ct from driven.texts", "ct of type"),
        ("insert into driven.places values (9999)", "writing on server"),
        ("with w as (delete from driven.places returning id) select * from w", "data-modifying"),
        ("select * from driven.places for update", "locking rows on server"),
        ("select ctid from driven.places", ""),
        ("begin isolation level repeatable read; select count(*) from driven.places", "snapshot"),
    ] {
        let refused = client.simple(statement).expect_err(statement);
        assert_eq!(refused.state, "0A000", "{statement}: {}", refused.message);
        assert!(refused.message.contains(says), "{statement}: {}", refused.message);
        client.simple("rollback").expect("ended");
    }
    // A type that the driver takes for another: PostgreSQL itself refuses to read it as that.
    assert_eq!(client.query("select m from driven.texts").expect_err("money").state, "42846");
}

#[test]
fn errors_have_the_drivers_states_and_a_cancel_reaches_it() {
    let Some((_, server, mut client)) = both("adbc_errors") else { return };
    for statement in [
        "select 1 / (id - 1) from %.places",
        "select 1 / (id - 4999) from %.places order by id",
        "select sqrt(-id) from %.places",
        "select t::int from %.kinds where id = 1",
        "select st_geomfromtext(name) from %.places",
        "select i8 + 1 from %.kinds where id = 1",
    ] {
        let direct = client.query(&statement.replace('%', "direct")).expect_err(statement);
        let driven = client.query(&statement.replace('%', "driven")).expect_err(statement);
        assert_eq!((driven.state, driven.message), (direct.state, direct.message), "{statement}");
    }
    let worker = workers(server.process_id());
    assert_eq!(worker.len(), 1);
    let start = Instant::now();
    client.simple("set statement_timeout = '1s'").expect("set");
    let endless = "select count(*) from driven.places a, driven.places b, driven.places c where a.id + b.id + c.id < 0";
    assert_eq!(client.query(endless).expect_err("it would take hours").state, "57014");
    assert!(start.elapsed() < Duration::from_secs(30));
    client.simple("reset statement_timeout").expect("reset");
    // A result that is left early, and two at once.
    for _ in 0..3 {
        client
            .simple(
                "begin; declare a cursor for select a.id from driven.places a, driven.places b; \
                 declare b cursor for select id from driven.places order by 1",
            )
            .expect("two cursors");
        assert_eq!(client.rows("fetch 2 b"), ["1", "2"]);
        assert_eq!(client.rows("fetch 2 a").len(), 2);
        client.simple("close a").expect("closed");
        assert_eq!(client.rows("fetch 1 b"), ["3"]);
        assert_eq!(client.rows("select count(*) from driven.places"), ["5000"]);
        client.simple("commit").expect("ended");
    }
    assert!(start.elapsed() < Duration::from_secs(40), "what is left early is not read to its end");
    assert_eq!(workers(server.process_id()), worker, "the same process all along");
    // A server that is gone, and one that comes back wrong.
    client
        .simple("create server nowhere foreign data wrapper adbc options (driver '/nosuch.so', dialect 'postgis')")
        .expect("options are not tried");
    assert_eq!(client.query("select graticule.attach('nowhere')").expect_err("no driver").state, "08001");
}

/// A kin of PostgreSQL that lacks some functions, as a folder of data: what has no row there is finished here.
#[test]
fn a_dialect_of_an_operators_own_needs_no_program() {
    let (Some(library), Some(far)) = (adbc::driver("postgresql"), postgres::shared()) else { return };
    far.database("adbc_kin", KINDS);
    let ours = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dialects/postgis");
    let folder = std::env::temp_dir().join(format!("graticule-dialects-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("kin")).expect("a folder");
    for file in ["dialect.toml", "types.toml", "pg-core.toml", "postgis.toml"] {
        let text = std::fs::read_to_string(ours.join(file)).expect("a file of ours");
        let lacks = |line: &&str| line.contains("\"st_buffer(") || line.contains("\"upper(text)\"");
        let kept: Vec<&str> = text.lines().filter(|line| !lacks(line)).collect();
        std::fs::write(folder.join("kin").join(file), kept.join("\n")).expect("written");
    }
    let init = format!(
        "CREATE SERVER kin FOREIGN DATA WRAPPER adbc
             OPTIONS (driver '{}', dialect 'kin', uri 'postgresql://postgres@127.0.0.1:{}/adbc_kin');",
        library.display(),
        far.port
    );
    let server = Graticule::configured("any", &init, &format!("dialects = '{}'", folder.display()));
    let mut client = server.client("any");
    client.simple("select graticule.attach('kin', 'public', 'kin')").expect("attached");
    let pushed =
        "select id, lower(name) from kin.places where st_dwithin(geom, 'SRID=4326;POINT(1 1)', 0.5) and id < 200";
    assert_eq!(client.rows(pushed), ["101|place 101"]);
    assert!(client.rows(&format!("explain {pushed}")).join("\n").contains("Route: Pushed"));
    let here =
        "select id, upper(name) from kin.places where st_dwithin(geom, 'SRID=4326;POINT(1 1)', 0.5) and id < 200";
    assert_eq!(client.rows(here), ["101|PLACE 101"]);
    let plan = client.rows(&format!("explain {here}")).join("\n");
    assert!(plan.contains("Route: Federated") && plan.contains("st_dwithin"), "{plan}");
    let unknown = client
        .query("create server x foreign data wrapper adbc options (driver '/x.so', dialect 'nosuch')")
        .expect_err("no such dialect");
    assert_eq!(unknown.state, "22023");
    std::fs::remove_dir_all(&folder).expect("removed");
}
