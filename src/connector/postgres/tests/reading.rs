//! Values, parameters, errors, settings, logins, introspection.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::super::Pool;
use super::super::testing::{Proxy, Server, decoded, drain, relayed, settles, some, text_rows, with};
use crate::connector::{Execution, Format, Rows};
use crate::error::Result;
use crate::error::SqlState;
use crate::kernels::{DateOrder, DateOutput, DateStyle, Formats};
use crate::types::{ArrayValue, Datum, Geom, Interval, Numeric, PgType};

/// Rows of a decoded statement, printed by Arrow.
async fn arrow_rows(pool: &Pool, execution: Execution) -> Result<Vec<Vec<String>>> {
    let mut cursor = pool.lease().await?.open(execution).await?;
    let mut all = Vec::new();
    while let Some(Rows::Batch(batch)) = cursor.fetch(1000).await? {
        let options = FormatOptions::default().with_null("NULL");
        let arrays: Vec<_> = batch.columns().iter().map(without_zone).collect();
        let columns: Vec<_> =
            arrays.iter().map(|array| ArrayFormatter::try_new(array, &options).expect("printable")).collect();
        all.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()),
        );
    }
    Ok(all)
}

/// Arrow prints a zone only with a feature that we do not need.
fn without_zone(array: &ArrayRef) -> ArrayRef {
    match array.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(array) => Arc::new(array.clone().with_timezone_opt(None::<&str>)),
        None => Arc::clone(array),
    }
}

pub(super) async fn decodes_every_storage(server: &Server) {
    let pool = server.pool(&[]);
    let foreign = PgType(PgType::FIRST_FOREIGN + 7);
    for (text, ty, expected) in [
        ("SELECT true", PgType::BOOL, "true"),
        ("SELECT (-7)::int2", PgType::INT2, "-7"),
        ("SELECT 2147483647", PgType::INT4, "2147483647"),
        ("SELECT 9223372036854775807", PgType::INT8, "9223372036854775807"),
        ("SELECT 1.5::float4", PgType::FLOAT4, "1.5"),
        ("SELECT 'NaN'::float8", PgType::FLOAT8, "NaN"),
        ("SELECT 'ä''\\'", PgType::TEXT, "ä'\\"),
        ("SELECT ''::varchar", PgType::VARCHAR, ""),
        ("SELECT 'x'::\"char\"", PgType::CHAR, "x"),
        ("SELECT 123456789012345678901234567890.50", PgType::NUMERIC, "123456789012345678901234567890.50"),
        ("SELECT '{\"b\": 1, \"a\": null}'::jsonb", PgType::JSONB, "{\"a\": null, \"b\": 1}"),
        ("SELECT '\\x00ff'::bytea", PgType::BYTEA, "00ff"),
        ("SELECT date '1969-12-31'", PgType::DATE, "1969-12-31"),
        (
            "SELECT time '24:00:00'",
            PgType::TIME,
            "Cast error: Failed to convert 86400000000 to temporal for Time64(µs)",
        ),
        ("SELECT timestamp '2001-02-03 04:05:06.789'", PgType::TIMESTAMP, "2001-02-03T04:05:06.789"),
        ("SELECT timestamptz '2001-02-03 04:05:06+02'", PgType::TIMESTAMPTZ, "2001-02-03T02:05:06"),
        ("SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", PgType::UUID, "a0eebc999c0b4ef8bb6d6bb9bd380a11"),
        ("SELECT 'pg_class'::regclass", PgType::REGCLASS, "1259"),
        (
            "SELECT public.st_setsrid(public.st_makepoint(1, 2), 4326)",
            PgType::GEOMETRY,
            "0101000020e6100000000000000000f03f0000000000000040",
        ),
        // array_send: one dimension, no NULLs, element oid, length 1, lower bound 1, 4 bytes: 7
        ("SELECT array[7]", PgType::INT4_ARRAY, "00000001000000000000001700000001000000010000000400000007"),
        // Two dimensions, a NULL: {{1,NULL}}
        (
            "SELECT array[array[1, NULL]]",
            PgType::INT4_ARRAY,
            "000000020000000100000017000000010000000100000002000000010000000400000001ffffffff",
        ),
        ("SELECT interval '1 mon 2 days 3.5 s'", PgType::INTERVAL, "1 mons 2 days 3.500000000 secs"),
        ("SELECT '[1,5)'::int4range", PgType::INT4RANGE, "[1,5)"),
        ("SELECT 'ok'::demo.mood", foreign, "ok"),
        ("SELECT NULL::int4", PgType::INT4, "NULL"),
        ("SELECT NULL::public.geometry", PgType::GEOMETRY, "NULL"),
    ] {
        let rows = arrow_rows(&pool, decoded(text, &[ty])).await;
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => panic!("{text}: {error:?} {:?}", error.fields()),
        };
        if !expected.starts_with("Cast error") {
            assert_eq!(rows, [[expected]], "{text}");
        }
    }
    // An array of a PostGIS type carries our oid, not the remote's.
    let rows = arrow_rows(&pool, decoded("SELECT array[public.st_makepoint(1, 2)]", &[PgType::GEOMETRY_ARRAY])).await;
    assert_eq!(rows.expect("an array")[0][0][16..24], format!("{:08x}", PgType::GEOMETRY.0));
    // No columns, some rows.
    let mut cursor = pool.lease().await.expect("free").open(decoded("SELECT FROM demo.t", &[])).await.expect("opens");
    assert_eq!(cursor.fetch(10).await.expect("rows").map(|rows| rows.count()), Some(2));
    assert!(cursor.fetch(10).await.expect("the end").is_none());
    settles(&pool, 0).await;
    assert_eq!(pool.counters().open, 1, "one connection served them all");
}

pub(super) async fn relays_frames_in_the_formats_asked(server: &Server) {
    let pool = server.pool(&[]);
    let execution = relayed(
        "SELECT id, name, id FROM demo.t ORDER BY id",
        &[(PgType::INT4, Format::Text), (PgType::TEXT, Format::Text), (PgType::INT4, Format::Binary)],
    );
    let mut cursor = pool.lease().await.expect("free").open(execution).await.expect("opens");
    let Some(Rows::Framed { frames, count }) = cursor.fetch(10).await.expect("rows") else { panic!("framed") };
    assert_eq!(count, 2);
    let expected = b"D\0\0\0\x1a\0\x03\0\0\0\x011\0\0\0\x03one\0\0\0\x04\0\0\0\x01D\0\0\0\x17\0\x03\0\0\0\x012\xff\xff\xff\xff\0\0\0\x04\0\0\0\x02";
    assert_eq!(&frames[..], &expected[..]);
    assert_eq!(pool.counters().in_use, 0, "a complete result gives its connection back at once");
    // Binary arrays of remote types hold the remote's oids: decoded instead.
    let execution = relayed("SELECT array[public.st_makepoint(1, 2)]", &[(PgType::GEOMETRY_ARRAY, Format::Binary)]);
    let mut cursor = pool.lease().await.expect("free").open(execution).await.expect("opens");
    assert!(matches!(cursor.fetch(10).await.expect("rows"), Some(Rows::Batch(_))));
}

pub(super) async fn echoes_parameters(server: &Server) {
    let pool = server.pool(&[]);
    let point = "0101000020e6100000000000000000f03f0000000000000040";
    let bytes: Vec<u8> =
        (0..point.len()).step_by(2).filter_map(|at| u8::from_str_radix(&point[at..at + 2], 16).ok()).collect();
    let geom = Datum::Geometry(Geom(bytes.into()));
    let vector = |element, values| Datum::Array(Arc::new(ArrayValue::vector(element, values)));
    let numbers = vector(PgType::INT4, vec![Datum::Int4(7), Datum::Null]);
    for (ty, value, cast, expected) in [
        (PgType::INT4, Datum::Null, "$1::int4", None),
        (PgType::BOOL, Datum::Bool(true), "$1::bool", Some("true")),
        (PgType::INT8, Datum::Int4(-5), "$1::int8", Some("-5")),
        (PgType::FLOAT8, Datum::Float8(0.1), "$1::float8", Some("0.1")),
        (PgType::TEXT, Datum::text("a'b\\c"), "$1::text", Some("a'b\\c")),
        (PgType::UNKNOWN, Datum::text("12"), "$1::int4", Some("12")),
        (PgType::NUMERIC, Datum::text("1.50"), "$1::numeric", Some("1.50")),
        (
            PgType::NUMERIC,
            Datum::Numeric(Numeric::Finite { unscaled: 150.into(), scale: 2 }),
            "$1::numeric",
            Some("1.50"),
        ),
        (PgType::INT4_ARRAY, numbers, "$1::int4[]", Some("{7,NULL}")),
        (PgType::BYTEA, Datum::bytea([0, 255]), "$1::bytea", Some("\\x00ff")),
        (PgType::DATE, Datum::Date(-1), "$1::date", Some("1999-12-31")),
        (PgType::TIMESTAMPTZ, Datum::Timestamptz(0), "$1::timestamptz", Some("2000-01-01 00:00:00+00")),
        (PgType::TIMESTAMP, Datum::Timestamp(i64::MAX), "$1::timestamp", Some("infinity")),
        (PgType::TIMETZ, Datum::Timetz(0, 3600), "$1::timetz", Some("00:00:00-01")),
        (
            PgType::INTERVAL,
            Datum::Interval(Interval { months: 1, days: 2, micros: 3_000_000 }),
            "$1::interval",
            Some("1 mon 2 days 00:00:03"),
        ),
        (PgType::REGCLASS, Datum::Oid(1259), "$1::regclass", Some("pg_class")),
        (PgType::GEOMETRY, geom, "public.st_asewkt($1::public.geometry)", Some("SRID=4326;POINT(1 2)")),
        (PgType(PgType::FIRST_FOREIGN), Datum::text("sad"), "$1::demo.mood", Some("sad")),
    ] {
        let text = format!("SELECT ({cast})::text");
        let rows = arrow_rows(&pool, with(&text, vec![(ty, value)], &[PgType::TEXT])).await;
        let rows = rows.unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(rows, [[expected.unwrap_or("NULL")]], "{text}");
    }
    let short = with("SELECT $1::int2", vec![(PgType::INT2, Datum::Int4(40_000))], &[PgType::INT2]);
    assert_eq!(arrow_rows(&pool, short).await.expect_err("too big").state(), SqlState::NUMERIC_VALUE_OUT_OF_RANGE);
    let zero = with("SELECT $1::text", vec![(PgType::TEXT, Datum::text("a\0b"))], &[PgType::TEXT]);
    assert_eq!(arrow_rows(&pool, zero).await.expect_err("a zero").state(), SqlState::CHARACTER_NOT_IN_REPERTOIRE);
    settles(&pool, 0).await;
}

pub(super) async fn maps_errors(server: &Server) {
    let pool = server.pool(&[]);
    for (text, state) in [
        ("SELECT 1 / 0", "22012"),
        ("SELECT 1 / (id - 2) FROM demo.t", "22012"),
        ("SELECT nothing FROM demo.t", "42703"),
        ("SELECT id FROM demo.none", "42P01"),
    ] {
        let error = text_rows(&pool, text, &[PgType::INT4]).await.expect_err(text);
        assert_eq!(error.state().code(), state, "{text}");
    }
    let execution = decoded("INSERT INTO demo.t VALUES (1, 'again')", &[]);
    let mut cursor = pool.lease().await.expect("free").open(execution).await.expect("opens");
    let error = cursor.fetch(10).await.expect_err("a duplicate");
    assert_eq!(error.state(), SqlState::UNIQUE_VIOLATION);
    assert_eq!(error.fields().constraint.as_deref(), Some("t_pkey"));
    assert_eq!(error.fields().detail.as_deref(), Some("Key (id)=(1) already exists."));
    let copy = decoded("COPY demo.t TO STDOUT", &[]);
    let mut cursor = pool.lease().await.expect("free").open(copy).await.expect("opens");
    assert_eq!(cursor.fetch(10).await.expect_err("COPY").state(), SqlState::FEATURE_NOT_SUPPORTED);
    let execution = decoded("UPDATE demo.t SET name = 'x' WHERE id > 99", &[]);
    let mut cursor = pool.lease().await.expect("free").open(execution).await.expect("opens");
    assert!(cursor.fetch(10).await.expect("done").is_none());
    assert_eq!(cursor.affected(), Some(0));
    settles(&pool, 0).await;
}

pub(super) async fn refuses_a_changed_result(server: &Server) {
    let pool = server.pool(&[]);
    server.sql("CREATE TABLE demo.changing (a int4); INSERT INTO demo.changing VALUES (1)");
    let text = "SELECT a FROM demo.changing";
    assert_eq!(text_rows(&pool, text, &[PgType::INT4]).await.expect("an integer"), [some(&["1"])]);
    server.sql("ALTER TABLE demo.changing ALTER a TYPE text");
    let error = text_rows(&pool, text, &[PgType::INT4]).await.expect_err("text now");
    assert_eq!((error.state().code(), error.message()), ("0A000", "cached plan must not change result type"));
    assert_eq!(text_rows(&pool, text, &[PgType::TEXT]).await.expect("bound anew"), [some(&["1"])]);
    assert!(text_rows(&pool, text, &[PgType::TEXT, PgType::TEXT]).await.is_err());
}

pub(super) async fn prepares_anew_what_the_server_forgot(server: &Server) {
    let pool = server.pool(&[("max_connections", "1")]);
    let text = "SELECT id FROM demo.t ORDER BY id";
    text_rows(&pool, text, &[PgType::INT4]).await.expect("prepared");
    let forget = decoded("DEALLOCATE ALL", &[]);
    let mut cursor = pool.lease().await.expect("the same connection").open(forget).await.expect("opens");
    assert!(cursor.fetch(1).await.expect("forgotten").is_none());
    assert_eq!(text_rows(&pool, text, &[PgType::INT4]).await.expect("prepared anew").len(), 2);
    // A small cache lets the server forget, too.
    let pool = server.pool(&[("max_connections", "1"), ("statement_cache_size", "2")]);
    for number in 0..10 {
        text_rows(&pool, &format!("SELECT {number}"), &[PgType::INT4]).await.expect("a number");
    }
    let held = text_rows(&pool, "SELECT count(*) FROM pg_catalog.pg_prepared_statements", &[PgType::INT8]).await;
    assert!(held.expect("a count")[0][0].as_deref().is_some_and(|count| count == "2" || count == "3"));
}

/// Issue 2, accept line 8: a cached statement with a small result costs one packet.
pub(super) async fn takes_one_round_trip_when_cached(server: &Server) {
    let proxy = Proxy::start(server.port).await;
    let pool = server.pool_as("gis", proxy.port, "postgres", None, &[]);
    for round in 0..3 {
        let before = proxy.requests.load(Ordering::Relaxed);
        let lookup =
            with("SELECT name FROM demo.t WHERE id = $1", vec![(PgType::INT4, Datum::Int4(1))], &[PgType::TEXT]);
        assert_eq!(arrow_rows(&pool, lookup).await.expect("a row"), [["one"]]);
        let packets = proxy.requests.load(Ordering::Relaxed) - before;
        assert!(round == 0 || packets == 1, "{packets} packets");
    }
}

pub(super) async fn keeps_settings_to_their_lease(server: &Server) {
    let pool = server.pool(&[("max_connections", "1")]);
    let text = "SELECT timestamptz '2001-02-03 04:05:06+00', 0.1::float4 + 0.2::float8, '\\xff'::bytea";
    let columns = [PgType::TIMESTAMPTZ, PgType::FLOAT8, PgType::BYTEA].map(|ty| (ty, Format::Text));
    let formats = Formats {
        time_zone: "Europe/Berlin".to_owned(),
        date_style: DateStyle { output: DateOutput::German, order: DateOrder::Dmy },
        extra_float_digits: 0,
        ..Formats::default()
    };
    let berlin = some(&["03.02.2001 05:05:06 CET", "0.300000001490116", "\\xff"]);
    let utc = some(&["2001-02-03 04:05:06+00", "0.30000000149011613", "\\xff"]);
    for (formats, expected) in [(Some(&formats), &berlin), (None, &utc), (Some(&formats), &berlin)] {
        let mut lease = pool.lease().await.expect("free");
        formats.into_iter().for_each(|formats| lease.ensure_settings(formats));
        let mut cursor = lease.open(relayed(text, &columns)).await.expect("opens");
        assert_eq!(&drain(&mut *cursor).await.expect("rows")[0], expected);
    }
}

pub(super) async fn logs_in_every_way(server: &Server) {
    for (user, password, works) in [
        ("postgres", None, true),
        ("md5", Some("md5"), true),
        ("md5", Some("wrong"), false),
        ("scram", Some("päss'word"), true),
        ("scram", Some("wrong"), false),
        ("scram", None, false),
        ("clear", Some("clear"), true),
        ("nobody", None, false),
    ] {
        let pool = server.pool_as("gis", server.port, user, password, &[]);
        let answer = text_rows(&pool, "SELECT current_user", &[PgType::NAME]).await;
        match answer {
            Ok(rows) => assert!(works && rows == [some(&[user])], "{user} {password:?}"),
            Err(error) => {
                assert!(!works, "{user}: {error:?} {:?}", error.fields());
                assert_eq!(error.state().code(), "08001");
            }
        }
        assert_eq!(pool.counters().open, usize::from(works));
    }
    let folder = server.path("");
    let pool = server.pool(&[("host", folder.to_str().expect("a path"))]);
    assert!(text_rows(&pool, "SELECT 1", &[PgType::INT4]).await.is_ok(), "a Unix socket");
    let pool = server.pool_as("gis", 1, "postgres", None, &[]);
    assert_eq!(text_rows(&pool, "SELECT 1", &[PgType::INT4]).await.expect_err("no server").state().code(), "08001");
}

pub(super) async fn checks_certificates(server: &Server) {
    let (authority, other) = (server.path("ca.crt"), server.path("other.crt"));
    let (authority, other) = (authority.to_str().expect("a path"), other.to_str().expect("a path"));
    for (host, mode, root, works) in [
        ("127.0.0.1", "prefer", None, true),
        ("127.0.0.1", "require", None, true),
        ("127.0.0.1", "require", Some(other), false),
        ("127.0.0.1", "verify-ca", Some(authority), true),
        ("127.0.0.1", "verify-ca", Some(other), false),
        ("127.0.0.1", "verify-full", Some(authority), false),
        ("localhost", "verify-full", Some(authority), true),
        ("localhost", "verify-full", None, false),
    ] {
        let mut options = vec![("host", host), ("sslmode", mode)];
        options.extend(root.map(|root| ("sslrootcert", root)));
        let pool = server.pool_as("gis", server.port, "scram", Some("päss'word"), &options);
        let text = "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()";
        match text_rows(&pool, text, &[PgType::BOOL]).await {
            Ok(rows) => assert!(works && rows == [some(&["t"])], "{host} {mode} {root:?}"),
            Err(error) => assert!(!works && error.state().code() == "08001", "{mode} {root:?}: {:?}", error.fields()),
        }
    }
}

pub(super) async fn describes_a_schema(server: &Server) {
    server.sql(
        "CREATE SCHEMA \"Odd 'name\"; COMMENT ON SCHEMA \"Odd 'name\" IS 'for tests'; SET search_path = \"Odd 'name\", public; \
         CREATE DOMAIN pos AS int4 NOT NULL CHECK (value > 0); CREATE TYPE pair AS (a int4, b geometry(Point,4326)); \
         CREATE TABLE parent (id int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m demo.mood DEFAULT 'ok', p pos, q pair, \
           g geometry(Point,4326) NOT NULL, n numeric(10,2), s varchar(5) COLLATE \"C\", twice numeric GENERATED ALWAYS AS (n * 2) STORED, \
           tags text[], moods demo.mood[]); \
         COMMENT ON TABLE parent IS 'a table'; COMMENT ON COLUMN parent.n IS 'a column'; \
         CREATE INDEX parent_g ON parent USING gist (g); CREATE UNIQUE INDEX parent_s ON parent (lower(s), n) WHERE n > 0; \
         CREATE TABLE child (id int4 REFERENCES parent (id) ON DELETE CASCADE, CHECK (id <> 3)); \
         CREATE VIEW v AS SELECT id FROM parent; ALTER TABLE child DROP COLUMN id; ALTER TABLE child ADD pid int4 REFERENCES parent; \
         CREATE TABLE parts (k int4) PARTITION BY LIST (k); CREATE TABLE part1 PARTITION OF parts FOR VALUES IN (1); \
         INSERT INTO parts SELECT 1 FROM generate_series(1, 50); ANALYZE parts; ANALYZE part1",
    );
    let pool = server.pool(&[]);
    let schema = pool.describe("Odd 'name").await.unwrap_or_else(|error| panic!("{error:?} {:?}", error.fields()));
    assert_eq!(schema.comment.as_deref(), Some("for tests"));
    assert!(schema.version.starts_with("15."));
    assert_eq!(schema.postgis.as_ref().map(|postgis| postgis.schema.as_str()), Some("public"));
    let kinds: Vec<_> = schema.relations.iter().map(|relation| (relation.name.as_str(), relation.kind)).collect();
    assert_eq!(kinds, [("child", 'r'), ("parent", 'r'), ("part1", 'r'), ("parts", 'p'), ("v", 'v')]);
    let parent = &schema.relations[1];
    assert_eq!((parent.owner.as_str(), parent.comment.as_deref()), ("postgres", Some("a table")));
    assert!(parent.rows.is_none() && parent.readable);
    let columns: Vec<_> =
        parent.columns.iter().map(|column| (column.name.as_str(), column.type_text.as_str())).collect();
    assert_eq!(
        columns,
        [
            ("id", "integer"),
            ("m", "demo.mood"),
            ("p", "\"Odd 'name\".pos"),
            ("q", "\"Odd 'name\".pair"),
            ("g", "public.geometry(Point,4326)"),
            ("n", "numeric(10,2)"),
            ("s", "character varying(5)"),
            ("twice", "numeric"),
            ("tags", "text[]"),
            ("moods", "demo.mood[]"),
        ]
    );
    assert_eq!(parent.columns[0].identity, Some('a'));
    assert_eq!(parent.columns[1].default.as_deref(), Some("'ok'::demo.mood"));
    assert_eq!((parent.columns[2].type_kind, parent.columns[6].collation.as_deref()), ('d', Some("C")));
    assert!(parent.columns[4].not_null && parent.columns[7].generated);
    assert_eq!(parent.columns[5].comment.as_deref(), Some("a column"));
    assert_eq!(parent.columns[9].element, Some(("mood".to_owned(), "demo".to_owned())));
    let key = parent.constraints.iter().find(|constraint| constraint.kind == 'p').expect("a primary key");
    assert_eq!((key.columns.as_slice(), key.definition.as_str()), (&[1i16][..], "PRIMARY KEY (id)"));
    let indexes: Vec<_> = parent
        .indexes
        .iter()
        .map(|index| (index.name.as_str(), index.method.as_str(), index.columns.clone()))
        .collect();
    assert_eq!(
        indexes,
        [("parent_g", "gist", vec![5]), ("parent_pkey", "btree", vec![1]), ("parent_s", "btree", vec![0, 6])]
    );
    assert!(parent.indexes[2].predicate.is_some());
    let child = &schema.relations[0];
    let reference = child.constraints.iter().find_map(|constraint| constraint.references.clone());
    assert_eq!(reference, Some(("Odd 'name".to_owned(), "parent".to_owned(), vec![1])));
    assert_eq!(child.columns[0].number, 2, "a dropped column leaves its number");
    assert!(schema.relations[4].view_definition.as_deref().is_some_and(|text| text.contains("\"Odd 'name\".parent")));
    assert_eq!(schema.relations[3].rows, Some(50.0));
    let types: Vec<_> = schema.types.iter().map(|ty| (ty.name.as_str(), ty.kind)).collect();
    for ty in [("mood", 'e'), ("pos", 'd'), ("pair", 'c'), ("geometry", 'b')] {
        assert!(types.contains(&ty), "{types:?}");
    }
    let find = |name: &str| schema.types.iter().find(|ty| ty.name == name).expect("listed");
    assert_eq!(find("mood").labels, ["sad", "ok"]);
    assert_eq!(find("pos").base, Some(("integer".to_owned(), 23, -1)));
    assert!(find("pos").not_null && find("pos").checks == ["CHECK ((VALUE > 0))"]);
    assert_eq!(find("pair").attributes[1].1, "public.geometry(Point,4326)");
    assert_eq!(find("geometry").extension.as_deref(), Some("postgis"));
    assert_eq!(pool.describe("none").await.expect_err("no schema").state(), SqlState::INVALID_SCHEMA_NAME);
    assert_eq!(pool.estimate("Odd 'name", "part1").await.expect("there"), Some((Some(50.0), 1)));
    assert_eq!(pool.estimate("Odd 'name", "none").await.expect("answers"), None);
    assert!(super::super::schema_names(&pool).await.expect("names").contains(&"demo".to_owned()));
    assert_eq!((pool.counters().in_use, pool.counters().open), (0, 1));
}
