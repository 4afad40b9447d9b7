import { startPostgres } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminStatus, until } from "../faults/support.ts";
import { FreshetProcess } from "../harness/freshet-process.ts";

let server: PostgresServer;
let upstream: pg.Client;
let freshet: FreshetProcess;
let proxied: pg.Client;

beforeAll(async () => {
  server = await startPostgres();
  upstream = await connect(server);
  await upstream.query(`
    CREATE TABLE k (i2 int2, i4 int4, i8 int8, t text, u uuid, d date, ts timestamptz, n numeric, b bytea, f float8,
      v varchar(20), bl bool, id serial PRIMARY KEY);
    INSERT INTO k SELECT i % 7, i - 50, (i - 50) * 9000000063, 'é' || i % 9, md5((i % 9)::text)::uuid,
      date '2000-01-01' + i % 5, timestamptz '2020-01-01' + i % 4 * interval '1.5 day', (i % 6)::numeric / 4,
      decode(md5((i % 5)::text), 'hex'), i % 6 / 4.0, 'v' || i % 8, i % 2 = 0 FROM generate_series(1, 100) i;
    INSERT INTO k DEFAULT VALUES;
  `);
  freshet = await FreshetProcess.start({ upstream: server, instance: "look_ups" });
  await until("replication runs", async () =>
    (await adminStatus(freshet.adminUrl, "/readyz")).status === 200 ? true : undefined,
  );
  proxied = await connect(freshet.connection);
});

afterAll(async () => {
  await proxied.end();
  await upstream.end();
  await freshet.remove();
  await server.stop();
});

async function connect({ host, port, user, password, database }: pg.ClientConfig): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  return client;
}

const VALUES: Readonly<Record<string, readonly (string | null)[]>> = {
  i2: ["3", "-1", "0", "32767", "40000", "x", "", "1.0", " 3", null],
  i4: ["7", "-7", "000", "2147483647", "-49", "99999999999", "+7", null],
  i8: ["9", "-441000003087", "999999999", "9000000063", "-9", null],
  t: ["é3", "", "e", "e\u0301", "x\\y", null],
  u: ["c4ca4238-a0b9-2382-0dcc-509a6f75849b", "C4CA4238A0B923820DCC509A6F75849B", "zz"],
  d: ["2000-01-03", "infinity", "20000103", "bad"],
  ts: ["2020-01-02 12:00:00+00", "2020-01-01"],
  n: ["0.25", "0.250", "1e0", "NaN", ".5"],
  b: ["\\xc4ca4238a0b923820dcc509a6f75849b", "\\x"],
  f: ["0.25", "-0", "NaN", "1e400"],
  v: ["v3", "v3 ", null],
  bl: ["t", "true", "0", "maybe"],
};

/** Fields and rows, or the error. */
async function outcome(client: pg.Client, query: pg.QueryArrayConfig & { binary: boolean }): Promise<unknown> {
  try {
    const { fields, rows } = await client.query(query);
    return [fields.map(({ name, dataTypeID, format }) => [name, dataTypeID, format]), rows];
  } catch (thrown) {
    return thrown instanceof pg.DatabaseError ? [thrown.code, thrown.message] : thrown;
  }
}

test("a look-up by key of any type is answered as PostgreSQL answers it, again and again", async () => {
  const text = (column: string): string => `SELECT id, ${column}, t, n, ts FROM k WHERE ${column} = $1 ORDER BY id`;
  for (const column of Object.keys(VALUES)) await proxied.query(`CREATE CACHE c_${column} FROM ${text(column)}`);
  let answered = 0;
  for (let round = 0; round < 3; round++) {
    for (const [column, values] of Object.entries(VALUES)) {
      for (const value of values) {
        for (const [prepared, binary] of [
          [false, false],
          [false, true],
          [true, false],
          [true, true],
        ] as const) {
          const name = prepared ? { name: `${column} ${binary}` } : {};
          const query = { text: text(column), values: [value], rowMode: "array" as const, binary, ...name };
          const expected = await outcome(upstream, query);
          expect([column, value, await outcome(proxied, query)]).toEqual([column, value, expected]);
          answered++;
        }
      }
    }
  }
  const { rows } = await proxied.query<{ hits: string }>("SHOW CACHES");
  const hits = rows.reduce((sum, row) => sum + Number(row.hits), 0);
  expect(hits).toBeGreaterThan(answered / 2);
});
