import { must } from "@freshet/base";
import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FreshetProcess } from "../harness/freshet-process.ts";
import { adminStatus, barrier, cacheNamed, cachedRows, TextClient, until } from "../faults/support.ts";

let server: PostgresServer;
let upstream: TextClient;
let freshet: FreshetProcess;
let proxied: TextClient;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await TextClient.connect(server);
  await upstream.rows(`
    CREATE EXTENSION IF NOT EXISTS citext;
    CREATE TABLE papers (id int PRIMARY KEY, day text, amount text, body text, doc xml, words tsvector, facts jsonb, tag citext, zone text, at timestamp);
    INSERT INTO papers SELECT i, '2020-01-' || 1 + i % 28, '1,2' || i || '.5-', 'the quick brown fox ' || i, ('<a><b>' || i || '</b></a>')::xml,
      to_tsvector('english', 'jumping dogs ' || i), jsonb_build_object('n', i, 'list', jsonb_build_array(i, i + 1)),
      CASE i % 3 WHEN 0 THEN 'Red' WHEN 1 THEN 'red' ELSE 'Blue' END, (ARRAY['Europe/Berlin', 'UTC', 'EST'])[1 + i % 3], '2020-06-01'::timestamp + i * interval '1 day'
      FROM generate_series(1, 12) i;
  `);
  freshet = await FreshetProcess.start({ upstream: server, instance: "served" });
  await until("replication runs", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 200 ? true : undefined,
  );
  proxied = await TextClient.connect(freshet.connection);
});

afterAll(async () => {
  await proxied.end();
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

const CHANGES = [
  "INSERT INTO papers VALUES (101, '1999-12-31', '77', 'a dog jumps', '<a><b>x</b></a>', 'dog', '{\"n\": -1}', 'RED', 'UTC', '2021-01-01')",
  "UPDATE papers SET tag = 'bLUE', body = body || ' dog', facts = NULL, doc = '<c/>' WHERE id IN (3, 4)",
  "UPDATE papers SET words = NULL, tag = NULL, zone = 'Asia/Tokyo' WHERE id = 5",
  "DELETE FROM papers WHERE id = 101",
];

type Served = readonly [mode: "incremental" | "invalidate", text: string, values?: readonly (readonly unknown[])[]];

/** Which mode serves them is part of what is told to users. */
const QUERIES: readonly Served[] = [
  ["invalidate", "SELECT id, to_date(day, 'YYYY-MM-DD') FROM papers ORDER BY id"],
  ["invalidate", "SELECT id, to_number(amount, '999G999D9S') FROM papers WHERE id < 9 ORDER BY id"],
  ["invalidate", "SELECT id, to_timestamp(day, 'YYYY-MM-DD') FROM papers ORDER BY id"],
  ["invalidate", "SELECT id, xpath('/a/b/text()', doc)::text FROM papers ORDER BY id"],
  ["incremental", "SELECT id FROM papers WHERE xmlexists('/a/b' PASSING doc) ORDER BY id"],
  ["invalidate", "SELECT xmlagg(doc ORDER BY id) FROM papers"],
  ["invalidate", "SELECT xmlelement(name p, xmlattributes(id AS i), body) FROM papers ORDER BY id"],
  ["incremental", "SELECT id FROM papers WHERE words @@ to_tsquery('english', 'dog & jump') ORDER BY id"],
  [
    "incremental",
    "SELECT id, ts_rank(to_tsvector('english', body), to_tsquery('english', 'fox | dog')) FROM papers ORDER BY id",
  ],
  [
    "incremental",
    "SELECT ts_headline('english', body, to_tsquery('english', 'fox')), count(*) FROM papers GROUP BY 1 ORDER BY 1",
  ],
  [
    "invalidate",
    "SELECT id FROM papers WHERE words @@ plainto_tsquery('english', $1) ORDER BY id",
    [["dogs"], ["cats"]],
  ],
  ["invalidate", "SELECT id, tag FROM papers ORDER BY tag, id"],
  ["invalidate", "SELECT id FROM papers WHERE tag = $1 ORDER BY id", [["RED"], ["red"], ["blue"]]],
  ["invalidate", "SELECT id FROM papers WHERE tag = 'BLUE' AND id < 50 ORDER BY id"],
  ["invalidate", "SELECT lower(tag), count(*) FROM papers GROUP BY tag ORDER BY 1"],
  ["invalidate", "SELECT id FROM papers WHERE tag LIKE 'R%' AND tag IN ('red', 'BLUE') ORDER BY id"],
  ["invalidate", "SELECT a.id, b.id FROM papers a JOIN papers b ON a.tag = b.tag AND a.id < b.id ORDER BY 1, 2"],
  ["invalidate", "SELECT id, at AT TIME ZONE zone AT TIME ZONE 'UTC' FROM papers ORDER BY id"],
];

const JSON_QUERIES: readonly Served[] = [
  [
    "invalidate",
    "SELECT id, JSON_VALUE(facts, '$.n' RETURNING int), JSON_QUERY(facts, '$.list') FROM papers ORDER BY id",
  ],
  ["invalidate", "SELECT id FROM papers WHERE JSON_EXISTS(facts, '$.list[*] ? (@ > 5)') ORDER BY id"],
  ["invalidate", "SELECT id, e FROM papers, JSON_TABLE(facts, '$.list[*]' COLUMNS (e int PATH '$')) ORDER BY 1, 2"],
];

async function check([mode, text, calls = [[]]]: Served, name: string): Promise<void> {
  await proxied.rows(`CREATE CACHE ${name} FROM ${text}`);
  expect((await cacheNamed(proxied, name))?.["mode"]).toBe(mode);
  for (const change of ["SELECT 1", ...CHANGES]) {
    await upstream.rows(change);
    await barrier(upstream, proxied);
    for (const values of calls)
      expect(await cachedRows(proxied, text, values)).toEqual(await upstream.rows(text, values));
  }
  await upstream.rows(
    "UPDATE papers SET tag = 'Red', facts = jsonb_build_object('n', id, 'list', '[7, 8]'::jsonb), doc = '<a/>' WHERE tag IS NULL OR facts IS NULL",
  );
}

test.each(QUERIES.map((query, index) => [query[1], query, index] as const))("%s", async (_text, query, index) => {
  await check(query, `served_${index}`);
});

test("SQL/JSON query functions, which PostgreSQL has since 17", async () => {
  const version = Number((await upstream.rows("SHOW server_version_num"))[0]?.[0]);
  if (version < 170_000) {
    await expect(upstream.rows(must(JSON_QUERIES[0])[1])).rejects.toThrow("does not exist");
    return;
  }
  for (const [index, query] of JSON_QUERIES.entries()) await check(query, `json_${index}`);
});
