import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeCancelRequest,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
  frame,
} from "@freshet/wire";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ProxiedPostgres, startProxiedPostgres } from "./testing/proxied-postgres.ts";
import { RawClient, errorOf, startup, types } from "./testing/raw-client.ts";
import { BY_KEY, CACHED, createCachedRows, query, rowsOf, run } from "./testing/statements.ts";

let proxied: ProxiedPostgres;
let client: RawClient;
const int4 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

beforeAll(async () => {
  proxied = await startProxiedPostgres();
  await createCachedRows(proxied);
});
afterAll(() => proxied.stop());
beforeEach(async () => {
  client = await RawClient.login(proxied.port, proxied.upstream);
  return () => client.close();
});

function proxiedUrl(): string {
  const url = new URL(proxied.upstreamUrl);
  url.host = `127.0.0.1:${proxied.port}`;
  return url.toString();
}

describe("COPY", () => {
  it("goes both ways, large and small", async () => {
    await query(client, "CREATE TABLE copied (a text)");
    const line = Buffer.from(`${"x".repeat(100_000)}\n`);
    client.send(encodeQuery("COPY copied FROM STDIN"));
    expect(types(await client.until("G"))).toBe("G");
    client.send(...Array.from({ length: 50 }, () => encodeCopyData(line)), encodeCopyDone(), encodeQuery(CACHED));
    expect(types(await client.untilReady())).toBe("CZ");
    expect(types(await client.untilReady())).toMatch(/^TD+CZ$/);
    client.send(encodeQuery("COPY copied TO STDOUT"));
    const out = await client.untilReady();
    expect(types(out)).toBe(`H${"d".repeat(50)}cCZ`);
    expect(
      out.filter((message) => message.type === "d").every((message) => message.bytes.subarray(5).equals(line)),
    ).toBe(true);
  });

  it("works in one pipelined write, without waiting for the server", async () => {
    await query(client, "CREATE TEMP TABLE c (a int)");
    client.send(
      encodeQuery("COPY c FROM STDIN"),
      encodeCopyData(Buffer.from("1\n")),
      encodeCopyDone(),
      encodeQuery("SELECT a FROM c"),
    );
    expect(types(await client.untilReady())).toBe("GCZ");
    expect(rowsOf(await client.untilReady())).toEqual(["1"]);
  });

  it("may be a simple Query that ends a segment of the extended protocol", async () => {
    await query(client, "CREATE TEMP TABLE c (a int)");
    const copy = [encodeQuery("COPY c FROM STDIN"), encodeCopyData(Buffer.from("1\n")), encodeCopyDone()];
    client.send(encodeParse("", "SELECT 1 FROM c"), encodeFlush());
    await client.until("1");
    client.send(...copy);
    expect(types(await client.untilReady())).toBe("GCZ");
    client.send(encodeParse("", "SELECT 2 FROM c"), ...copy);
    expect(types(await client.untilReady())).toBe("1GCZ");
    client.send(encodeParse("", "SELECT nothing FROM c"), ...copy, encodeSync());
    expect(types(await client.untilReady())).toBe("EZ");
    expect(rowsOf(await query(client, "SELECT count(*) FROM c"))).toEqual(["2"]);
  });

  it("that fails leaves the session usable", async () => {
    await query(client, "CREATE TEMP TABLE c (a int)");
    client.send(encodeQuery("COPY c FROM STDIN"));
    await client.until("G");
    client.send(encodeCopyData(Buffer.from("not a number\n")), encodeCopyData(Buffer.from("1\n")), encodeCopyDone());
    expect(errorOf(await client.untilReady())).toMatch(/^22P02 /);
    client.send(encodeQuery("COPY c FROM STDIN"));
    await client.until("G");
    client.send(encodeCopyFail("changed my mind"));
    expect(errorOf(await client.untilReady())).toMatch(/^57014 .*changed my mind/);
    expect(rowsOf(await query(client, "SELECT count(*) FROM c"))).toEqual(["0"]);
  });

  it("works in the extended protocol, ignoring Sync and Flush while it lasts", async () => {
    await query(client, "CREATE TEMP TABLE c (a int)");
    client.send(run("COPY c FROM STDIN"), encodeSync());
    expect(types(await client.until("G"))).toBe("12nG");
    client.send(encodeFlush(), encodeSync(), encodeCopyData(Buffer.from("1\n")), encodeCopyDone(), encodeSync());
    expect(types(await client.untilReady())).toBe("CZ");
    client.send(run("COPY c FROM STDIN"));
    client.send(encodeFlush());
    await client.until("G");
    client.send(encodeCopyData(Buffer.from("x\n")), encodeCopyDone(), run(CACHED), encodeSync());
    expect(types(await client.untilReady())).toBe("EZ");
    expect(rowsOf(await query(client, "SELECT count(*) FROM c"))).toEqual(["1"]);
  });
});

describe("asynchronous messages", () => {
  it("reach the client while it is idle", async () => {
    await query(client, "LISTEN news");
    const other = await RawClient.login(proxied.port, proxied.upstream);
    await query(other, "NOTIFY news, 'hello'");
    other.close();
    const notification = await client.next();
    expect(notification?.bytes.toString()).toContain("news\0hello");
  });

  it("of a setting's change are relayed", async () => {
    expect(types(await query(client, "SET application_name TO 'me'"))).toBe("CSZ");
  });
});

describe("a function call", () => {
  it("is relayed and ends its segment", async () => {
    await query(client, CACHED);
    // int4pl(2, 3), arguments and result in binary format.
    const call = frame(
      0x46,
      int4(177),
      Buffer.from([0, 1, 0, 1, 0, 2]),
      int4(4),
      int4(2),
      int4(4),
      int4(3),
      Buffer.from([0, 1]),
    );
    client.send(call, encodeQuery(CACHED));
    const answer = await client.untilReady();
    expect(types(answer)).toBe("VZ");
    expect(answer[0]?.bytes.readInt32BE(9)).toBe(5);
    expect(rowsOf(await client.untilReady())).toEqual(["1,upstream", "2,upstream"]);
  });
});

describe("a cancel request", () => {
  it("reaches the statement that runs", async () => {
    const [pid, key] = await backendKey();
    client.send(encodeQuery("SELECT pg_sleep(60)"));
    await running("SELECT pg_sleep(60)");
    const cancel = new RawClient(proxied.port);
    cancel.send(encodeCancelRequest(pid, key));
    await cancel.closed;
    expect(errorOf(await client.untilReady())).toMatch(/^57014 /);
  });
});

async function backendKey(): Promise<[number, Buffer]> {
  client.close();
  const fresh = new RawClient(proxied.port);
  fresh.send(startup(proxied.upstream));
  const key = (await fresh.authenticate(proxied.upstream)).find((message) => message.type === "K");
  client = fresh;
  return [key?.bytes.readUInt32BE(5) ?? 0, key?.bytes.subarray(9) ?? Buffer.alloc(0)];
}

async function running(text: string): Promise<void> {
  const other = await RawClient.login(proxied.port, proxied.upstream);
  for (;;) {
    const found = rowsOf(
      await query(other, `SELECT count(*) FROM pg_stat_activity WHERE query = '${text}' AND state = 'active'`),
    );
    if (found[0] === "1") break;
  }
  other.close();
}

describe("large messages", () => {
  it("pass through whole", async () => {
    const text = `SELECT length('${"x".repeat(3_000_000)}')`;
    expect(rowsOf(await query(client, text))).toEqual(["3000000"]);
    client.send(encodeParse("", text), run("SELECT length($1)", ["y".repeat(2_000_000)]), encodeSync());
    expect(rowsOf(await client.untilReady())).toEqual(["2000000"]);
    expect(rowsOf(await query(client, "SELECT length(repeat('z', 1000)) FROM generate_series(1, 20000)")).length).toBe(
      20_000,
    );
  });
});

describe("drivers", () => {
  it("node-postgres works in all its ways", async () => {
    const connection = new pg.Client({ connectionString: proxiedUrl() });
    await connection.connect();
    expect((await connection.query(CACHED)).rows).toHaveLength(3);
    expect((await connection.query(BY_KEY, [2])).rows).toEqual([{ n: 2, origin: "cached" }]);
    for (const key of [1, 3]) {
      const result = await connection.query({ name: "named", text: BY_KEY, values: [key] });
      expect(result.rows).toEqual([{ n: key, origin: "cached" }]);
    }
    const limited = await connection.query({ text: CACHED, rows: 2 } as pg.QueryConfig);
    expect(limited.rows.length).toBeGreaterThanOrEqual(2);
    await expect(connection.query("SELECT 1/0")).rejects.toMatchObject({ code: "22012" });
    await expect(connection.query("DROP CACHE nope")).rejects.toMatchObject({ code: "42704", detail: "d", hint: "h" });
    await connection.query("BEGIN");
    expect((await connection.query(BY_KEY, [2])).rows).toEqual([{ n: 2, origin: "upstream" }]);
    await connection.query("COMMIT");
    await connection.end();
  });

  it("psql works", async () => {
    const { stdout } = await promisify(execFile)("psql", [
      "-X",
      "-At",
      "-c",
      CACHED,
      "-c",
      "SELECT 1",
      "-c",
      "SHOW CACHES",
      proxiedUrl(),
    ]);
    expect(stdout.split("\n").slice(0, 6)).toEqual(["1|cached", "2|cached", "3|cached", "1", "one", "two"]);
  });
});
