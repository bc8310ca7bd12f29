"""psycopg 3 against the demo schema: formats, prepared statements, pipelines, cursors, COPY, cancellation."""

import asyncio
import datetime
import threading

import psycopg
from psycopg.types import TypeInfo

from checks import DATABASE, HOST, PORT, USER, case, run

CITIES = "id, name, pop, big, area, ratio, score, founded, seen, seen_local, active, code, label, tags, attrs, ext_id, blob"


def connect(**options):
    return psycopg.connect(host=HOST, port=PORT, user=USER, dbname=DATABASE, **options)


def rows(sql, parameters=None, binary=False):
    with connect() as connection:
        return connection.cursor(binary=binary).execute(sql, parameters).fetchall()


@case
def session_parameters():
    with connect() as connection:
        names = ["server_encoding", "client_encoding", "standard_conforming_strings", "integer_datetimes", "DateStyle"]
        return [connection.info.parameter_status(name) for name in names], connection.info.server_version // 10000


@case
def every_type_as_text():
    return rows(f"select {CITIES} from demo.cities where id in (1, 10, 999) order by id")


@case
def every_type_as_binary():
    return rows(f"select {CITIES} from demo.cities where id in (1, 10, 999) order by id", binary=True)


@case
def described_columns():
    with connect() as connection:
        cursor = connection.execute("select * from demo.cities limit 0")
        return [(column.name, column.type_code if column.type_code < 16384 else "own") for column in cursor.description]


@case
def parameters_in_binary():
    sql = "select id from demo.cities where pop between %b and %b and area <= %b and name <> all(%b) and seen < %b order by id"
    late = datetime.datetime(2024, 1, 3, tzinfo=datetime.timezone.utc)
    return rows(sql, (3000, 60000, 82.5, ["city 5", "city 8"], late))


@case
def parameters_in_text():
    sql = "select id, founded from demo.cities where founded = %t or id = %t or label = %t order by id limit 5"
    return rows(sql, (datetime.date(2000, 2, 1), 4, "label 3"))


@case
def window_of_geometries():
    sql = "select id, st_asewkt(geom), st_asbinary(geom) from demo.cities where geom && st_makeenvelope(%s, %s, %s, %s, 4326) order by id"
    return rows(sql, (-8.0, 35.5, -4.0, 39.0))


@case
def geometry_columns_in_both_formats():
    return [rows("select geom, geom::geography from demo.cities where id = 3", binary=binary) for binary in (False, True)]


@case
def statements_that_get_prepared():
    with connect(prepare_threshold=1) as connection:
        return [connection.execute("select name, %s::int from demo.cities where id = %s", (n, n)).fetchone() for n in (1, 5, 9, 13)]


@case
def a_prepared_statement_by_name():
    with connect() as connection:
        connection.execute("prepare nearby (int) as select count(*) from demo.cities where pop < $1")
        found = [connection.execute(f"execute nearby({n})").fetchone() for n in (5000, 50000)]
        connection.execute("deallocate nearby")
        return found


@case
def a_named_cursor():
    with connect() as connection, connection.cursor(name="steps") as cursor:
        cursor.itersize = 64
        cursor.execute("select id, name from demo.cities order by id desc")
        read = list(cursor)
        return len(read), read[0], read[-1]


@case
def a_scrollable_cursor():
    with connect() as connection, connection.cursor(name="there and back", scrollable=True, binary=True) as cursor:
        cursor.execute("select id, area from demo.cities order by id")
        found = [cursor.fetchmany(2)]
        cursor.scroll(100)
        found.append(cursor.fetchone())
        cursor.scroll(-51)
        found.append(cursor.fetchmany(2))
        cursor.scroll(0, mode="absolute")
        found.append(cursor.fetchone())
        cursor.scroll(998, mode="absolute")
        found.append(cursor.fetchall())
        return found


@case
def a_cursor_that_outlives_its_transaction():
    with connect() as connection:
        cursor = connection.cursor(name="kept", withhold=True)
        cursor.execute("select id, label from demo.cities where id > 990 order by id")
        found = [cursor.fetchmany(3)]
        connection.commit()
        found.append(cursor.fetchmany(3))
        found.append(cursor.fetchall())
        cursor.close()
        return found


@case
def a_held_cursor_without_transaction():
    with connect(autocommit=True) as connection, connection.cursor(name="alone", withhold=True) as cursor:
        cursor.execute("select gid from demo.roads order by gid limit 5")
        return cursor.fetchall()


@case
def copy_as_text():
    with connect() as connection, connection.cursor().copy(
        "copy (select id, label, area, tags from demo.cities where id between 8 and 11 order by id) to stdout"
    ) as copy:
        return b"".join(bytes(chunk) for chunk in copy).decode()


@case
def copy_as_binary():
    with connect() as connection, connection.cursor().copy(
        "copy (select id, label, area, active from demo.cities where id between 8 and 11 order by id) to stdout with (format binary)"
    ) as copy:
        copy.set_types(["int4", "varchar", "float8", "bool"])
        return list(copy.rows())


@case
def a_pipeline():
    with connect(autocommit=True) as connection, connection.pipeline():
        cursors = [connection.execute("select name from demo.roads where gid = %s", (n,)) for n in (2, 4, 6)]
        return [cursor.fetchone() for cursor in cursors]


@case
def an_error_in_a_pipeline():
    with connect(autocommit=True) as connection:
        state = None
        try:
            with connection.pipeline():
                connection.execute("select 10 / (%s::int - 1)", (1,))
                connection.execute("select 'never'")
        except psycopg.Error as error:
            state = error.sqlstate
        return state, connection.execute("select 'after'").fetchone()


@case
def looked_up_types():
    with connect() as connection:
        found = [TypeInfo.fetch(connection, name) for name in ("geometry", "geography", "text", "hstore")]
        return [info and (info.name, info.regtype, info.delimiter, info.array_oid > 0) for info in found]


@case
def geometries_by_an_adapter():
    class Ewkb(psycopg.adapt.Loader):
        format = psycopg.pq.Format.BINARY

        def load(self, data):
            return "EWKB " + bytes(data).hex()

    with connect() as connection:
        oid = TypeInfo.fetch(connection, "geometry").oid
        connection.adapters.register_loader(oid, Ewkb)
        cursor = connection.cursor(binary=True)
        first = cursor.execute("select geom from demo.mixed where geom is not null order by id").fetchall()
        point = bytes.fromhex(first[0][0][5:])
        near = connection.execute("select count(*) from demo.cities where st_dwithin(geom, st_geomfromewkb(%b), 60)", (point,))
        return first, near.fetchone()


@case
def a_failed_block():
    with connect() as connection:
        seen = []
        for sql in ("select missing from demo.cities", "select 'still failed'"):
            try:
                connection.execute(sql)
            except psycopg.Error as error:
                seen.append((error.sqlstate, connection.info.transaction_status.name))
        connection.rollback()
        return seen, connection.execute("select 'fine'").fetchone(), connection.info.transaction_status.name


@case
def savepoints():
    with connect() as connection:
        with connection.transaction():
            try:
                with connection.transaction():
                    connection.execute("select 'abc'::int")
            except psycopg.errors.InvalidTextRepresentation as error:
                state = error.sqlstate
            with connection.transaction(force_rollback=True):
                inner = connection.execute("select count(*) from demo.roads").fetchone()
            return state, inner, connection.execute("select 'outer'").fetchone()


@case
def a_cancelled_statement():
    with connect() as connection:
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        try:
            connection.execute("select pg_sleep(30)")
        except psycopg.errors.QueryCanceled as error:
            connection.rollback()
            return error.sqlstate, connection.execute("select 'goes on'").fetchone()
        finally:
            timer.cancel()


@case
def isolation_and_read_only():
    with connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        connection.read_only = True
        connection.deferrable = True
        names = ("transaction_isolation", "transaction_read_only", "transaction_deferrable")
        return [connection.execute("show " + name).fetchone() for name in names]


@case
def an_asynchronous_connection():
    async def count():
        async with await psycopg.AsyncConnection.connect(host=HOST, port=PORT, user=USER, dbname=DATABASE) as connection:
            cursor = await connection.execute("select lanes, count(*) from demo.roads group by 1 order by 1")
            return await cursor.fetchall()

    return asyncio.run(count())


@case
def rows_one_by_one():
    with connect() as connection:
        return sum(len(row[0]) for row in connection.cursor().stream("select name from demo.cities"))


@case
def odd_values():
    sql = "select %s::int, %s::text, %s, '-infinity'::float8, 'NaN'::numeric, 1e-7::float8, 5e-324::float8, 0.1::float4, -0.0::float8, ''::bytea"
    return rows(sql, (None, None, "quote ' backslash \\"))


run("psycopg3")
