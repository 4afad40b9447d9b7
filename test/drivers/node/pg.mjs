// node-postgres with its pool, cursors, query streams and COPY streams. Where to connect is in PGHOST, PGPORT and so on.
import { once } from "node:events";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import { failureOf, runScenarios } from "./scenario.mjs";

const client = new pg.Client();
await client.connect();
const shape = ({ command, rowCount, fields, rows }) => ({
  command,
  rowCount,
  fields: fields.map(({ name, dataTypeID, dataTypeModifier, format }) => [name, dataTypeID, dataTypeModifier, format]),
  rows,
});
const all = "SELECT * FROM item WHERE id = $1";

await runScenarios({
  connect: async () => [client.processID > 0, (await client.query("SELECT current_user AS who")).rows],
  "simple query": async () => shape(await client.query("SELECT id, name FROM item ORDER BY id")),
  "several statements": async () =>
    (await client.query("SELECT 1 AS a; SELECT 2 AS b, NULL AS c; VALUES (3)")).map(shape),
  extended: async () => shape(await client.query(all, [5])),
  "parameters without rows": async () => shape(await client.query(all, [5000])),
  "prepared reuse": async () => {
    const results = [];
    for (const id of [1, 2, 7, 2, 200])
      results.push(shape(await client.query({ name: "by_id", text: all, values: [id] })));
    return results;
  },
  "binary formats": async () => {
    const asked = new pg.Query({
      text: "SELECT id, name, big, flag, ratio FROM item WHERE id = $1",
      values: [8],
      binary: true,
    });
    const rows = [];
    asked.on("row", (row) => rows.push(row));
    const ended = once(asked, "end");
    client.query(asked);
    await ended;
    return rows;
  },
  "NULL parameters": async () =>
    shape(await client.query("SELECT $1::text AS a, $2::int[] AS b, $3::jsonb AS c", [null, [1, null], { a: null }])),
  aggregates: async () => shape(await client.query("SELECT flag, count(*) AS n FROM item GROUP BY flag ORDER BY flag")),
  "syntax error": () => failureOf(client.query("SELECT id FRM item")),
  "unknown column": () => failureOf(client.query("SELECT idd FROM item WHERE id = $1", [1])),
  "constraint error": () => failureOf(client.query("INSERT INTO item (id) VALUES (1)")),
  "type error in a parameter": () => failureOf(client.query(all, ["no number"])),
  transactions: async () => {
    await client.query("BEGIN");
    await client.query("INSERT INTO scratch VALUES (1, 'a')");
    const inside = (await client.query("SELECT * FROM scratch")).rows;
    await client.query("ROLLBACK");
    return [inside, (await client.query("SELECT * FROM scratch")).rows];
  },
  "failed transaction": async () => {
    await client.query("BEGIN");
    const first = await failureOf(client.query("SELECT 1/0"));
    const second = await failureOf(client.query(all, [1]));
    return [first, second, (await client.query("COMMIT")).command, shape(await client.query(all, [1]))];
  },
  savepoints: async () => {
    await client.query("BEGIN; SAVEPOINT a; INSERT INTO scratch VALUES (2, 'b')");
    await client.query("ROLLBACK TO a; INSERT INTO scratch VALUES (3, 'c'); COMMIT");
    return (await client.query("DELETE FROM scratch RETURNING *")).rows;
  },
  "read your own writes": async () => {
    await client.query("UPDATE item SET price = 77 WHERE id = 9");
    const after = (await client.query(all, [9])).rows;
    await client.query("UPDATE item SET price = 11.25 WHERE id = 9");
    return [after, (await client.query(all, [9])).rows];
  },
  "copy in and out": async () => {
    const lines = Array.from({ length: 3000 }, (_value, index) => `${index}\t${"x".repeat(index % 50)}\n`);
    await pipeline(Readable.from(lines), client.query(copyFrom("COPY scratch FROM STDIN")));
    let bytes = 0;
    for await (const chunk of client.query(copyTo("COPY (SELECT * FROM scratch ORDER BY id) TO STDOUT")))
      bytes += chunk.length;
    return [bytes, (await client.query("DELETE FROM scratch")).rowCount];
  },
  "copy error": () =>
    failureOf(pipeline(Readable.from(["1\ta\n", "x\tb\n"]), client.query(copyFrom("COPY scratch FROM STDIN")))),
  "listen and notify": async () => {
    await client.query("LISTEN drops");
    const heard = once(client, "notification");
    await client.query("NOTIFY drops, 'hé'");
    const [{ channel, payload, processId }] = await heard;
    return [channel, payload, processId === client.processID];
  },
  notices: async () => {
    const notice = once(client, "notice");
    await client.query("DO $$ BEGIN RAISE NOTICE 'mind' USING HINT = 'the gap'; END $$");
    const [{ message, hint, severity, code }] = await notice;
    return { message, hint, severity, code };
  },
  "statement timeout": async () => {
    await client.query("SET statement_timeout = 50");
    const failure = await failureOf(client.query("SELECT pg_sleep(10)"));
    await client.query("RESET statement_timeout");
    return failure;
  },
  cancel: async () => {
    const other = new pg.Client();
    await other.connect();
    const running = failureOf(client.query("SELECT pg_sleep(20)"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [canceller] = [new pg.Client()];
    canceller.cancel(client, client.activeQuery ?? client._getActiveQuery?.());
    const failure = await running;
    await other.end();
    return failure;
  },
  "cursor with row limits": async () => {
    const cursor = client.query(new Cursor("SELECT id, name FROM item ORDER BY id"));
    const counts = [];
    for (;;) {
      const rows = await cursor.read(64);
      counts.push([rows.length, rows[0]]);
      if (rows.length === 0) break;
    }
    await cursor.close();
    return counts;
  },
  "cursor closed early": async () => {
    const cursor = client.query(new Cursor("SELECT id, name FROM item ORDER BY id"));
    const rows = await cursor.read(3);
    await cursor.close();
    return [rows, (await client.query(all, [3])).rows];
  },
  "query stream": async () => {
    const ids = [];
    for await (const { id } of client.query(
      new QueryStream("SELECT id, name FROM item ORDER BY id", [], { batchSize: 17 }),
    ))
      ids.push(id);
    return ids;
  },
  "large rows": async () => {
    const { rows } = await client.query("SELECT repeat('é', 3000000) AS v, $1::text AS w", ["y".repeat(2_000_000)]);
    return [rows[0].v.length, rows[0].w.length];
  },
  settings: async () => {
    await client.query("SET TIME ZONE 'Asia/Tokyo'; SET DateStyle = 'German'");
    const moved = await client.query("SELECT at::text, day::text FROM item WHERE id = 4");
    const cached = await client.query({ text: all, values: [4], types: { getTypeParser: () => String } });
    await client.query("RESET TimeZone; RESET DateStyle");
    return [moved.rows, cached.rows];
  },
  pool: async () => {
    const pool = new pg.Pool({ max: 5 });
    const ids = Array.from({ length: 60 }, (_value, index) => (index * 37) % 200);
    const names = await Promise.all(ids.map(async (id) => (await pool.query(all, [id])).rows[0]?.name));
    await pool.end();
    return names;
  },
});
await client.end();
