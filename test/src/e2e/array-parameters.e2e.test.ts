import { afterAll, beforeAll, expect, test } from "vitest";
import { Replicating } from "../faults/replicating.ts";
import { barrier, cachedRows, type TextClient } from "../faults/support.ts";

let running: Replicating;
let upstream: TextClient;
let proxied: TextClient;

beforeAll(async () => {
  running = await Replicating.start("arrays", {
    schema: `
    CREATE TABLE items (id int PRIMARY KEY, kind text COLLATE "C", size int);
    INSERT INTO items SELECT i, chr(97 + i % 5), nullif(i % 10, 4) FROM generate_series(1, 200) i;
  `,
  });
  ({ upstream, proxied } = running);
});

afterAll(() => running.stop());

/** `x = ANY` of an array whose slot is no conjunct of WHERE by its text. */
const QUERIES: readonly (readonly [text: string, values: readonly (readonly unknown[])[]])[] = [
  ["SELECT id FROM items WHERE kind = ANY ($1::text[]) ORDER BY 1", [["{a,c}"], ["{}"], ["{NULL,b}"], [null]]],
  ["SELECT id FROM items WHERE size = ANY ($1::int[]) AND kind = $2 ORDER BY 1", [["{1,6}", "b"]]],
  ["SELECT kind, count(*) FROM items GROUP BY kind HAVING kind = ANY ($1) ORDER BY 1", [["{a,e}"], ["{z}"]]],
  ["SELECT kind FROM items GROUP BY kind HAVING count(*) = ANY ($1) ORDER BY 1", [["{40,41}"], ["{1}"]]],
];

test.each(QUERIES)("%s", async (text, calls) => {
  await proxied.rows(`CREATE CACHE WITH (mode = 'incremental') FROM ${text}`);
  for (const change of ["SELECT 1", "UPDATE items SET kind = 'c', size = 6 WHERE id % 9 = 1"]) {
    await upstream.rows(change);
    await barrier(upstream, proxied);
    for (const values of calls) {
      const rows = await cachedRows(proxied, text, values);
      expect({ text, values, rows }).toEqual({ text, values, rows: await upstream.rows(text, values) });
    }
  }
});
