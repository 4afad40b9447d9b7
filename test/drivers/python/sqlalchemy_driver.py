"""SQLAlchemy's ORM, reflection and pool over psycopg 3 and over asyncpg."""
import asyncio

from sqlalchemy import MetaData, Table, create_engine, func, inspect, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, registry

from scenario import async_failure_of, failure_of, run, run_async

engine = create_engine("postgresql+psycopg://", pool_size=3, pool_pre_ping=True)
item = Table("item", MetaData(), autoload_with=engine)
scratch = Table("scratch", MetaData(), autoload_with=engine)


class Scratch:
    pass


registry().map_imperatively(Scratch, scratch)


def scratch_row(id, v):
    added = Scratch()
    added.id, added.v = id, v
    return added


def fetch(statement):
    with engine.connect() as conn:
        return [list(row) for row in conn.execute(statement)]


def autocommitted(statement):
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        return [[list(row) for row in conn.execute(statement)] for _ in range(8)]


def orm():
    with Session(engine) as session:
        added = scratch_row(1, "a")
        session.add(added)
        session.commit()
        found = [(s.id, s.v) for s in session.scalars(select(Scratch))]
        added.v = "b"
        session.flush()
        found += [(s.id, s.v) for s in session.scalars(select(Scratch))]
        session.delete(added)
        session.commit()
        return [found, session.scalar(select(func.count()).select_from(Scratch))]


def nested():
    with Session(engine) as session, session.begin():
        session.add(scratch_row(1, "a"))
        failure = failure_of(lambda: nested_insert(session))
        found = [(s.id, s.v) for s in session.scalars(select(Scratch))]
        session.execute(scratch.delete())
        return [failure, found]


def nested_insert(session):
    with session.begin_nested():
        session.execute(scratch.insert().values(id=1, v="b"))


def many():
    with engine.begin() as conn:
        conn.execute(scratch.insert(), [{"id": i, "v": f"v{i}"} for i in range(1500)])
        returned = conn.execute(scratch.insert().returning(scratch.c.id, sort_by_parameter_order=True), [{"id": i} for i in range(1500, 1510)])
        ids = [row.id for row in returned]
        upsert = insert(scratch).values(id=1, v="new")
        conn.execute(upsert.on_conflict_do_update(index_elements=["id"], set_={"v": upsert.excluded.v}))
        changed = conn.execute(update(scratch).where(scratch.c.id < 10).values(v=func.upper(scratch.c.v))).rowcount
        return [ids, changed, conn.scalar(select(func.count()).select_from(scratch)), conn.execute(scratch.delete()).rowcount]


def streamed():
    with engine.connect().execution_options(stream_results=True, max_row_buffer=50) as conn:
        return [row.id for row in conn.execute(select(item.c.id).order_by(item.c.id))]


def reflected():
    found = inspect(engine)
    return [found.get_table_names(), found.get_pk_constraint("item"), found.get_indexes("item"), found.get_sequence_names(), [c["name"] for c in found.get_columns("scratch")]]


def pinged():
    """A connection that has died in the pool is replaced before it is lent."""
    one = create_engine("postgresql+psycopg://", pool_size=1, pool_pre_ping=True)
    pid = text("SELECT pg_backend_pid()")
    with one.connect() as conn:
        first = conn.scalar(pid)
    with engine.connect() as conn:
        ended = conn.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": first})
    with one.connect() as conn:
        found = [ended, conn.scalar(text("SELECT 1")), conn.scalar(pid) == first]
    one.dispose()
    return found


def twice():
    with Session(engine) as session:
        session.execute(scratch.insert().values(id=1, v="a"))
        session.execute(scratch.insert().values(id=1, v="b"))


by_id = select(item).where(item.c.id == 5)
per_flag = select(item.c.flag, func.count()).group_by(item.c.flag).order_by(item.c.flag)
run({
    "reflection": lambda: [(c.name, repr(c.type), c.nullable) for c in item.columns],
    "inspection": reflected,
    "select": lambda: fetch(by_id),
    "autocommitted select": lambda: autocommitted(by_id),
    "autocommitted text": lambda: autocommitted(text("SELECT * FROM item WHERE id = 6")),
    "aggregates": lambda: fetch(per_flag),
    "unit of work": orm,
    "savepoints": nested,
    "many rows in": many,
    "streamed": streamed,
    "errors": lambda: failure_of(twice),
    "a dead connection in the pool": pinged,
})
engine.dispose()


async def main():
    shared = create_async_engine("postgresql+asyncpg://", pool_size=3, pool_pre_ping=True)

    async def fetch_async(statement, **options):
        async with shared.connect() as conn:
            await conn.execution_options(**options)
            return [list(row) for row in await conn.execute(statement)]

    async def autocommitted_async(statement):
        return [await fetch_async(statement, isolation_level="AUTOCOMMIT") for _ in range(3)]

    async def orm_async():
        async with AsyncSession(shared) as session:
            added = scratch_row(2, "a")
            session.add(added)
            await session.commit()
            await session.refresh(added)
            found = [(s.id, s.v) for s in await session.scalars(select(Scratch))]
            await session.delete(added)
            await session.commit()
            return [found, await session.scalar(select(func.count()).select_from(Scratch))]

    async def streamed_async():
        async with shared.connect() as conn:
            return [row.id async for row in await conn.stream(select(item.c.id).order_by(item.c.id))]

    async def together():
        return await asyncio.gather(*(fetch_async(select(item.c.name).where(item.c.id == i)) for i in range(1, 20)))

    async def twice_async():
        async with shared.begin() as conn:
            for v in ("a", "b"):
                await conn.execute(scratch.insert().values(id=1, v=v))

    await run_async({
        "asyncpg: select": lambda: fetch_async(by_id),
        "asyncpg: autocommitted select": lambda: autocommitted_async(by_id),
        "asyncpg: autocommitted aggregates": lambda: autocommitted_async(per_flag),
        "asyncpg: unit of work": orm_async,
        "asyncpg: streamed": streamed_async,
        "asyncpg: many at once": together,
        "asyncpg: errors": lambda: async_failure_of(twice_async()),
    })
    await shared.dispose()


asyncio.run(main())
