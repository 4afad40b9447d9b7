"""psycopg 3: binary results, pipelines, COPY, server-side cursors, two-phase commits."""
import threading
import time

import psycopg

from scenario import failure_of, run

conn = psycopg.connect(autocommit=True)
BY_ID = "SELECT * FROM item WHERE id = %s"


def rows(query, values=None, **options):
    with conn.cursor() as cur:
        cur.execute(query, values, **options)
        columns = [(c.name, c.type_code, c.internal_size, c.precision, c.scale) for c in cur.description]
        return [columns, cur.statusmessage, cur.fetchall()]


def binary():
    with conn.cursor(binary=True) as cur:
        return cur.execute(BY_ID, (5,)).fetchall()


def pipeline():
    with conn.pipeline():
        cursors = [conn.execute(BY_ID, (i,)) for i in (1, 2, 300, 3)]
        return [cur.fetchall() for cur in cursors]


def pipeline_error():
    results = []
    try:
        with conn.pipeline() as p:
            first = conn.execute(BY_ID, (1,))
            p.sync()
            conn.execute("SELECT 1 / 0")
            after = conn.execute(BY_ID, (2,))
            p.sync()
    except psycopg.Error as error:
        results.append(error.sqlstate)
    return [results, len(first.fetchall()), conn.info.transaction_status.name, rows(BY_ID, (2,))]


def copy():
    with conn.cursor() as cur:
        with cur.copy("COPY scratch FROM STDIN (FORMAT binary)") as out:
            out.set_types(["int4", "text"])
            for i in range(1000):
                out.write_row((i, None if i % 3 == 0 else "é" * (i % 9)))
        with cur.copy("COPY (SELECT * FROM scratch ORDER BY id) TO STDOUT") as text:
            total = sum(len(block) for block in text)
        cur.execute("DELETE FROM scratch")
        return [total, cur.rowcount]


def copy_abandoned():
    def work():
        with conn.cursor() as cur, cur.copy("COPY scratch FROM STDIN") as out:
            out.write_row((1, "a"))
            raise ValueError("enough")
    return [failure_of(work), rows("SELECT count(*) FROM scratch")]


def savepoints():
    with conn.transaction():
        conn.execute("INSERT INTO scratch VALUES (1, 'a')")
        try:
            with conn.transaction():
                conn.execute("INSERT INTO scratch VALUES (1, 'b')")
        except psycopg.Error as error:
            code = error.sqlstate
    found = rows("SELECT * FROM scratch")
    conn.execute("DELETE FROM scratch")
    return [code, found]


def server_cursor():
    with conn.transaction(), conn.cursor(name="slow") as cur:
        cur.execute("SELECT id, name FROM item ORDER BY id")
        first = cur.fetchmany(10)
        cur.scroll(100)
        return [first, cur.fetchmany(3)]


def notify():
    conn.execute("LISTEN drops")
    conn.execute("NOTIFY drops, 'x'")
    note = next(conn.notifies(timeout=5, stop_after=1))
    return [note.channel, note.payload, note.pid == conn.info.backend_pid]


def notices():
    heard = []
    conn.add_notice_handler(lambda diag: heard.append((diag.severity, diag.message_primary)))
    conn.execute("DROP TABLE IF EXISTS nowhere")
    return heard


def cancel():
    timer = threading.Timer(0.3, conn.cancel)
    timer.start()
    failure = failure_of(lambda: conn.execute("SELECT pg_sleep(20)"))
    timer.join()
    time.sleep(0.1)
    return [failure, rows(BY_ID, (1,))]


def large_object():
    conn.execute("CREATE TEMP TABLE lob AS SELECT lo_from_bytea(0, %s) AS oid", (b"\x00\xff" * 50000,))
    return rows("SELECT length(lo_get(oid)), lo_unlink(oid) FROM lob")


run({
    "connect": lambda: [conn.info.backend_pid == rows("SELECT pg_backend_pid()")[2][0][0], conn.info.encoding, conn.info.parameter_status("DateStyle")],
    "extended": lambda: rows(BY_ID, (5,)),
    "simple protocol": lambda: [conn.execute("SELECT 1 AS a; SELECT 2 AS b").fetchall()],
    "prepared reuse": lambda: [rows(BY_ID, (i,), prepare=True) for i in (1, 7, 2, 1, 900)],
    "binary formats": binary,
    "NULLs and arrays": lambda: rows("SELECT %s::text, %s::int[], %s::text[]", (None, [1, None], ["a", 'b"'])),
    "aggregates": lambda: rows("SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag"),
    "errors": lambda: [failure_of(lambda: conn.execute(q)) for q in ("SELECT FRM", "SELECT x FROM item", "INSERT INTO item (id) VALUES (1)", "SELECT 1 / 0")],
    "pipelines": pipeline,
    "errors inside a pipeline": pipeline_error,
    "copy in and out": copy,
    "copy abandoned": copy_abandoned,
    "savepoints": savepoints,
    "server-side cursor": server_cursor,
    "listen and notify": notify,
    "notices": notices,
    "cancel": cancel,
    "large objects": large_object,
    "large rows": lambda: len(rows("SELECT repeat('x', 5000000)")[2][0][0]),
})
conn.close()
