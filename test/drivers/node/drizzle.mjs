// Drizzle: typed queries, relational queries (one statement with lateral joins and JSON), prepared statements, transactions.
// The argument says which driver it stands on: pg or postgres.
import process from "node:process";
import { aliasedTable, and, asc, count, desc, eq, gt, inArray, isNull, lte, placeholder, sql, sum } from "drizzle-orm";
import { drizzle as onPg } from "drizzle-orm/node-postgres";
import { drizzle as onPostgres } from "drizzle-orm/postgres-js";
import pg from "pg";
import postgres from "postgres";
import * as schema from "./drizzle-schema.mjs";
import { describe, runScenarios } from "./scenario.mjs";

const { item, scratch } = schema;
const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database } = process.env;
const { db, end, rowsOf } = await (process.argv[2] === "pg" ? nodePostgres() : postgresJs());

async function nodePostgres() {
  const client = new pg.Client();
  await client.connect();
  return { db: onPg(client, { schema }), end: () => client.end(), rowsOf: ({ rows }) => rows };
}

function postgresJs() {
  const client = postgres({ host, port: Number(port), user, password, database, max: 1 });
  return { db: onPostgres(client, { schema }), end: () => client.end(), rowsOf: (rows) => [...rows] };
}

/** Drizzle wraps what the driver throws. */
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return [error.constructor.name, error.query, error.cause === undefined ? String(error) : describe(error.cause)];
  }
  throw new Error("this should have failed");
}

const byId = (id) => db.select().from(item).where(eq(item.id, id));
const notes = () => db.select().from(scratch).orderBy(asc(scratch.id));
const withNotes = (ids) =>
  db.query.item.findMany({
    columns: { id: true, name: true, tags: true, at: true },
    with: { notes: { orderBy: (table) => [desc(table.id)] } },
    where: inArray(item.id, ids),
    orderBy: [asc(item.id)],
  });

await runScenarios({
  "by key": async () => [await byId(5), await byId(7), await byId(5), await byId(900)],
  "all rows": () => db.select({ id: item.id, name: item.name }).from(item).orderBy(item.id),
  aggregates: () =>
    db
      .select({ flag: item.flag, n: count(), all: sum(item.big) })
      .from(item)
      .groupBy(item.flag)
      .orderBy(item.flag),
  "filters and limits": () =>
    db
      .select({ id: item.id, price: item.price, next: sql`${item.ratio} + ${1}::float8` })
      .from(item)
      .where(and(gt(item.id, 20), lte(item.price, "90.00"), isNull(item.flag)))
      .orderBy(desc(item.id))
      .limit(5)
      .offset(2),
  joins: () => {
    const other = aliasedTable(item, "other");
    return db
      .select({ id: item.id, name: other.name })
      .from(item)
      .leftJoin(other, and(eq(other.id, sql`${item.id} + 1`), eq(other.flag, true)))
      .where(lte(item.id, 6))
      .orderBy(item.id);
  },
  "common table expressions": async () => {
    const dear = db.$with("dear").as(db.select({ id: item.id }).from(item).where(gt(item.price, "240")));
    return [await db.with(dear).select({ n: count() }).from(dear), await db.$count(item, gt(item.price, "240"))];
  },
  "prepared reuse": async () => {
    const found = db
      .select()
      .from(item)
      .where(eq(item.id, placeholder("id")))
      .prepare("drizzle_by_id");
    const results = [];
    for (const id of [1, 7, 2, 1, 900, 7]) results.push(await found.execute({ id }));
    return results;
  },
  "insert, update, delete": async () => [
    await db
      .insert(scratch)
      .values([{ id: 1, v: "é" }, { id: 2, v: null }, { id: 3 }])
      .returning(),
    await db
      .insert(scratch)
      .values({ id: 2, v: "twice" })
      .onConflictDoUpdate({ target: scratch.id, set: { v: sql`excluded.v || '!'` } })
      .returning(),
    await db.update(scratch).set({ v: "three" }).where(eq(scratch.id, 3)).returning({ v: scratch.v }),
    await notes(),
  ],
  "relational queries": () => withNotes([1, 2, 3, 4]),
  "relational queries after a write": async () => {
    await db.update(scratch).set({ v: "changed" }).where(eq(scratch.id, 1));
    await db.delete(scratch).where(eq(scratch.id, 3));
    return withNotes([1, 2, 3, 4]);
  },
  "the other way round": () =>
    db.query.scratch.findFirst({ where: eq(scratch.id, 2), with: { item: { columns: { name: true, day: true } } } }),
  "relational queries, prepared": async () => {
    const one = db.query.item
      .findFirst({ where: eq(item.id, placeholder("id")), columns: { name: true }, with: { notes: true } })
      .prepare("drizzle_relational");
    return [await one.execute({ id: 1 }), await one.execute({ id: 2 }), await one.execute({ id: 1 })];
  },
  "read your own writes": async () => {
    await db.update(item).set({ price: "77.00" }).where(eq(item.id, 9));
    const after = await byId(9);
    await db.update(item).set({ price: "11.25" }).where(eq(item.id, 9));
    return [after, await byId(9)];
  },
  transactions: () =>
    db.transaction(
      async (tx) => {
        await tx.insert(scratch).values({ id: 10, v: "inside" });
        return [
          await tx.select().from(scratch).orderBy(scratch.id),
          rowsOf(await tx.execute(sql`SHOW transaction_isolation`)),
        ];
      },
      { isolationLevel: "repeatable read", accessMode: "read write", deferrable: false },
    ),
  "a transaction rolled back": async () => {
    const thrown = await failure(
      db.transaction(async (tx) => {
        await tx.delete(scratch);
        tx.rollback();
      }),
    );
    return [thrown, await notes()];
  },
  savepoints: async () => {
    const thrown = [];
    await db.transaction(async (tx) => {
      await tx.insert(scratch).values({ id: 11, v: "outside" });
      const inner = tx.transaction((nested) => nested.insert(scratch).values({ id: 11, v: "again" }));
      thrown.push(await failure(inner));
      await tx.transaction((nested) => nested.insert(scratch).values({ id: 12, v: "nested" }));
    });
    return [thrown, await notes()];
  },
  errors: async () => [
    await failure(db.insert(item).values({ id: 1 })),
    await failure(db.execute(sql`SELECT nothing FROM ${item}`)),
    await failure(db.select({ x: sql`1 / (${0}::int)` }).from(item)),
  ],
  "raw SQL": async () => rowsOf(await db.execute(sql`SELECT id, name FROM item WHERE id = ${3}`)),
});
await end();
