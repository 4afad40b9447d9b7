// postgres.js: pipelines by itself, prepares every statement, and asks for types at its first array.
import process from "node:process";
import postgres from "postgres";
import { failureOf, runScenarios } from "./scenario.mjs";

const { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database } = process.env;
const notices = [];
const options = {
  host,
  port: Number(port),
  user,
  password,
  database,
  max: 1,
  onnotice: ({ message }) => notices.push(message),
};
const sql = postgres(options);
const shape = (rows) => ({
  rows: [...rows],
  count: rows.count,
  command: rows.command,
  columns: rows.columns?.map(({ name, type }) => [name, type]),
});
const byId = (id) => sql`SELECT * FROM item WHERE id = ${id}`;

await runScenarios({
  connect: async () => shape(await sql`SELECT current_user AS who`),
  "simple query": async () => (await sql.unsafe("SELECT 1 AS a; SELECT 2 AS b").simple()).map((rows) => [...rows]),
  "prepared reuse": async () => [
    shape(await byId(1)),
    shape(await byId(7)),
    shape(await byId(1)),
    shape(await byId(999)),
  ],
  pipelines: async () =>
    (await Promise.all(Array.from({ length: 50 }, (_value, index) => byId(index * 3)))).map(([row]) => row?.name),
  "errors inside a pipeline": async () => {
    const results = await Promise.allSettled([
      byId(1),
      sql`SELECT 1 / (${0}::int)`,
      byId(2),
      sql`SELECT * FROM nowhere`,
      byId(3),
    ]);
    return results.map(({ value, reason }) => (value === undefined ? [reason.code, reason.position] : value[0].name));
  },
  describe: async () => {
    const { string, types, columns } = await sql`SELECT * FROM item WHERE id = ${1}`.describe();
    return [string, types, columns.map(({ name, type }) => [name, type])];
  },
  errors: () => failureOf(sql`SELECT nothing FROM item`),
  "raw values": async () =>
    (await sql`SELECT id, name FROM item ORDER BY id`.raw())
      .slice(0, 5)
      .map((row) => row.map((value) => value?.toString("hex") ?? null)),
  transactions: async () => {
    const failure = await failureOf(
      sql.begin(async (tx) => {
        await tx`INSERT INTO scratch VALUES (1, 'a')`;
        await tx.savepoint(async (inner) => inner`SELECT 1 / 0`).catch(() => undefined);
        await tx`INSERT INTO scratch VALUES (1, 'again')`;
      }),
    );
    return [failure, [...(await sql`SELECT * FROM scratch`)]];
  },
  "cursor with row limits": async () => {
    const counts = [];
    for await (const rows of sql`SELECT id, name FROM item ORDER BY id`.cursor(70)) counts.push(rows.length);
    return counts;
  },
  "listen and notify": async () => {
    let heard;
    const payload = new Promise((resolve) => (heard = resolve));
    await sql.listen("drops", heard);
    await sql.notify("drops", "hello");
    return payload;
  },
  "copy out": async () => {
    let bytes = 0;
    for await (const chunk of await sql`COPY (SELECT id FROM item ORDER BY id) TO STDOUT`.readable())
      bytes += chunk.length;
    return bytes;
  },
  cancel: async () => {
    const query = sql`SELECT pg_sleep(20)`;
    setTimeout(() => query.cancel(), 200);
    return failureOf(query);
  },
  notices: async () => {
    await sql`DROP TABLE IF EXISTS nowhere`;
    return notices;
  },
});
await sql.end();
