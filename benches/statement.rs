//! What a statement costs before it runs: from text to the target's SQL, and a plan that is kept.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use graticule::bind::{BindContext, bind};
use graticule::catalog::{
    Acl, Catalog, Column, Constraint, ConstraintKind, Language, Relation, RelationKind, Server, Source, oids,
};
use graticule::dialect::Dialect;
use graticule::kernels::Formats;
use graticule::pipeline::{Database, Pipeline};
use graticule::session::{Executor, Login, Session, SessionContext, Settings, Startup};
use graticule::sql::{self, Command, Kind, Shapes, Statement};
use graticule::types::{GeometryTypmod, PgType};
use graticule::{policy, route};

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SERVER: u32 = 20_000;

/// Wrappers of targets that speak another dialect.
const FOREIGN: [&str; 4] = ["bigquery", "duckdb", "snowflake", "trino"];

/// As QGIS reads the features of a layer within the canvas.
const QGIS: &str = r#"DECLARE qgis_15 BINARY CURSOR FOR SELECT st_asbinary("geom",'NDR'),"id","name"::text,"pop"::text,"big","area"::text,"ratio"::text,"score"::text,"founded"::text,"seen"::text,"seen_local"::text,boolout("active")::text,"code"::text,"label"::text,array_out("tags")::text,"attrs"::text,"ext_id"::text,"blob"::text FROM "demo"."cities" WHERE "geom" && st_makeenvelope(-10,35,0,40,4326)"#;

/// Columns that every target has.
const QGIS_ANYWHERE: &str = r#"DECLARE qgis_3 BINARY CURSOR FOR SELECT st_asbinary("geom",'NDR'),"id","name"::text,"big","area","founded" FROM "demo"."cities" WHERE "geom" && st_makeenvelope(-10,35,0,40,4326)"#;

/// The same of a layer with few columns.
const QGIS_SMALL: &str = r#"DECLARE qgis_2 BINARY CURSOR FOR SELECT st_asbinary("geom",'NDR'),"id","name"::text FROM "demo"."cities" WHERE "geom" && st_makeenvelope(-10,35,0,40,4326)"#;

const TPCH_Q5: &str = "select n_name, sum(l_extendedprice * (1 - l_discount)) as revenue
from customer, orders, lineitem, supplier, nation, region
where c_custkey = o_custkey and l_orderkey = o_orderkey and l_suppkey = s_suppkey and c_nationkey = s_nationkey
  and s_nationkey = n_nationkey and n_regionkey = r_regionkey and r_name = 'ASIA'
  and o_orderdate >= date '1994-01-01' and o_orderdate < date '1994-01-01' + interval '1' year
group by n_name order by revenue desc";

type Columns = &'static [(&'static str, PgType, i32)];

const INT4: PgType = PgType::INT4;
const TEXT: PgType = PgType::TEXT;
const NUMERIC: PgType = PgType::NUMERIC;
const DATE: PgType = PgType::DATE;

const TPCH: [(&str, Columns); 6] = [
    ("customer", &[("c_custkey", INT4, -1), ("c_name", TEXT, -1), ("c_nationkey", INT4, -1)]),
    ("orders", &[("o_orderkey", INT4, -1), ("o_custkey", INT4, -1), ("o_orderdate", DATE, -1)]),
    (
        "lineitem",
        &[
            ("l_orderkey", INT4, -1),
            ("l_suppkey", INT4, -1),
            ("l_extendedprice", NUMERIC, 983_046),
            ("l_discount", NUMERIC, 983_046),
        ],
    ),
    ("supplier", &[("s_suppkey", INT4, -1), ("s_nationkey", INT4, -1)]),
    ("nation", &[("n_nationkey", INT4, -1), ("n_name", TEXT, -1), ("n_regionkey", INT4, -1)]),
    ("region", &[("r_regionkey", INT4, -1), ("r_name", TEXT, -1)]),
];

fn relation(oid: u32, schema: (&str, u32), name: &str, columns: Columns) -> Relation {
    let columns = columns.iter().zip(1..).map(|((name, ty, typmod), attnum)| Column {
        name: (*name).to_owned(),
        attnum,
        ty: *ty,
        typmod: *typmod,
        not_null: attnum == 1,
        default: None,
        identity: '\0',
        generated: '\0',
        collation: None,
        comment: None,
        acl: Acl::default(),
        remote_name: (*name).to_owned(),
    });
    Relation {
        oid,
        schema: Arc::from(schema.0),
        schema_oid: schema.1,
        name: name.to_owned(),
        kind: RelationKind::Table,
        columns: columns.collect(),
        source: Source::Remote { server: SERVER, schema: schema.0.to_owned(), name: name.to_owned() },
        constraints: vec![Constraint {
            oid: oid + 1,
            name: format!("{name}_pkey"),
            kind: ConstraintKind::PrimaryKey,
            columns: vec![1],
            definition: "PRIMARY KEY (id)".to_owned(),
            references: None,
            actions: [' '; 3],
            index: oid + 2,
            deferrable: false,
            deferred: false,
        }],
        indexes: Vec::new(),
        owner: oids::SUPERUSER,
        acl: Acl::default(),
        comment: None,
        rows: -1.0,
        pages: 0,
        view_definition: None,
        view_in_path: None,
        version: 1,
        row_type: oid + 3,
    }
}

/// `demo.cities` of the client traces and the tables of TPC-H on one server.
fn catalog(base: &Catalog) -> Catalog {
    let mut builder = base.edit();
    let server = Server {
        oid: SERVER,
        name: "pg".to_owned(),
        wrapper: "postgres".to_owned(),
        options: BTreeMap::new(),
        owner: oids::SUPERUSER,
        acl: Acl::default(),
        version: 1,
        comment: None,
        postgis_schema: Some("public".to_owned()),
        refused: Default::default(),
    };
    builder.catalog().servers.insert(SERVER, Arc::new(server));
    let mut demo = (*builder.catalog().schemas["public"]).clone();
    (demo.oid, demo.name) = (20_001, "demo".to_owned());
    builder.catalog().schemas.insert("demo".to_owned(), Arc::new(demo));
    let point = GeometryTypmod { srid: 4326, kind: 1, ..GeometryTypmod::default() }.pack();
    let mut cities = relation(
        21_000,
        ("demo", 20_001),
        "cities",
        &[
            ("id", PgType::INT4, -1),
            ("name", PgType::TEXT, -1),
            ("pop", PgType::INT4, -1),
            ("big", PgType::INT8, -1),
            ("area", PgType::FLOAT8, -1),
            ("ratio", PgType::FLOAT4, -1),
            ("score", PgType::NUMERIC, 786_438),
            ("founded", PgType::DATE, -1),
            ("seen", PgType::TIMESTAMPTZ, -1),
            ("seen_local", PgType::TIMESTAMP, -1),
            ("active", PgType::BOOL, -1),
            ("code", PgType::BPCHAR, 7),
            ("label", PgType::VARCHAR, 44),
            ("tags", PgType::TEXT_ARRAY, -1),
            ("attrs", PgType::JSONB, -1),
            ("ext_id", PgType::UUID, -1),
            ("blob", PgType::BYTEA, -1),
            ("geom", PgType::GEOMETRY, -1),
        ],
    );
    if let Some(geom) = cities.columns.last_mut() {
        geom.typmod = point;
    }
    for (wrapper, number) in FOREIGN.into_iter().zip(1..) {
        let mut server = (*builder.catalog().servers[&SERVER]).clone();
        (server.oid, server.name, server.wrapper) = (SERVER + number, wrapper.to_owned(), wrapper.to_owned());
        server.postgis_schema = None;
        builder.catalog().servers.insert(server.oid, Arc::new(server));
        let mut schema = (*builder.catalog().schemas["public"]).clone();
        (schema.oid, schema.name) = (30_000 + number, wrapper.to_owned());
        builder.catalog().schemas.insert(wrapper.to_owned(), Arc::new(schema));
        let mut there = cities.clone();
        (there.oid, there.row_type) = (31_000 + number * 10, 31_003 + number * 10);
        (there.schema, there.schema_oid) = (Arc::from(wrapper), 30_000 + number);
        there.source = Source::Remote { server: SERVER + number, schema: "demo".to_owned(), name: "cities".to_owned() };
        builder.put_relation(there);
    }
    builder.put_relation(cities);
    for ((name, columns), number) in TPCH.into_iter().zip(0..) {
        builder.put_relation(relation(22_000 + number * 10, ("public", oids::PUBLIC), name, columns));
    }
    builder.finish()
}

/// From the text to the SQL for the server, as the pipeline does it; its length.
fn print(catalog: &Catalog, statements: &[Statement]) -> usize {
    let mut statement = &statements[0];
    if let Kind::Command(Command::Declare { query, .. }) = &statement.kind {
        statement = query;
    }
    let Kind::Query(node) = &statement.kind else { panic!("a query") };
    let path = ["pg_catalog", "public"].map(str::to_owned);
    let formats = Formats::default();
    let context = BindContext { catalog, role: oids::SUPERUSER, search_path: &path, fold: true, formats: &formats };
    let bound = bind(&context, node, &statement.literals, &[]).expect("it binds");
    let secured = policy::secure(bound, catalog, oids::SUPERUSER).expect("a superuser may");
    let choice = route::choose(&secured, catalog, route::Options::default()).expect("a route");
    match choice.route {
        route::Route::Pushed { sql, .. } => sql.text().len(),
        route::Route::Federated { fragments, .. } => fragments.len(),
        route::Route::Constant | route::Route::Local => panic!("nothing is printed: {:?}", choice.why),
    }
}

#[cfg(feature = "engine")]
fn pipeline() -> Pipeline {
    let engine = graticule::engine::Engine::new(1 << 28, &std::env::temp_dir()).expect("an engine");
    Pipeline::new(Arc::new(engine))
}

#[cfg(not(feature = "engine"))]
fn pipeline() -> Pipeline {
    Pipeline::new()
}

/// Parses and plans; the plan of the last statement.
async fn plan(executor: &dyn Executor, session: &SessionContext, text: &str) -> usize {
    let mut transaction = executor.begin(session).await.expect("a transaction");
    let statements = executor.parse(session, text).expect("valid SQL");
    let mut statement: &Arc<Statement> = &statements[0];
    if let Kind::Command(Command::Declare { query, .. }) = &statement.kind {
        statement = query;
    }
    let plan = executor.prepare(session, transaction.as_mut(), statement, &[]).await.expect("a plan");
    plan.columns().len()
}

fn statements(criterion: &mut Criterion) {
    let database = Database::open("bench", Language::load().expect("the language"), None).expect("a database");
    let base = database.catalog();
    let catalog = catalog(&base);
    for (name, text) in [("qgis features", QGIS), ("qgis features, 3 columns", QGIS_SMALL), ("tpch q5", TPCH_Q5)] {
        criterion.bench_function(&format!("parse..print: {name}"), |bench| {
            bench.iter(|| print(&catalog, &sql::parse(black_box(text)).expect("valid SQL")));
        });
    }
    // Moving a map: the cursor's name and the coordinates are others each time.
    let shapes = Shapes::default();
    for (name, text) in [("qgis features", QGIS), ("qgis features, 3 columns", QGIS_SMALL)] {
        let mut number = 0_u32;
        criterion.bench_function(&format!("parse..print, same shape: {name}"), |bench| {
            bench.iter_batched(
                || {
                    number += 1;
                    let box_ = format!("(-{}.5,{},{},4{}.25,4326)", number % 170, number % 80, number % 7, number % 10);
                    text.replace("qgis_", &format!("qgis_{number}")).replace("(-10,35,0,40,4326)", &box_)
                },
                |text| print(&catalog, &shapes.parse(black_box(&text)).expect("valid SQL")),
                BatchSize::SmallInput,
            );
        });
    }
    let start = std::time::Instant::now();
    let dialects = Dialect::load_all().expect("they load").len();
    println!("loading all {dialects} dialects, once: {:?}", start.elapsed());
    for wrapper in FOREIGN {
        let text = QGIS_ANYWHERE.replace("\"demo\"", &format!("\"{wrapper}\""));
        criterion.bench_function(&format!("parse..print for {wrapper}: qgis features"), |bench| {
            bench.iter(|| print(&catalog, &sql::parse(black_box(&text)).expect("valid SQL")));
        });
    }
    for (name, text) in [("qgis features", QGIS), ("tpch q5", TPCH_Q5)] {
        criterion.bench_function(&format!("parse alone: {name}"), |bench| {
            bench.iter(|| sql::parse(black_box(text)).expect("valid SQL").len());
        });
    }
    database.publish(&base, catalog).expect("published");
    let pipeline = pipeline();
    pipeline.add_database("bench", database);
    let executor: Arc<dyn Executor> = Arc::new(pipeline);
    let startup = Startup {
        pid: 1,
        user: "postgres".to_owned(),
        database: "bench".to_owned(),
        peer: None,
        settings: Settings::default(),
    };
    let session = Session::new(Arc::clone(&executor), startup, &Login { superuser: true, settings: Vec::new() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (name, text) in [("select 1", "select 1"), ("qgis features", QGIS), ("tpch q5", TPCH_Q5)] {
        criterion.bench_function(&format!("kept plan: {name}"), |bench| {
            bench.iter(|| runtime.block_on(plan(executor.as_ref(), &session.context, black_box(text))));
        });
    }
}

criterion_group!(benches, statements);
criterion_main!(benches);
