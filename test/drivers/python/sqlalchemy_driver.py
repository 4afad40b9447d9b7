"""SQLAlchemy's ORM over psycopg 3, with reflection and its own pool."""
from sqlalchemy import MetaData, Table, create_engine, func, select
from sqlalchemy.orm import Session, registry

from scenario import failure_of, run

engine = create_engine("postgresql+psycopg://", pool_size=3)
item = Table("item", MetaData(), autoload_with=engine)
scratch = Table("scratch", MetaData(), autoload_with=engine)


class Scratch:
    pass


registry().map_imperatively(Scratch, scratch)


def fetch(statement):
    with engine.connect() as conn:
        return [list(row) for row in conn.execute(statement)]


def orm():
    with Session(engine) as session:
        added = Scratch()
        added.id, added.v = 1, "a"
        session.add(added)
        session.commit()
        found = [(s.id, s.v) for s in session.scalars(select(Scratch))]
        session.delete(added)
        session.commit()
        return [found, session.scalar(select(func.count()).select_from(Scratch))]


def streamed():
    with engine.connect().execution_options(stream_results=True, max_row_buffer=50) as conn:
        return [row.id for row in conn.execute(select(item.c.id).order_by(item.c.id))]


def twice():
    with Session(engine) as session:
        session.execute(scratch.insert().values(id=1, v="a"))
        session.execute(scratch.insert().values(id=1, v="b"))


run({
    "reflection": lambda: [(c.name, repr(c.type), c.nullable) for c in item.columns],
    "select": lambda: fetch(select(item).where(item.c.id == 5)),
    "autocommitted select": lambda: [list(r) for r in engine.connect().execution_options(isolation_level="AUTOCOMMIT").execute(select(item).where(item.c.id == 6))],
    "aggregates": lambda: fetch(select(item.c.flag, func.count()).group_by(item.c.flag).order_by(item.c.flag)),
    "unit of work": orm,
    "streamed": streamed,
    "errors": lambda: failure_of(twice),
})
engine.dispose()
