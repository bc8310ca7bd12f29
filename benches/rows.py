#!/usr/bin/env python3
"""1 M rows over libpq, nothing decoded: PostgreSQL and Graticule in turns.
usage: rows.py 'POSTGRES CONNINFO' 'GRATICULE CONNINFO' SERVER_PID [ROUNDS]; prints rows/s (median of the rounds), their ratio, and the
server's peak memory. `--load` as the last argument first makes the table in PostgreSQL."""
import ctypes, ctypes.util, os, statistics, sys, time

LOAD = """
CREATE TABLE rows AS SELECT i AS id, i * 0.37::float8 AS value, 'name ' || i % 10007 AS name,
  ST_SetSRID(ST_MakePoint((i * 7919 % 360000) / 1000.0::float8 - 180, (i * 104729 % 180000) / 1000.0::float8 - 90), 4326)::geometry(Point, 4326) AS geom
FROM generate_series(1, 1000000::int8) i;
"""
QUERY = b"SELECT id, value, name, geom FROM rows"

pq = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
for name, result in {"PQconnectdb": ctypes.c_void_p, "PQexec": ctypes.c_void_p, "PQexecParams": ctypes.c_void_p, "PQgetvalue": ctypes.c_void_p,
                     "PQerrorMessage": ctypes.c_char_p, "PQresultErrorMessage": ctypes.c_char_p}.items():
    getattr(pq, name).restype = result
V = ctypes.c_void_p


def connect(conninfo):
    c = V(pq.PQconnectdb(conninfo.encode()))
    if pq.PQstatus(c) != 0:
        sys.exit(pq.PQerrorMessage(c).decode())
    return c


def run(c, sql, binary=False):
    r = V(pq.PQexecParams(c, sql, 0, None, None, None, None, 1) if binary else pq.PQexec(c, sql))
    if pq.PQresultStatus(r) not in (1, 2):
        sys.exit(pq.PQresultErrorMessage(r).decode())
    return r


def sample(r, count):
    rows = []
    for row in range(0, pq.PQntuples(r), max(1, pq.PQntuples(r) // count)):
        rows.append([ctypes.string_at(pq.PQgetvalue(r, row, col), pq.PQgetlength(r, row, col)) for col in range(pq.PQnfields(r))])
    return rows


def cpu(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    load = sys.argv[-1] == "--load"
    args = sys.argv[1:-1] if load else sys.argv[1:]
    sides = {"PostgreSQL": connect(args[0]), "Graticule": connect(args[1])}
    pid, rounds = int(args[2]), int(args[3]) if len(args) > 3 else 7
    if load:
        for sql in ("CREATE EXTENSION IF NOT EXISTS postgis", LOAD, "VACUUM (FREEZE, ANALYZE) rows"):
            pq.PQclear(run(sides["PostgreSQL"], sql.encode()))
    pids = {"PostgreSQL": pq.PQbackendPID(sides["PostgreSQL"]), "Graticule": pid}
    for form, binary in (("text", False), ("binary", True)):
        seen, times = {}, {name: [] for name in sides}
        work = {name: 0.0 for name in sides}
        for turn in range(rounds + 1):
            for name, c in sides.items():
                start, before = time.perf_counter(), cpu(pids[name])
                r = run(c, QUERY, binary)
                taken = time.perf_counter() - start
                if turn == 0:  # warms both up, and shows that both say the same
                    seen[name] = sample(r, 5000)
                    if pq.PQntuples(r) != 1_000_000:
                        sys.exit(f"{name}: {pq.PQntuples(r)} rows")
                else:
                    times[name].append(taken)
                    work[name] += (cpu(pids[name]) - before) / rounds
                pq.PQclear(r)
        if seen["PostgreSQL"] != seen["Graticule"]:
            sys.exit(f"different rows: {[(a, b) for a, b in zip(*seen.values()) if a != b][:1]}")
        speed = {name: 1_000_000 / statistics.median(all) for name, all in times.items()}
        best = {name: 1_000_000 / min(all) for name, all in times.items()}
        print(f"1 M rows, {form}: " + ", ".join(f"{name} {speed[name]:,.0f} rows/s (best {best[name]:,.0f})" for name in sides)
              + f", ratio {speed['Graticule'] / speed['PostgreSQL']:.2f} (best {best['Graticule'] / best['PostgreSQL']:.2f}); "
              + ", ".join(f"{name} {work[name]:.2f} s" for name in sides) + " of CPU each", flush=True)
    peak = next(line for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))
    print(f"1 M rows: peak memory of the server {int(peak.split()[1]) / 1024:.0f} MB")


main()
