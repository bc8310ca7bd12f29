#!/usr/bin/env python3
"""Runs the pairs of a dialect's goldens on PostgreSQL with PostGIS and on the real engine, and compares every value.

usage: PGHOST=... PGPORT=... verify.py duckdb [-v] [file.golden ...]   (needs psycopg2, duckdb and duckdb-extension-spatial)
       BIGQUERY=http://127.0.0.1:9050 verify.py bigquery ...           (an emulator with project `test` and dataset `public`)
       PGHOST=... PGPORT=... TRINO=http://127.0.0.1:8080 verify.py trino [-v] [file.golden ...]   (needs psycopg2, and a catalog `memory` there)

A golden holds `> statement` (PostgreSQL's) and the line that we print for the target. Both engines get the same value tables
(`v_<type>(id, g, v)`), in a schema that only this program makes. Rows are compared one by one; where a whole statement fails on either side,
it runs again for each combination of rows, and failing on both sides counts as equal. Exit status 1: something differed.
"""
import base64, datetime, decimal, glob, itertools, json, math, os, re, struct, sys, urllib.error, urllib.request, uuid

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def values():
    """The rows of the value tables by type, as `values.tsv` has them."""
    made = {"bool": lambda text: text == "true", "bytea": lambda text: bytes.fromhex(text[2:])}
    made |= dict.fromkeys(("int2", "int4", "int8"), int) | dict.fromkeys(("float4", "float8"), float)
    found = {}
    with open(os.path.join(ROOT, "compat", "dialects", "values.tsv"), encoding="utf-8") as file:
        for line in list(file)[1:]:
            name, text = line.rstrip("\n").split("\t")
            found.setdefault(name, []).append(made.get(name, str)(text))
    return found


VALUES = values()
PG_TYPES = {"numeric": "numeric(10,2)", "geometry": "geometry(Geometry,4326)", "point": "geometry(Point,4326)",
            "line": "geometry(LineString,4326)", "polygon": "geometry(Polygon,4326)"}


def spatial(kind):
    return kind in ("geometry", "point", "line", "polygon")


class Postgres:
    def __init__(self, stored=lambda wkt: None):
        """`stored`: the WKB that the other engine keeps for a text, where it keeps another geometry than PostGIS."""
        import psycopg2
        self.connection = psycopg2.connect(host=os.environ.get("PGHOST", "127.0.0.1"), port=os.environ.get("PGPORT", "5432"),
                                           user=os.environ.get("PGUSER", "postgres"), dbname=os.environ.get("PGDATABASE", "postgres"))
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET TimeZone = 'UTC'; SET extra_float_digits = 1")
        self.cursor.execute("SELECT oid FROM pg_type WHERE typname = 'geometry'")
        self.geometry = self.cursor.fetchone()[0]
        # Dates as text: Python's know neither BC nor the year 10000.
        text = psycopg2.extensions.new_type((1082, 1114, 1184), "text", lambda value, _: value)
        psycopg2.extensions.register_type(text, self.connection)
        for name, values in VALUES.items():
            self.cursor.execute(f"CREATE TEMP TABLE v_{name}(id int4, g int4, v {PG_TYPES.get(name, name)} "
                                + ('COLLATE "C.utf8")' if name in ("text", "varchar") else ")"))
            for n, value in enumerate([None] + values):
                if spatial(name):
                    wkb = stored(value)
                    made = "ST_GeomFromWKB(%s, 4326)" if wkb else "ST_GeomFromText(%s, 4326)"
                    self.cursor.execute(f"INSERT INTO v_{name} VALUES (%s, %s, {made})", (n, n % 3, wkb or value))
                else:
                    value = repr(value) if isinstance(value, float) else value
                    self.cursor.execute(f"INSERT INTO v_{name} VALUES (%s, %s, %s)", (n, n % 3, value))
            self.cursor.execute(f"INSERT INTO v_{name} VALUES (%s, 9, NULL)", (len(values) + 1,))

    def run(self, sql):
        self.cursor.execute(sql.replace("%", "%%") if False else sql)
        kinds = [column.type_code for column in self.cursor.description]
        rows = self.cursor.fetchall()
        return [tuple(self.value(v, kind) for v, kind in zip(row, kinds)) for row in rows]

    def value(self, v, kind):
        if v is None:
            return None
        if kind == self.geometry:
            return ("g", v)
        if kind in (1082, 1114, 1184):
            return ("t", v)
        if kind == 700:
            return ("f4", struct.unpack("f", struct.pack("f", v))[0])
        return canonical(v)


class Trino:
    """Over the client protocol. Its geometries are made by the engine, which turns rings: PostgreSQL gets what it keeps."""
    slow = True

    def __init__(self):
        self.url = os.environ.get("TRINO", "http://127.0.0.1:8080")
        types = {"int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT", "float4": "REAL", "float8": "DOUBLE", "bool": "BOOLEAN",
                 "numeric": "DECIMAL(10,2)", "text": "VARCHAR", "varchar": "VARCHAR", "jsonb": "JSON", "bytea": "VARBINARY", "timestamp": "TIMESTAMP(6)",
                 "timestamptz": "TIMESTAMP(6) WITH TIME ZONE"}
        self.run("CREATE SCHEMA IF NOT EXISTS memory.public")
        for name, values in VALUES.items():
            ty = "Geometry" if spatial(name) else types.get(name, name)
            rows = [(n, n % 3, value) for n, value in enumerate([None] + values)] + [(len(values) + 1, 9, None)]
            self.run(f"DROP TABLE IF EXISTS memory.public.v_{name}")
            self.run(f"CREATE TABLE memory.public.v_{name}(id INTEGER, g INTEGER, v {ty})")
            written = ", ".join(f"({n}, {g}, {self.literal(name, ty, value)})" for n, g, value in rows)
            self.run(f"INSERT INTO memory.public.v_{name} VALUES {written}")

    def literal(self, name, ty, value):
        text = "'" + str(value).replace("'", "''") + "'"
        if value is None:
            return "NULL"
        if spatial(name):
            return f"ST_GeometryFromText({text})"
        if isinstance(value, bytes):
            return f"X'{value.hex()}'"
        if name in ("float4", "float8"):
            text = "NaN" if value != value else ("-" if value < 0 else "") + "Infinity" if math.isinf(value) else repr(value)
            return f"CAST('{text}' AS {ty})"
        if name == "timestamptz":
            text += " || ':00'"
        if name == "jsonb":
            return f"JSON {text}"
        return f"CAST({text} AS {ty})"

    def stored(self, wkt):
        return None if wkt is None else bytes.fromhex(self.run(f"SELECT ST_AsBinary(ST_GeometryFromText('{wkt}'))")[0][0][1])

    def run(self, sql):
        headers = {"X-Trino-User": "verify", "X-Trino-Catalog": "memory", "X-Trino-Schema": "public", "X-Trino-Time-Zone": "UTC",
                   "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}
        request = urllib.request.Request(self.url + "/v1/statement", data=sql.encode(), headers=headers)
        rows, columns = [], []
        while True:
            page = json.load(urllib.request.urlopen(request))
            if "error" in page:
                raise RuntimeError(page["error"]["errorName"] + ": " + page["error"]["message"])
            columns = page.get("columns") or columns
            rows += page.get("data") or []
            if "nextUri" not in page:
                break
            request = urllib.request.Request(page["nextUri"], headers=headers)
        return [tuple(self.value(v, column["type"]) for v, column in zip(row, columns)) for row in rows]

    def value(self, v, kind):
        if v is None or kind == "boolean" or kind in ("smallint", "integer", "bigint", "tinyint"):
            return canonical(v)
        if kind in ("double", "real"):
            v = float(v)
            return ("f4", struct.unpack("f", struct.pack("f", v))[0]) if kind == "real" else ("f", v)
        if kind.startswith("decimal"):
            return ("n", v)
        if kind == "varbinary":
            return ("x", base64.b64decode(v).hex())
        if kind.startswith(("timestamp", "date")):
            zone = "+00" if kind.endswith("zone") else ""
            v = v.removesuffix(" UTC").removeprefix("+")
            if v.startswith("-") or v.startswith("0000-"):
                year, rest = v.removeprefix("-").split("-", 1)
                rest = rest.rstrip("0").rstrip(".") if "." in rest else rest
                return ("t", f"{int(year) + 1:04}-{rest} BC")
            return ("t", (v.rstrip("0").rstrip(".") if "." in v else v) + zone)
        return ("s", str(v))


class Duckdb:
    def __init__(self):
        import duckdb, duckdb_extension_spatial
        folder = os.path.dirname(duckdb_extension_spatial.__file__)
        self.connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
        self.connection.execute("LOAD '%s'" % glob.glob(folder + "/extensions/*/spatial.duckdb_extension")[0])
        self.connection.execute("SET geometry_always_xy = true; SET TimeZone = 'UTC'")
        types = {"int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT", "float4": "REAL", "float8": "DOUBLE", "bool": "BOOLEAN",
                 "numeric": "DECIMAL(10,2)", "text": "VARCHAR", "varchar": "VARCHAR", "jsonb": "JSON", "bytea": "BLOB", "timestamptz": "TIMESTAMPTZ"}
        self.connection.execute("CREATE SCHEMA IF NOT EXISTS public; SET search_path = 'public'")
        for name, values in VALUES.items():
            ty = "GEOMETRY('EPSG:4326')" if spatial(name) else types.get(name, name)
            self.connection.execute(f"CREATE TABLE public.v_{name}(id INTEGER, g INTEGER, v {ty})")
            for n, value in enumerate([None] + values):
                if spatial(name):
                    self.connection.execute(
                        f"INSERT INTO public.v_{name} SELECT ?, ?, ST_SetCRS(ST_GeomFromText(?), 'EPSG:4326')", [n, n % 3, value])
                else:
                    self.connection.execute(f"INSERT INTO public.v_{name} VALUES (?, ?, ?)", [n, n % 3, value])
            self.connection.execute(f"INSERT INTO public.v_{name} VALUES (?, 9, NULL)", [len(values) + 1])

    def run(self, sql):
        result = self.connection.execute(sql)
        kinds = [str(column[1]) for column in result.description]
        return [tuple(canonical(v, kind) for v, kind in zip(row, kinds)) for row in result.fetchall()]


class Bigquery:
    """Over REST. What the emulator stores of a geography is what PostGIS gets: storing normalises."""

    TYPES = {"int2": "INT64", "int4": "INT64", "int8": "INT64", "float8": "FLOAT64", "numeric": "NUMERIC", "text": "STRING", "varchar": "STRING",
             "bytea": "BYTES", "timestamp": "DATETIME", "timestamptz": "TIMESTAMP", "bool": "BOOL", "date": "DATE"}

    def __init__(self):
        self.base = os.environ.get("BIGQUERY", "http://127.0.0.1:9050") + "/bigquery/v2/projects/test/queries"
        for name, values in VALUES.items():
            if not spatial(name) and name not in self.TYPES:
                continue
            rows = [f"SELECT {n} AS id, {n % 3} AS g, {self.literal(name, value)} AS v" for n, value in enumerate([None] + values)]
            self.run(f"DROP VIEW IF EXISTS public.v_{name}")
            self.run(f"CREATE VIEW public.v_{name} AS {' UNION ALL '.join(rows)} UNION ALL SELECT {len(values) + 1}, 9, NULL")

    def literal(self, name, value):
        # What the emulator cannot store is NULL: collections have no WKB there.
        lost = spatial(name) and value is not None and (value.startswith("GEOMETRYCOLLECTION(") or name in ("point", "line", "polygon") and "EMPTY" in value)
        if value is None or lost:
            return f"CAST(NULL AS {self.TYPES.get(name, 'GEOGRAPHY')})"
        if spatial(name):
            # There is one EMPTY, and the emulator knows it by this name.
            return f"ST_GEOGFROMTEXT('{'POLYGON EMPTY' if value.endswith('EMPTY') else value}')"
        ty = self.TYPES[name]
        if ty == "BYTES":
            return f"FROM_HEX('{value.hex()}')"
        if ty == "STRING":
            return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
        if isinstance(value, float):
            # The emulator writes no infinity as a constant.
            return f"CAST('{value!r}' AS {ty})" if math.isfinite(value) else f"IEEE_DIVIDE({0 if math.isnan(value) else math.copysign(1, value)}, 0)"
        return f"CAST('{value}' AS {ty})"

    def geographies(self, oracle):
        """PostgreSQL's values become those that are stored here."""
        for name in filter(spatial, VALUES):
            for n, wkb in self.run(f"SELECT id, ST_ASBINARY(v) FROM public.v_{name}"):
                value = None if wkb is None else wkb[1]
                oracle.cursor.execute(f"UPDATE v_{name} SET v = ST_GeomFromWKB(decode(%s, 'hex'), 4326) WHERE id = %s", (value, n[1]))
        # Its NaN is NULL.
        for (n,) in self.run("SELECT id FROM public.v_float8 WHERE v IS NULL"):
            oracle.cursor.execute("UPDATE v_float8 SET v = NULL WHERE id = %s", (n[1],))

    def run(self, sql):
        body = json.dumps({"query": sql, "useLegacySql": False, "defaultDataset": {"datasetId": "public"}})
        request = urllib.request.Request(self.base, body.encode(), {"content-type": "application/json"})
        try:
            answer = json.load(urllib.request.urlopen(request))
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["error"]["message"]) from None
        kinds = [field["type"] for field in answer.get("schema", {}).get("fields", [])]
        return [tuple(self.value(cell["v"], kind) for cell, kind in zip(row["f"], kinds)) for row in answer.get("rows", [])]

    def value(self, v, kind):
        if v is None:
            return None
        if kind == "INTEGER":
            return ("i", int(v))
        if kind == "BOOLEAN":
            return ("b", v == "true")
        if kind == "FLOAT":
            return ("f", float(v))
        if kind in ("NUMERIC", "BIGNUMERIC"):
            return ("n", v)
        if kind == "BYTES":
            text = base64.b64decode(v).hex()
            # BigQuery has one EMPTY, and writes it as a collection.
            return ("x", "010700000000000000" if text == "010300000000000000" else text)
        if kind in ("DATE", "DATETIME"):
            text = v.replace("T", " ")
            return ("t", text.rstrip("0") if "." in text else text)
        return ("s", v)


def canonical(v, kind=""):
    if v is None:
        return None
    if isinstance(v, bool):
        return ("b", v)
    if isinstance(v, int):
        return ("i", v)
    if isinstance(v, float):
        return ("f4" if kind in ("FLOAT", "REAL") else "f", v)
    if isinstance(v, decimal.Decimal):
        return ("n", str(v) if v == v else "NaN")
    if isinstance(v, (bytes, bytearray, memoryview)):
        return ("x", bytes(v).hex())
    if isinstance(v, datetime.datetime):
        zone = "+00" if v.tzinfo else ""
        text = (v.astimezone(datetime.timezone.utc) if v.tzinfo else v).replace(tzinfo=None).isoformat(sep=" ")
        return ("t", (text.rstrip("0") if "." in text else text) + zone)
    if isinstance(v, datetime.date):
        return ("t", v.isoformat())
    if kind.startswith(("DATE", "TIMESTAMP")):
        return ("t", v.replace(" (BC)", "") + " BC" if "(BC)" in v else v)
    if isinstance(v, uuid.UUID):
        return ("s", str(v))
    return ("s", str(v))


def same(pg, other, oracle, loose):
    """'same', 'float' (within 1e-9), 'topological', or None."""
    if pg is None or other is None:
        return "same" if pg is other else None
    if pg[0] == "g":
        return same_geometry(pg[1], other, oracle)
    if pg[0] == "n" and other[0] == "n":
        # BigQuery keeps no zeros after the point: a column's type gives them back.
        return "same" if decimal.Decimal(pg[1]) == decimal.Decimal(other[1]) else None
    if pg[0] == "t" and other[0] == "i":
        moment = datetime.datetime.fromisoformat(pg[1]) - datetime.datetime.fromisoformat("1970-01-01 00:00:00+00:00")
        return "same" if moment == datetime.timedelta(microseconds=other[1]) else None
    if pg[0] in ("f", "f4") and other[0] in ("f", "f4"):
        if pg[0] != other[0]:
            return None
        a, b = pg[1], other[1]
        if math.isnan(a) or math.isnan(b):
            return "same" if math.isnan(a) and math.isnan(b) else None
        if a == b:
            return "same" if math.copysign(1, a) == math.copysign(1, b) else "float"
        if math.isinf(a) or math.isinf(b):
            return None
        return "float" if abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-300) or abs(a - b) < 1e-12 else None
    return "same" if pg == other else None


def same_geometry(hexewkb, other, oracle):
    if other[0] != "x":
        return None
    geometry = "ST_GeomFromWKB(decode(%s, 'hex'))"
    oracle.cursor.execute(f"SELECT encode(ST_AsBinary(%s::geometry), 'hex') = encode(ST_AsBinary({geometry}), 'hex')", (hexewkb, other[1]))
    if oracle.cursor.fetchone()[0]:
        return "same"
    normal = "ST_AsBinary(ST_Normalize(ST_ReducePrecision(ST_SetSRID({}, 0), 1e-9)))"
    try:
        oracle.cursor.execute(f"SELECT {normal.format('%s::geometry')} = {normal.format(geometry)}", (hexewkb, other[1]))
        return "topological" if oracle.cursor.fetchone()[0] else None
    except Exception:  # noqa: BLE001: GEOS refuses what has NaN
        return None


def pairs(path):
    statement = None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith(">"):
            statement = line[2:] if line.startswith("> ") else line[1:]
        elif statement is not None:
            yield statement, line
            statement = None


def attempt(engine, sql):
    try:
        return engine.run(sql), None
    except Exception as error:  # noqa: BLE001: every failure of an engine is an answer
        return None, str(error).split("\n")[0]


def aliases(sql):
    return re.findall(r"\bv_(\w+) (a\d)\b", sql)


def narrowed(sql, aggregated, chosen):
    conditions = " AND ".join(f"{alias}.{'g' if aggregated else 'id'} = {n}" for alias, n in chosen)
    at = re.search(r" GROUP BY | ORDER BY ", sql)
    at = at.start() if at else len(sql)
    return f"{sql[:at]} WHERE {conditions}{sql[at:]}"


def compare(statement, printed, oracle, engine):
    """Yields (verdict, detail) of each row."""
    used = aliases(statement)
    aggregated = " GROUP BY " in statement
    want, want_error = attempt(oracle, statement)
    got, got_error = attempt(engine, printed)
    key = lambda row: tuple((v is None, repr(v)) for v in (row[:-1] if used else row))
    if want is not None and got is not None:
        if used or " ORDER BY " not in statement:
            want, got = sorted(want, key=key), sorted(got, key=key)
        if len(want) != len(got):
            yield None, f"{len(want)} rows, not {len(got)}"
            return
        for a, b in zip(want, got):
            verdicts = [same(x, y, oracle, False) for x, y in zip(a, b)]
            worst = None if None in verdicts else max(verdicts, key=["same", "float", "topological"].index)
            yield worst, f"{a} is {b}"
        return
    if not used:
        yield ("same" if want is None and got is None else None), f"{want if want is not None else want_error} is {got if got is not None else got_error}"
        return
    wrong = ("Binder Error", "Parser Error", "Catalog Error", "failed to analyze", "failed to parse", "SYNTAX_ERROR", "TYPE_MISMATCH",
             "FUNCTION_NOT_FOUND", "INTERNAL_ERROR")
    if got is None and any(word in got_error for word in wrong):
        yield None, got_error
        return
    if getattr(engine, "slow", False):
        yield from in_two(statement, printed, aggregated, oracle, engine)
        return
    ranges = [[(alias, n) for n in ((0, 1, 2, 9) if aggregated else range(len(VALUES[kind]) + 1))] for kind, alias in used]
    for chosen in itertools.islice(itertools.product(*ranges), int(os.environ.get("COMBINATIONS", "3000"))):
        want, want_error = attempt(oracle, narrowed(statement, aggregated, chosen))
        got, got_error = attempt(engine, narrowed(printed, aggregated, chosen))
        at = " ".join(f"{alias}={VALUES[kind][n - 1] if 0 < n <= len(VALUES[kind]) and not aggregated else n}" for (kind, _), (alias, n) in zip(used, chosen))
        if want is None or got is None:
            yield ("same" if want is None and got is None else None), f"{at}: {want if want is not None else want_error} is {got if got is not None else got_error}"
            continue
        for a, b in zip(want, got):
            verdicts = [same(x, y, oracle, False) for x, y in zip(a, b)]
            yield (None if None in verdicts else max(verdicts, key=["same", "float", "topological"].index)), f"{at}: {a} is {b}"


def in_two(statement, printed, aggregated, oracle, engine):
    """For an engine that takes long for each statement: what PostgreSQL answers in one, and a sample of what it refuses."""
    used = aliases(statement)
    ranges = [[(alias, n) for n in ((0, 1, 2, 9) if aggregated else range(len(VALUES[kind]) + 1))] for kind, alias in used]
    good, bad, want = [], [], []
    for chosen in itertools.islice(itertools.product(*ranges), 3000):
        rows, error = attempt(oracle, narrowed(statement, aggregated, chosen))
        (bad if rows is None else good).append((chosen, error))
        want += rows or []
    one = lambda chosen: "(" + " AND ".join(f"{alias}.{'g' if aggregated else 'id'} = {n}" for alias, n in chosen) + ")"
    at = re.search(r" GROUP BY | ORDER BY ", printed)
    at = at.start() if at else len(printed)
    batches = [good[n:n + 150] for n in range(0, len(good), 150)]
    got = []
    for batch in batches:
        rows, error = attempt(engine, f"{printed[:at]} WHERE {' OR '.join(one(chosen) for chosen, _ in batch)}{printed[at:]}")
        if rows is None:
            for chosen, _ in batch:
                rows, error = attempt(engine, narrowed(printed, aggregated, chosen))
                if rows is None and "graticule 0A000" in error:
                    # Said aloud: no row is wrong.
                    yield "refused", error
                    refused = [row[:-1] for row in attempt(oracle, narrowed(statement, aggregated, chosen))[0]]
                    want = [row for row in want if row[:-1] not in refused]
                    rows = []
                elif rows is None:
                    yield None, f"{chosen}: {error}"
                    return
                got += rows
            continue
        got += rows
    key = lambda row: tuple((v is None, repr(v)) for v in row[:-1])
    want, got = sorted(want, key=key), sorted(got, key=key)
    if len(want) != len(got):
        yield None, f"{len(want)} rows, not {len(got)}"
    for a, b in zip(want, got):
        verdicts = [same(x, y, oracle, False) for x, y in zip(a, b)]
        yield (None if None in verdicts else max(verdicts, key=["same", "float", "topological"].index)), f"{a} is {b}"
    for chosen, error in bad[:: max(1, len(bad) // 12)]:
        rows, _ = attempt(engine, narrowed(printed, aggregated, chosen))
        yield ("same" if rows is None else None), f"{chosen}: {error} is {rows}"


def superset(statement, printed, oracle, engine):
    """The target must give every row that PostgreSQL gives; where PostgreSQL raises for a combination, the target must give it."""
    got, error = attempt(engine, printed)
    if got is None:
        yield None, error
        return
    want, error = attempt(oracle, statement)
    if want is None:
        yield None, error
        return
    missing = set(want) - set(got)
    yield (None if missing else "same"), f"{len(got)} rows for {len(want)}; missing {sorted(missing)[:5]}"


def main():
    args = [arg for arg in sys.argv[1:] if not arg.startswith("-")]
    verbose = "-v" in sys.argv
    target, files = args[0], args[1:]
    engine = {"bigquery": Bigquery, "duckdb": Duckdb, "trino": Trino}[target]()
    oracle = Postgres(getattr(engine, "stored", lambda wkt: None))
    if hasattr(engine, "geographies"):
        engine.geographies(oracle)
    # Families that PostGIS does not have are compared with the engine's own kernels, which the reference libraries' answers test.
    cells = tuple(f"{family}.golden" for family in ("geohash", "h3", "quadbin", "s2"))
    files = files or sorted(path for path in glob.glob(os.path.join(ROOT, "dialects", target, "*.golden")) if not path.endswith(cells))
    bad = total = skipped = 0
    for path in files:
        for statement, printed in pairs(path):
            if not printed.startswith(("SELECT", "WITH", "(", "VALUES")):
                skipped += 1
                continue
            total += 1
            counts, first = {}, None
            rows = superset if statement.startswith("= ") else compare
            for verdict, detail in rows(statement.removeprefix("= "), printed, oracle, engine):
                counts[verdict] = counts.get(verdict, 0) + 1
                if verdict is None and (first is None or verbose):
                    first = detail if not verbose or first is None else first + "\n      " + detail
            if None in counts:
                bad += 1
                print(f"DIFF {statement}\n  {printed[:300]}\n  {counts[None]} of {sum(counts.values())}: {first}"[: 100000 if verbose else 900])
            elif set(counts) - {"same"}:
                print(f"near {statement}: {counts}")
    print(f"{total} statements, {total - bad} equal, {bad} differ, {skipped} refused")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
