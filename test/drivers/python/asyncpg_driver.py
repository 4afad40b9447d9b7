"""asyncpg: binary formats only, prepared statements for everything, type introspection, cursors with row limits."""
import asyncio
import io

import asyncpg

from scenario import async_failure_of, run_async

BY_ID = "SELECT * FROM item WHERE id = $1"


async def main():
    conn = await asyncpg.connect(timeout=20)

    async def rows(query, *values):
        return [list(record.items()) for record in await conn.fetch(query, *values)]

    async def prepared():
        statement = await conn.prepare(BY_ID)
        attributes = [(a.name, a.type.name) for a in statement.get_attributes()]
        return [attributes, [dict(r) for i in (1, 7, 1, 900) for r in await statement.fetch(i)], statement.get_statusmsg()]

    async def transactions():
        async with conn.transaction():
            await conn.execute("INSERT INTO scratch VALUES (1, 'a')")
            failure = await async_failure_of(inner())
        found = await rows("SELECT * FROM scratch")
        return [failure, found, await conn.execute("DELETE FROM scratch")]

    async def inner():
        async with conn.transaction():
            await conn.execute("INSERT INTO scratch VALUES (1, 'b')")

    async def cursor():
        found = []
        async with conn.transaction():
            async for record in conn.cursor("SELECT id, name FROM item ORDER BY id", prefetch=33):
                found.append(record["id"])
        return found

    async def copy():
        await conn.copy_records_to_table("scratch", records=[(i, "é" * (i % 5)) for i in range(500)])
        sink = bytearray()
        async def take(data):
            sink.extend(data)
        await conn.copy_from_query("SELECT * FROM scratch ORDER BY id", output=take)
        return [len(sink), await conn.execute("DELETE FROM scratch")]

    async def notify():
        heard = asyncio.get_running_loop().create_future()
        await conn.add_listener("drops", lambda c, pid, channel, payload: heard.set_result([channel, payload, pid == conn.get_server_pid()]))
        await conn.execute("NOTIFY drops, 'x'")
        return await asyncio.wait_for(heard, 5)

    async def pool():
        async with asyncpg.create_pool(min_size=2, max_size=4) as shared:
            found = await asyncio.gather(*(shared.fetchval("SELECT name FROM item WHERE id = $1", i) for i in range(40)))
        return found

    async def without_statement_cache():
        other = await asyncpg.connect(statement_cache_size=0)
        try:
            return [[list(r.items()) for i in (1, 1, 2) for r in await other.fetch(BY_ID, i)], other.is_in_transaction()]
        finally:
            await other.close()

    async def own_types():
        await conn.execute("CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE pair AS (m mood, n int)")
        found = await rows("SELECT ROW('glad', 3)::pair AS p, ARRAY['sad', NULL]::mood[] AS m, int4range(1, $1) AS r", 5)
        await conn.execute("DROP TYPE pair; DROP TYPE mood")
        return found

    async def schema_change():
        await conn.execute("CREATE TABLE changing (a int); INSERT INTO changing VALUES (1)")
        before = [await rows("SELECT * FROM changing"), await rows("SELECT * FROM changing")]
        await conn.execute("ALTER TABLE changing ADD COLUMN b int DEFAULT 2")
        after = await rows("SELECT * FROM changing")
        await conn.execute("DROP TABLE changing")
        return [before, after, await async_failure_of(rows("SELECT * FROM changing"))]

    async def cursor_by_hand():
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            found = await conn.cursor("SELECT id, name FROM item ORDER BY id")
            return [[r["id"] for r in await found.fetch(3)], await found.forward(10), (await found.fetchrow())["id"]]

    async def copy_text():
        await conn.copy_to_table("scratch", source=io.BytesIO(b"1,one\n2,\n"), format="csv")
        sink = io.BytesIO()
        await conn.copy_from_table("scratch", output=sink, format="csv", header=True)
        failure = await async_failure_of(conn.copy_records_to_table("scratch", records=[(1, "again")]))
        return [sink.getvalue().decode(), failure, await conn.execute("DELETE FROM scratch")]

    async def many_inserts():
        statement = await conn.prepare("INSERT INTO scratch VALUES ($1, $2) RETURNING v")
        returned = await statement.fetchmany([(i, str(i)) for i in range(5)])
        failure = await async_failure_of(conn.executemany("INSERT INTO scratch VALUES ($1, $2)", [(7, "a"), (7, "b")]))
        return [[r["v"] for r in returned], failure, await conn.fetchval("SELECT count(*) FROM scratch"), await conn.execute("DELETE FROM scratch")]

    async def small_pool():
        async with asyncpg.create_pool(min_size=1, max_size=1, max_inactive_connection_lifetime=1) as shared:
            async with shared.acquire() as lent:
                await lent.execute("SET work_mem = '7MB'; CREATE TEMP TABLE t (a int)")
                await lent.execute("LISTEN nothing")
                inside = await lent.fetchval("SHOW work_mem")
            # A pool's connection is reset before it is lent again.
            return [inside, await shared.fetchval("SELECT current_setting('work_mem') = '7MB'"), await shared.fetch("SELECT pg_listening_channels()")]

    async def cancel():
        failure = await async_failure_of(conn.execute("SELECT pg_sleep(20)", timeout=0.3))
        return [failure, await rows(BY_ID, 2)]

    await run_async({
        "connect": lambda: rows("SELECT current_user AS who"),
        "extended": lambda: rows(BY_ID, 5),
        "prepared reuse": prepared,
        "aggregates": lambda: rows("SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag"),
        "many rows": lambda: rows("SELECT id, name FROM item ORDER BY id"),
        "NULLs and arrays": lambda: rows("SELECT $1::text AS a, $2::int[] AS b", None, [1, None]),
        "executemany": lambda: conn.executemany("UPDATE item SET small = small WHERE id = $1", [(1,), (2,)]),
        "errors": lambda: async_failure_of(conn.fetch("SELECT x FROM item")),
        "division by zero": lambda: async_failure_of(conn.fetch("SELECT 1 / $1::int", 0)),
        "transactions": transactions,
        "cursor with row limits": cursor,
        "cursor by hand": cursor_by_hand,
        "copy in and out": copy,
        "copy as text": copy_text,
        "many inserts": many_inserts,
        "types of one's own": own_types,
        "schema change": schema_change,
        "without a statement cache": without_statement_cache,
        "listen and notify": notify,
        "cancel by time-out": cancel,
        "pool": pool,
        "pool of one": small_pool,
    })
    await conn.close()


asyncio.run(main())
