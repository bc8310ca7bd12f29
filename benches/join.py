"""Spatial join and nearest neighbours on the sample data: Graticule over libpq and SedonaDB in this process, in turns, in one run.

usage: join.py GRATICULE-BINARY   (JOIN_ROUNDS=40: runs of each)
Prints the median of each side and the ratio; rows are compared first.
"""

import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

warnings.simplefilter("ignore")
try:
    import psycopg
    import sedonadb
except ImportError as missing:
    print(f"NOT RUN: joins against SedonaDB: {missing} (pip install sedonadb geoarrow-pyarrow pandas psycopg[binary]; PYTHON=... names the interpreter)")
    sys.exit(0)

ROUNDS = int(os.environ.get("JOIN_ROUNDS", "40"))
SAMPLE = pathlib.Path(__file__).resolve().parent.parent / "src" / "demo" / "sample"
# name, limit of the ratio, Graticule's statement, SedonaDB's
CASES = [
    (
        "join, grouped",
        1.3,
        "select c.name, count(*) from sample.counties c join sample.airports a on st_contains(c.geom, a.geom) group by 1 order by 2 desc, 1 limit 10",
        "select c.name, count(*) from counties c join airports a on st_contains(c.geom, a.geom) group by 1 order by 2 desc, 1 limit 10",
    ),
    (
        "join, count",
        1.3,
        "select count(*) from sample.counties c join sample.airports a on st_contains(c.geom, a.geom)",
        "select count(*) from counties c join airports a on st_contains(c.geom, a.geom)",
    ),
    (
        "nearest city of each airport",
        1.5,
        "select a.iata, c.name from sample.airports a cross join lateral (select name from sample.cities c order by a.geom <-> c.geom limit 1) c",
        "select a.iata, c.name from airports a join cities c on st_knn(a.geom, c.geom, 1)",
    ),
    (
        "3 nearest airports of each city",
        1.5,
        "select c.name, a.iata from sample.cities c cross join lateral (select iata from sample.airports a order by a.geom <-> c.geom limit 3) a",
        "select c.name, a.iata from cities c join airports a on st_knn(c.geom, a.geom, 3)",
    ),
]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def main():
    folder = tempfile.TemporaryDirectory()
    port = free_port()
    setup = pathlib.Path(folder.name) / "setup.sql"
    setup.write_text(
        f"CREATE SERVER sample FOREIGN DATA WRAPPER geoparquet OPTIONS (path '{SAMPLE}');\nCREATE SCHEMA sample;\n"
        + "".join(
            f"CREATE FOREIGN TABLE sample.{table} () SERVER sample OPTIONS (path '{table}.parquet', primary_key 'gid');\n"
            for table in ["airports", "cities", "counties"]
        )
    )
    server = subprocess.Popen(
        [sys.argv[1], "serve", "--database", "bench", "--init", str(setup), "--data-dir", folder.name,
         "--listen", f"127.0.0.1:{port}", "--no-http"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        target = f"host=127.0.0.1 port={port} user=postgres dbname=bench".encode()
        for _ in range(200):
            ours = psycopg.pq.PGconn.connect(target)
            if ours.status == psycopg.pq.ConnStatus.OK:
                break
            time.sleep(0.05)
        theirs = sedonadb.connect()
        for table in ["airports", "cities", "counties"]:
            theirs.read_parquet(str(SAMPLE / f"{table}.parquet")).to_view(table)

        def run_ours(sql):
            result = ours.exec_(sql.encode())
            if result.status != psycopg.pq.ExecStatus.TUPLES_OK:
                raise RuntimeError(result.error_message.decode())
            return result

        def timed(run):
            start = time.perf_counter()
            run()
            return time.perf_counter() - start

        failed = False
        for name, most, sql, sedona in CASES:
            result = run_ours(sql)
            columns = range(result.nfields)
            found = sorted(tuple(result.get_value(row, n).decode() for n in columns) for row in range(result.ntuples))
            table = theirs.sql(sedona).to_arrow_table()
            expected = sorted(tuple(str(value) for value in row.values()) for row in table.to_pylist())
            apart = len(set(found) ^ set(expected))
            times = {"ours": [], "theirs": []}
            for _ in range(ROUNDS):
                times["ours"].append(timed(lambda: run_ours(sql)))
                times["theirs"].append(timed(lambda: theirs.sql(sedona).to_arrow_table()))
            warm = {side: sorted(values[ROUNDS // 5:]) for side, values in times.items()}
            middle = {side: statistics.median(values) * 1000 for side, values in warm.items()}
            ratio = middle["ours"] / middle["theirs"]
            failed |= ratio > most
            print(
                f"{name}: {len(found)} rows ({apart} not in both); Graticule median {middle['ours']:.1f} ms (best {warm['ours'][0] * 1000:.1f}), "
                f"SedonaDB {middle['theirs']:.1f} ms (best {warm['theirs'][0] * 1000:.1f}), ratio {ratio:.2f} (wanted at most {most})"
            )
        print("SLOWER THAN WANTED" if failed else "all within their ratios")
    finally:
        server.terminate()
        server.wait()


main()
