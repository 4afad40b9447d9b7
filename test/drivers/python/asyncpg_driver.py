"""asyncpg: binary formats only, prepared statements for everything, type introspection, cursors with row limits."""
import asyncio

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
        "copy in and out": copy,
        "listen and notify": notify,
        "cancel by time-out": cancel,
        "pool": pool,
    })
    await conn.close()


asyncio.run(main())
