#!/usr/bin/env bash
# All sides in one run, in turns. Prints ratios, which count; absolute times are the machine's.
#   1. Statement overhead: pgbench straight to PostgreSQL, through PgBouncer (session pooling) and through Graticule.
#   2. 1 M rows over libpq, PostgreSQL and Graticule, and Graticule's memory.
#   3. From text to the target's SQL, kept plans, row encoding (criterion).
#   4. Spatial join and nearest neighbours over libpq against SedonaDB in Python (PYTHON=path names the interpreter that has it).
# GRATICULE=path takes a binary that is built already, ROWS=path a GeoParquet file of the rows; ROUNDS=7 and SECONDS_EACH=2 the number
# and length of the rounds; ONLY="statements rows criterion joins" what to run.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=/usr/lib/postgresql/15/bin
TARGET=${CARGO_TARGET_DIR:-target}
ONLY=${ONLY:-statements rows criterion joins}
ROUNDS=${ROUNDS:-7}
if [ -z "${GRATICULE:-}" ]; then
  cargo build --locked --profile quick
  GRATICULE=$TARGET/quick/graticule
fi
W=$(mktemp -d)
chmod 755 "$W"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
PG=$(free_port)
OURS=$(free_port)
BOUNCER=$(free_port)
as_postgres() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
mkdir "$W/pg" "$W/bouncer"
[ "$(id -u)" != 0 ] || chown postgres "$W/pg" "$W/bouncer"
as_postgres $BIN/initdb -U postgres -A trust --locale=C.UTF-8 -D "$W/pg" >/dev/null
as_postgres $BIN/postgres -D "$W/pg" -p "$PG" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$W/pg" -c fsync=off -c shared_buffers=512MB >/dev/null 2>&1 &
PG_PID=$!
trap 'kill -INT $PG_PID ${OUR_PID:-} ${BOUNCER_PID:-} 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$W"' EXIT
await() { for _ in $(seq 100); do $BIN/pg_isready -q -h 127.0.0.1 -p "$1" && return; sleep 0.1; done; echo "nothing answers on port $1" >&2; exit 1; }
await "$PG"
has() { [[ " $ONLY " == *" $1 "* ]]; }

FILES=""
if has rows; then
  if [ -n "${ROWS:-}" ]; then
    cp "$ROWS" "$W/rows.parquet"
  else
    cargo bench --locked --profile quick --bench rows -- --write "$W/rows.parquet" >/dev/null
  fi
  FILES="CREATE SERVER files FOREIGN DATA WRAPPER geoparquet OPTIONS (path '$W');
CREATE SCHEMA files; CREATE FOREIGN TABLE files.rows () SERVER files OPTIONS (path 'rows.parquet');"
fi
if has statements; then
  $BIN/pgbench -q -i -s 1 -h 127.0.0.1 -p "$PG" -U postgres postgres >/dev/null 2>&1
fi
cat >"$W/setup.sql" <<SQL
CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '$PG', dbname 'postgres');
CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');
SELECT graticule.attach('pg', 'public', 'public');
$FILES
SQL
"$GRATICULE" serve --database postgres --init "$W/setup.sql" --listen "127.0.0.1:$OURS" --no-http >"$W/graticule.log" 2>&1 &
OUR_PID=$!
await "$OURS"

# The rows first: the peak of the server's memory is theirs.
if has rows; then
  python3 benches/rows.py "host=127.0.0.1 port=$PG user=postgres dbname=postgres" "host=127.0.0.1 port=$OURS user=postgres dbname=postgres options='-c search_path=files'" "$OUR_PID" "$ROUNDS" --load
fi

if has statements; then
  if command -v pgbouncer >/dev/null; then
    cat >"$W/bouncer/bouncer.ini" <<INI
[databases]
postgres = host=127.0.0.1 port=$PG user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $BOUNCER
unix_socket_dir =
auth_type = any
pool_mode = session
logfile = $W/bouncer/log
pidfile = $W/bouncer/pid
INI
    as_postgres pgbouncer -q "$W/bouncer/bouncer.ini" &
    BOUNCER_PID=$!
    await "$BOUNCER"
  else
    echo "pgbouncer is not installed: what it adds is not measured (make bench installs it)" >&2
    BOUNCER=$PG
  fi
  echo 'SELECT 1;' >"$W/one.sql"
  printf '\\set aid random(1, 100000)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n' >"$W/lookup.sql"
  p50() { # port protocol script: microseconds
    rm -f "$W"/log*
    (cd "$W" && $BIN/pgbench -n -h 127.0.0.1 -p "$1" -U postgres -M "$2" -f "$3" -c 1 -T "${SECONDS_EACH:-2}" -l --log-prefix="$W/log" postgres >/dev/null 2>"$W/errors") || { cat "$W/errors" >&2; exit 1; }
    cat "$W"/log* | awk '{print $3}' | sort -n | awk '{a[NR]=$1} END {print a[int((NR+1)/2)]}'
  }
  median() { tr ' ' '\n' | grep . | sort -n | awk '{a[NR]=$1} END {print NR % 2 ? a[(NR+1)/2] : (a[NR/2]+a[NR/2+1])/2}'; }
  for case in "simple one" "prepared lookup"; do
    read -r protocol script <<<"$case"
    direct="" bouncer="" ours=""
    for _ in $(seq "$ROUNDS"); do
      direct+=" $(p50 "$PG" "$protocol" "$W/$script.sql")"
      bouncer+=" $(p50 "$BOUNCER" "$protocol" "$W/$script.sql")"
      ours+=" $(p50 "$OURS" "$protocol" "$W/$script.sql")"
    done
    d=$(median <<<"$direct") b=$(median <<<"$bouncer") o=$(median <<<"$ours")
    echo "$script ($protocol), median of $ROUNDS p50: PostgreSQL $d us, PgBouncer $b us, Graticule $o us; $(awk "BEGIN {printf \"ratio %.2f; added %.0f us, %.2f times what PgBouncer adds\", $o/$d, $o-$d, ($b > $d) ? ($o-$d)/($b-$d) : -1}")"
    echo "  each round: PostgreSQL$direct, PgBouncer$bouncer, Graticule$ours"
  done
fi

if has criterion; then
  cargo bench --locked --profile quick --bench statement --bench rows 2>/dev/null | grep -E 'time:|thrpt:|^[a-z]'
fi

if has joins; then
  "${PYTHON:-python3}" benches/join.py "$GRATICULE"
fi
