#!/usr/bin/env bash
# Statement overhead, both sides in one run: pgbench straight to PostgreSQL and through Graticule. Prints p50 in ms and the ratio.
# GRATICULE=path takes a binary that is built already; SECONDS_EACH=5 the length of a run.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=/usr/lib/postgresql/15/bin
TARGET=${CARGO_TARGET_DIR:-target}
if [ -z "${GRATICULE:-}" ]; then
  cargo build --locked --profile quick
  GRATICULE=$TARGET/quick/graticule
fi
W=$(mktemp -d)
chmod 755 "$W"
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
PG=$(free_port)
OURS=$(free_port)
as_postgres() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi; }
mkdir "$W/pg"
[ "$(id -u)" != 0 ] || chown postgres "$W/pg"
as_postgres $BIN/initdb -U postgres -A trust --locale=C.UTF-8 -D "$W/pg" >/dev/null
as_postgres $BIN/postgres -D "$W/pg" -p "$PG" -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$W/pg" -c fsync=off >/dev/null 2>&1 &
PG_PID=$!
trap 'kill -INT $PG_PID ${OUR_PID:-} 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$W"' EXIT
for _ in $(seq 100); do $BIN/pg_isready -q -h 127.0.0.1 -p "$PG" && break; sleep 0.1; done
$BIN/pgbench -q -i -s 1 -h 127.0.0.1 -p "$PG" -U postgres postgres >/dev/null 2>&1
cat >"$W/setup.sql" <<SQL
CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '$PG', dbname 'postgres');
CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');
SELECT graticule.attach('pg', 'public', 'public');
SQL
"$GRATICULE" serve --database postgres --init "$W/setup.sql" --listen "127.0.0.1:$OURS" --no-http >/dev/null 2>&1 &
OUR_PID=$!
for _ in $(seq 100); do $BIN/pg_isready -q -h 127.0.0.1 -p "$OURS" && break; sleep 0.1; done
echo 'SELECT 1;' >"$W/one.sql"
printf '\\set aid random(1, 100000)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n' >"$W/lookup.sql"
p50() { # port protocol script
  rm -f "$W"/log*
  (cd "$W" && $BIN/pgbench -n -h 127.0.0.1 -p "$1" -U postgres -M "$2" -f "$3" -c 1 -T "${SECONDS_EACH:-5}" -l --log-prefix="$W/log" postgres >/dev/null 2>&1)
  cat "$W"/log* | awk '{print $3}' | sort -n | awk '{a[NR]=$1} END {printf "%.3f", a[int((NR+1)/2)]/1000}'
}
for case in "simple one" "prepared lookup"; do
  read -r protocol script <<<"$case"
  direct=$(p50 "$PG" "$protocol" "$W/$script.sql")
  ours=$(p50 "$OURS" "$protocol" "$W/$script.sql")
  echo "$script ($protocol): PostgreSQL p50 $direct ms, Graticule p50 $ours ms, ratio $(awk "BEGIN {printf \"%.2f\", $ours/$direct}")"
done
