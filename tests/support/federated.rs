//! One join over a far engine, GeoParquet files and PostGIS, against the same rows in PostGIS alone.

use super::Client;
use super::graticule::Graticule;
use super::postgres::Postgres;

/// Ten-degree boxes over North America, one without a place and one without points, as rows `(id, name, geometry)`.
pub fn zones(geometry: &dyn Fn(&str) -> String) -> String {
    let mut rows = Vec::new();
    for x in (-130..-60).step_by(10) {
        for y in (20..50).step_by(10) {
            let wkt = format!("POLYGON(({x} {y},{0} {y},{0} {1},{x} {1},{x} {y}))", x + 10, y + 10);
            rows.push(format!("({}, 'zone {x} {y}', {})", rows.len() + 1, geometry(&wkt)));
        }
    }
    rows.push("(100, 'nowhere', NULL)".to_owned());
    rows.push(format!("(101, 'empty', {})", geometry("POLYGON EMPTY")));
    rows.join(", ")
}

/// `create_server` makes server `name`, whose schema `schema` holds a table `zones` of [`zones`]. Gives a session, where it is attached as
/// `far`, and the join's EXPLAIN ANALYZE.
pub fn equals_one_engine(
    oracle: &Postgres,
    database: &str,
    create_server: &str,
    name: &str,
    schema: &str,
) -> (Graticule, Client, String) {
    oracle.database(
        database,
        "create table owners(zone int, owner text); \
         insert into owners select n, 'owner ' || n % 4 from generate_series(1, 30) n union all values (null, 'nobody'), (101, 'e')",
    );
    let init = format!(
        "{create_server} CREATE SERVER files FOREIGN DATA WRAPPER geoparquet OPTIONS (path '{}/src/demo/sample'); {}",
        env!("CARGO_MANIFEST_DIR"),
        oracle.server("pg", database)
    );
    let server = Graticule::serve("fed", &init);
    let mut client = server.client("fed");
    client
        .simple(&format!(
            "select graticule.attach('{name}', '{schema}', 'far'); select graticule.attach('pg', 'public', 'pg'); \
             select graticule.attach('files', '.', 'files')"
        ))
        .expect("attached");
    let query = |zones: &str, owners: &str, airports: &str| {
        format!(
            "select z.name, o.owner, count(*), min(a.name), st_astext(st_envelope(st_collect(z.geom))) from {zones} z \
             join {owners} o on o.zone = z.id join {airports} a on st_intersects(z.geom, a.geom) \
             where z.id <> 3 and o.owner <> 'owner 2' group by 1, 2 order by 1, 2"
        )
    };
    let ours = query("far.zones", "pg.owners", "files.airports");
    let here = client.rows(&ours);
    // The same rows in one engine.
    let mut there = oracle.client(database);
    there
        .simple(&format!(
            "create table zones(id int, name text, geom geometry(Geometry,4326)); insert into zones values {}; \
             create table airports(name text, geom geometry(Point,4326))",
            zones(&|wkt| format!("'SRID=4326;{wkt}'"))
        ))
        .expect("the same zones");
    let airports = client.rows("select quote_literal(name) || ', ' || quote_literal(geom::text) from files.airports");
    assert_eq!(airports.len(), 3376);
    there.simple(&format!("insert into airports values ({})", airports.join("), ("))).expect("the same airports");
    let expected = there.rows(&query("zones", "owners", "airports"));
    assert!(expected.len() > 5, "{expected:?}");
    assert_eq!(here, expected);
    let plan = client.rows(&format!("explain {ours}")).join("\n");
    let servers = ["Route: Federated".to_owned(), format!("Server: {name}"), "Server: pg".to_owned()];
    assert!(servers.iter().all(|said| plan.contains(said.as_str())), "{plan}");
    // NULL and EMPTY stay what they are, and outer joins keep the rows of either side once.
    for sql in [
        "select id, geom is null, st_isempty(geom) from far.zones where id > 99 order by id",
        "select count(*), count(z.id), count(o.zone), count(z.geom) from far.zones z full join pg.owners o on o.zone = z.id",
    ] {
        let alone = sql.replace("far.", "public.").replace("pg.", "public.");
        assert_eq!(client.rows(sql), there.rows(&alone), "{sql}");
    }
    let analyzed = client.rows(&format!("explain analyze {ours}")).join("\n");
    (server, client, analyzed)
}
