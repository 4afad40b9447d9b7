import {
  encodeBind,
  encodeClose,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from "@freshet/wire";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ProxiedPostgres, startProxiedPostgres } from "./testing/proxied-postgres.ts";
import { RawClient, errorOf, types } from "./testing/raw-client.ts";
import { BY_KEY, CACHED, createCachedRows, query, rowsOf, run } from "./testing/statements.ts";

const ALL_CACHED = ["1,cached", "2,cached", "3,cached"];
const SYNC = encodeSync();

let proxied: ProxiedPostgres;
let client: RawClient;

beforeAll(async () => {
  proxied = await startProxiedPostgres();
  await createCachedRows(proxied);
});
afterAll(() => proxied.stop());
beforeEach(async () => {
  proxied.front.slow = false;
  proxied.front.timed = false;
  client = await RawClient.login(proxied.port, proxied.upstream);
  return () => client.close();
});

describe("a pipeline", () => {
  it.each([false, true])("keeps the order of hits and misses (slow decisions: %s)", async (slow) => {
    proxied.front.slow = slow;
    await query(client, CACHED);
    client.send(run(CACHED), run("SELECT 5"), run(CACHED), run("SELECT 6"), SYNC);
    const messages = await client.untilReady();
    expect(types(messages)).toBe("12TDDDC12TDC12TDDDC12TDCZ");
    expect(rowsOf(messages)).toEqual([...ALL_CACHED, "5", ...ALL_CACHED, "6"]);
  });

  it("of several segments keeps each segment's ReadyForQuery", async () => {
    await query(client, CACHED);
    client.send(run("SELECT 5"), SYNC, run(CACHED), SYNC, run("SELECT 6"), SYNC, SYNC);
    expect(types(await client.untilReady())).toBe("12TDCZ");
    expect(types(await client.untilReady())).toBe("12TDDDCZ");
    expect(types(await client.untilReady())).toBe("12TDCZ");
    expect(types(await client.untilReady())).toBe("Z");
  });

  it("forwards what follows a write", async () => {
    await query(client, CACHED);
    client.send(run("UPDATE cached_rows SET n = n"), run(CACHED), SYNC, run(CACHED), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(["1,upstream", "2,upstream"]);
    expect(rowsOf(await client.untilReady())).toEqual(["1,upstream", "2,upstream"]);
    expect(rowsOf(await query(client, CACHED))).toEqual(ALL_CACHED);
  });

  it("forwards what hangs on the clock behind anything that went upstream, where the time stands still", async () => {
    await query(client, CACHED);
    proxied.front.timed = true;
    client.send(run("SELECT 5"), run(CACHED), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(["5", "1,upstream", "2,upstream"]);
    client.send(run(CACHED), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(ALL_CACHED);
  });

  it("forwards what hangs on the clock while an answer before it is outstanding, where the time would be a later one", async () => {
    await query(client, CACHED);
    proxied.front.timed = true;
    client.send(run("SELECT 5 FROM pg_sleep(0.1)"), SYNC, run(CACHED), SYNC, encodeQuery(CACHED));
    expect(rowsOf(await client.untilReady())).toEqual(["5"]);
    expect(rowsOf(await client.untilReady())).toEqual(["1,upstream", "2,upstream"]);
    expect(rowsOf(await client.untilReady())).toEqual(["1,upstream", "2,upstream"]);
    expect(rowsOf(await query(client, CACHED))).toEqual(ALL_CACHED);
  });

  it("answers up to a Flush without ReadyForQuery", async () => {
    await query(client, CACHED);
    client.send(run(CACHED), run("SELECT 5"), run(CACHED), encodeFlush());
    expect(types(await client.until("C"))).toBe("12TDDDC");
    expect(types(await client.until("C"))).toBe("12TDC");
    expect(types(await client.until("C"))).toBe("12TDDDC");
    client.send(SYNC);
    expect(types(await client.untilReady())).toBe("Z");
  });

  it("skips to Sync after an upstream error, with all that was answered here", async () => {
    await query(client, CACHED);
    client.send(run("SELECT 5"), run("SELEC"), encodeParse("later", CACHED), run(CACHED), SYNC, run(CACHED), SYNC);
    const failed = await client.untilReady();
    expect(types(failed)).toBe("12TDCEZ");
    // What failed might have written: the next segment goes upstream.
    expect(rowsOf(await client.untilReady())).toEqual(["1,upstream", "2,upstream"]);
    // The Parse behind the error never happened.
    client.send(encodeBind({ statement: "later" }), SYNC);
    expect(errorOf(await client.untilReady())).toMatch(/^26000 /);
  });

  it("skips what comes after an error is known", async () => {
    client.send(run("SELEC"), encodeFlush());
    expect(types(await client.until("E"))).toBe("E");
    client.send(run(CACHED), encodeQuery(CACHED), SYNC);
    expect(types(await client.untilReady())).toBe("Z");
    expect(rowsOf(await query(client, CACHED))).toEqual(ALL_CACHED);
  });

  it("of thousands of segments is answered whole", async () => {
    const segments = Array.from({ length: 3000 }, (_, index) =>
      Buffer.concat([run(index % 3 === 0 ? "SELECT 5" : CACHED), SYNC]),
    );
    await query(client, CACHED);
    client.send(...segments);
    for (let index = 0; index < segments.length; index++) {
      expect(types(await client.untilReady())).toBe(index % 3 === 0 ? "12TDCZ" : "12TDDDCZ");
    }
  });

  it("may end with a simple Query", async () => {
    client.send(encodeParse("", "SELECT 5"), encodeQuery(CACHED));
    expect(types(await client.untilReady())).toBe("1TDDCZ");
    client.send(encodeParse("", CACHED), encodeQuery(CACHED));
    expect(rowsOf(await client.untilReady())).toEqual(ALL_CACHED);
  });
});

describe("a prepared statement", () => {
  it("is described and executed without the upstream", async () => {
    client.send(encodeParse("s", BY_KEY), encodeDescribe("statement", "s"), SYNC);
    expect(types(await client.untilReady())).toBe("1tTZ");
    for (const key of ["1", "3"]) {
      client.send(encodeBind({ statement: "s", values: [key] }), encodeExecute(""), SYNC);
      expect(rowsOf(await client.untilReady())).toEqual([`${key},cached`]);
    }
    expect(rowsOf(await query(client, "SELECT 'pure', count(*) FROM pg_prepared_statements WHERE name = 's'"))).toEqual(
      ["pure,1"],
    );
  });

  it("goes upstream when a miss needs it, unseen by the client", async () => {
    client.send(encodeParse("s", BY_KEY, [23]), SYNC);
    expect(types(await client.untilReady())).toBe("1Z");
    client.send(encodeBind({ statement: "s", values: [null] }), encodeDescribe("portal", ""), encodeExecute(""), SYNC);
    expect(types(await client.untilReady())).toBe("2TCZ");
    await query(client, "BEGIN");
    client.send(encodeBind({ statement: "s", values: ["1"] }), encodeExecute(""), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(["1,upstream"]);
    await query(client, "COMMIT");
    client.send(encodeBind({ statement: "s", values: ["1"] }), encodeExecute(""), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(["1,cached"]);
  });

  it("cannot be prepared twice under one name", async () => {
    client.send(encodeParse("s", CACHED), SYNC, encodeParse("s", "SELECT 5"), SYNC);
    expect(types(await client.untilReady())).toBe("1Z");
    expect(errorOf(await client.untilReady())).toMatch(/^42P05 /);
    client.send(encodeBind({ statement: "s" }), encodeExecute(""), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(ALL_CACHED);
  });

  it("that was dropped unseen is the new one from its next Parse on", async () => {
    client.send(encodeParse("s", "SELECT 5"), SYNC);
    await client.untilReady();
    await query(client, "DO $$ BEGIN EXECUTE 'DEALLOCATE ' || 's'; END $$");
    client.send(encodeParse("s", "SELECT 6"), encodeBind({ statement: "s" }), encodeExecute(""), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(["6"]);
  });

  it("shares its name with those of SQL", async () => {
    client.send(encodeParse("s", CACHED), SYNC);
    await client.untilReady();
    expect(errorOf(await query(client, "PREPARE s AS SELECT 5"))).toMatch(/^42P05 /);
    expect(rowsOf(await query(client, "EXECUTE s"))).toEqual(["1,upstream", "2,upstream"]);
  });

  it("is gone after Close", async () => {
    client.send(encodeParse("s", CACHED), encodeClose("statement", "s"), SYNC);
    expect(types(await client.untilReady())).toBe("13Z");
    client.send(encodeBind({ statement: "s" }), SYNC);
    expect(errorOf(await client.untilReady())).toBe('26000 prepared statement "s" does not exist');
  });

  it.each(["DEALLOCATE s", "DEALLOCATE ALL", "DISCARD ALL"])("is gone after %s", async (text) => {
    client.send(encodeParse("s", CACHED), SYNC);
    await client.untilReady();
    expect(errorOf(await query(client, text))).toBe("no error");
    client.send(encodeBind({ statement: "s" }), SYNC);
    expect(errorOf(await client.untilReady())).toMatch(/^26000 /);
    expect(rowsOf(await query(client, CACHED))).toEqual(ALL_CACHED);
  });

  it("whose Parse the upstream refused is not remembered", async () => {
    client.send(encodeParse("bad", "SELECT nothing FROM nowhere"), SYNC, encodeParse("bad", "SELECT 5"), SYNC);
    expect(errorOf(await client.untilReady())).toMatch(/^42P01 /);
    expect(types(await client.untilReady())).toBe("1Z");
  });

  it("without a name outlives the probe", async () => {
    client.send(encodeParse("", "SELECT 42"), SYNC);
    await client.untilReady();
    await query(client, "SET DateStyle TO 'ISO, DMY'");
    client.send(encodeParse("", "SELECT 43"), SYNC, encodeParse("s", CACHED), SYNC);
    await client.untilReady();
    await client.untilReady();
    client.send(encodeParse("probing", CACHED), encodeBind({ statement: "" }), encodeExecute(""), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(["43"]);
  });
});

describe("a portal", () => {
  it("of a cache is suspended at its row limit and goes on", async () => {
    const next = encodeExecute("p", 2);
    client.send(encodeParse("", CACHED), encodeBind({ portal: "p" }), next, next, encodeExecute("p"), SYNC);
    const messages = await client.untilReady();
    expect(types(messages)).toBe("12DDsDCCZ");
    expect(
      messages.filter((message) => message.type === "C").map((message) => message.bytes.toString("latin1", 5)),
    ).toEqual(["SELECT 1\0", "SELECT 0\0"]);
  });

  it("ends with its segment", async () => {
    client.send(encodeParse("", CACHED), encodeBind({ portal: "p" }), SYNC, encodeExecute("p"), SYNC);
    expect(types(await client.untilReady())).toBe("12Z");
    expect(errorOf(await client.untilReady())).toBe('34000 portal "p" does not exist');
  });

  it("cannot be made twice, and can be closed", async () => {
    client.send(encodeParse("", CACHED), encodeBind({ portal: "p" }), encodeBind({ portal: "p" }), SYNC);
    expect(errorOf(await client.untilReady())).toMatch(/^42P03 /);
    client.send(
      encodeParse("", CACHED),
      encodeBind({ portal: "p" }),
      encodeClose("portal", "p"),
      encodeBind({ portal: "p" }),
      SYNC,
    );
    expect(types(await client.untilReady())).toBe("1232Z");
  });

  it("of the upstream is relayed with its limits", async () => {
    client.send(encodeParse("", "SELECT * FROM generate_series(1, 5)"), encodeBind({ portal: "p" }));
    client.send(encodeExecute("p", 3), encodeExecute("p", 3), SYNC);
    expect(types(await client.untilReady())).toBe("12DDDsDDCZ");
  });

  it("gives values in the formats that were asked for", async () => {
    client.send(
      encodeParse("", BY_KEY, [23]),
      encodeBind({ formats: [1], values: [Buffer.from([0, 0, 0, 2])], resultFormats: [1, 0] }),
    );
    client.send(encodeDescribe("portal", ""), encodeExecute(""), SYNC);
    expect(rowsOf(await client.untilReady())).toEqual(["\0\0\0\u0002,cached"]);
  });
});
