// Prisma 7: its client without an engine, on the driver adapter for node-postgres. Models, relations, nested writes, batches and transactions.
import process from "node:process";
import { PrismaPg } from "@prisma/adapter-pg";
import { Prisma, PrismaClient } from "./generated/index.js";
import { runScenarios } from "./scenario.mjs";

const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database } = process.env;
const adapter = new PrismaPg({ host, port: Number(port), user, password, database, max: 1 });
const log = process.argv.includes("--log") ? [{ emit: "event", level: "query" }] : [];
const prisma = new PrismaClient({ adapter, log });
if (log.length > 0) prisma.$on("query", ({ query }) => process.stderr.write(`${query}\n`));

const { item, scratch } = prisma;

/** What Prisma says of an error; its message shows the place in this file. */
async function failure(promise) {
  try {
    await promise;
  } catch ({ code, meta, name, message }) {
    return { name, code, meta, message: message.split("\n").at(-1) };
  }
  throw new Error("this should have failed");
}

const byId = (id) => item.findUnique({ where: { id } });
const notes = () => scratch.findMany({ orderBy: { id: "asc" } });
const withNotes = (ids) =>
  item.findMany({ where: { id: { in: ids } }, select: { id: true, name: true, note: true }, orderBy: { id: "asc" } });

await runScenarios({
  "by key": async () => [await byId(5), await byId(7), await byId(5), await byId(900)],
  "all rows": () => item.findMany({ select: { id: true, name: true }, orderBy: { id: "asc" } }),
  aggregates: async () => [
    await item.aggregate({
      _count: true,
      _sum: { big: true },
      _avg: { ratio: true },
      _max: { price: true, day: true },
    }),
    await item.groupBy({ by: ["flag"], _count: { _all: true }, _sum: { big: true }, orderBy: { flag: "asc" } }),
    await item.count({ where: { flag: true } }),
  ],
  "filters and limits": () =>
    item.findMany({
      where: { id: { gt: 20 }, price: { lte: "90.00" }, flag: null, OR: [{ name: { contains: "é" } }, { name: null }] },
      select: { id: true, price: true, ratio: true },
      orderBy: { id: "desc" },
      take: 5,
      skip: 2,
    }),
  "JSON and bytes": () =>
    item.findMany({
      where: { doc: { path: ["i"], equals: 3 } },
      select: { id: true, doc: true, raw: true, uid: true },
    }),
  distinct: () => item.findMany({ distinct: ["flag"], select: { flag: true }, orderBy: { flag: "asc" } }),
  "from a cursor on": () =>
    item.findMany({ cursor: { id: 50 }, skip: 1, take: 3, orderBy: { id: "asc" }, select: { id: true } }),
  "insert, update, delete": async () => [
    await scratch.createMany({ data: [{ id: 1, v: "é" }, { id: 2 }, { id: 3, v: "three" }] }),
    await scratch.create({ data: { id: 4, v: "four" } }),
    await scratch.upsert({ where: { id: 2 }, create: { id: 2, v: "new" }, update: { v: "twice" } }),
    await scratch.update({ where: { id: 3 }, data: { v: "changed" }, select: { v: true } }),
    await scratch.updateMany({ where: { v: { startsWith: "c" } }, data: { v: "all" } }),
    await scratch.createManyAndReturn({ data: [{ id: 5 }, { id: 6 }] }),
    await scratch.deleteMany({ where: { id: { gt: 4 } } }),
    await notes(),
  ],
  relations: () => withNotes([1, 2, 3, 9]),
  "relations after a write": async () => {
    await scratch.update({ where: { id: 1 }, data: { v: "changed" } });
    await scratch.delete({ where: { id: 3 } });
    return withNotes([1, 2, 3, 9]);
  },
  "the other way round": () =>
    scratch.findFirst({
      where: { item: { name: { startsWith: "item 2" } } },
      include: { item: { select: { day: true } } },
    }),
  "nested writes": async () => {
    const made = await item.create({
      data: { id: 1000, name: "nested", note: { create: { v: "inner" } } },
      include: { note: true },
    });
    await scratch.delete({ where: { id: 1000 } });
    return [made, await item.delete({ where: { id: 1000 }, select: { id: true } })];
  },
  "read your own writes": async () => {
    await item.update({ where: { id: 9 }, data: { price: "77.00" } });
    const after = await byId(9);
    await item.update({ where: { id: 9 }, data: { price: { decrement: "65.75" } } });
    return [after, await byId(9)];
  },
  batches: () =>
    prisma.$transaction([
      scratch.create({ data: { id: 20, v: "one" } }),
      scratch.count(),
      scratch.delete({ where: { id: 20 } }),
    ]),
  "batches that fail": async () => [
    await failure(prisma.$transaction([scratch.create({ data: { id: 21 } }), scratch.create({ data: { id: 1 } })])),
    await notes(),
  ],
  transactions: () =>
    prisma.$transaction(
      async (tx) => {
        await tx.scratch.create({ data: { id: 10, v: "inside" } });
        return [await tx.scratch.findMany({ orderBy: { id: "asc" } }), await tx.$queryRaw`SHOW transaction_isolation`];
      },
      { isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead, maxWait: 20_000, timeout: 60_000 },
    ),
  "a transaction rolled back": async () => {
    const thrown = await failure(
      prisma.$transaction(
        async (tx) => {
          await tx.scratch.deleteMany();
          throw new Error("never mind");
        },
        { maxWait: 20_000, timeout: 60_000 },
      ),
    );
    return [thrown, await notes()];
  },
  errors: async () => [
    await failure(item.create({ data: { id: 1 } })),
    await failure(scratch.update({ where: { id: 999 }, data: { v: "" } })),
    await failure(prisma.$queryRaw`SELECT nothing FROM item`),
    await failure(prisma.$queryRaw`SELECT 1 / ${0}::int AS x`),
  ],
  "raw SQL": async () => [
    await prisma.$queryRaw`SELECT id, name, price, big, doc, at, raw FROM item WHERE id = ${3}`,
    await prisma.$executeRaw`UPDATE scratch SET v = v || '!' WHERE id = ${10}`,
    await prisma.$queryRawUnsafe("SELECT v FROM scratch WHERE id = $1", 10),
  ],
});
await prisma.$disconnect();
