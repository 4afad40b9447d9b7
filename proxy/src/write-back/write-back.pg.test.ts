import { createHash } from "node:crypto";
import { environment, must, SeededRandom, silentLogger } from "@freshet/base";
import {
  APPLIED_KEY,
  ENTRY_TAG,
  META_ARRANGEMENT,
  encodeOutboxDelta,
  encodeViewEntry,
  encodeViewStatus,
  outboxArrangement,
  outboxKey,
  outboxKeyLsn,
  viewArrangement,
  viewStatusKey,
} from "@freshet/contract";
import { type Connection, type TestDatabase, createDatabase, startPostgres, withClient } from "@freshet/postgres";
import type { PostgresServer } from "@freshet/postgres";
import { MemoryStore } from "@freshet/store";
import { DEFAULT_TEXT_SETTINGS, type Lsn, Oid, type Row, createCodecs, packRow, unpackRow } from "@freshet/values";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { ControlConnection } from "../control/control-connection.ts";
import { intPlan } from "../testing/int-view.ts";
import { WriteBack } from "./write-back.ts";

const SEED = Number(environment()["FRESHET_SEED"] ?? "7");
const TYPES: readonly (readonly [string, number])[] = [
  ["id", Oid.int4],
  ["amount", Oid.numeric],
  ["doc", Oid.jsonb],
  ["tags", 1009],
  ["name", Oid.text],
];
const codecs = createCodecs([]);
const plan = {
  ...intPlan(TYPES.length, TYPES.length),
  result: TYPES.map(([name, typeOid]) => ({
    name,
    typeOid,
    typmod: -1,
    collation: 0,
    tableOid: 0,
    attribute: 0,
    typeLength: -1,
  })),
};
/** Longer than an index takes, and not to be compressed. */
const LONG = createHash("shake256", { outputLength: 6000 }).update("long").digest("hex");
const TARGET = { schema: "public", table: "Target" };

function row(texts: readonly (string | null)[]): Row {
  return packRow(
    texts.map((text, index) => {
      const codec = must(codecs.get(must(TYPES[index])[1]));
      return text === null ? null : must(codec.fromText(text, DEFAULT_TEXT_SETTINGS), `${codec.name} ${text}`);
    }),
  );
}

/** What record_send gives for a packed row. */
function recordImage(packed: Row): string {
  const parts = unpackRow(packed).flatMap((value, index) => {
    const head = Buffer.alloc(8);
    head.writeInt32BE(must(TYPES[index])[1], 0);
    head.writeInt32BE(value === null ? -1 : value.length, 4);
    return value === null ? [head] : [head, value];
  });
  const count = Buffer.alloc(4);
  count.writeInt32BE(TYPES.length, 0);
  return Buffer.concat([count, ...parts]).toString("hex");
}

/** A cache's view and outbox, as an engine would keep them. */
class Twin {
  readonly store = new MemoryStore();
  readonly rows: Row[] = [];
  readonly cacheId: number;
  lsn: Lsn = 100n;

  constructor(cacheId: number) {
    this.cacheId = cacheId;
    this.commit([]);
  }

  commit(deltas: readonly { readonly row: Row; readonly weight: number }[]): void {
    this.lsn += 10n;
    const lsn = this.lsn;
    this.store.write((transaction) => {
      const applied = Buffer.alloc(8);
      applied.writeBigUInt64BE(lsn);
      transaction.put(META_ARRANGEMENT, APPLIED_KEY, applied);
      const status = encodeViewStatus({ ready: true, errors: 0, rows: 0, bytes: 0 });
      transaction.put(META_ARRANGEMENT, viewStatusKey(this.cacheId), status);
      deltas.forEach((delta, sequence) => {
        transaction.put(outboxArrangement(this.cacheId), outboxKey(lsn, sequence), encodeOutboxDelta(delta));
        const key = Buffer.concat([Buffer.from([ENTRY_TAG]), createHash("sha256").update(delta.row).digest()]);
        const old = transaction.get(viewArrangement(this.cacheId), key)?.readUInt32BE(0) ?? 0;
        if (old + delta.weight === 0) transaction.remove(viewArrangement(this.cacheId), key);
        else transaction.put(viewArrangement(this.cacheId), key, encodeViewEntry(old + delta.weight, delta.row));
      });
    });
    for (const { row: packed, weight } of deltas) {
      for (let copy = 0; copy < weight; copy++) this.rows.push(packed);
      for (let copy = 0; copy < -weight; copy++) {
        const at = this.rows.findIndex((other) => other.equals(packed));
        expect(at).toBeGreaterThanOrEqual(0);
        this.rows.splice(at, 1);
      }
    }
  }

  readonly engine = {
    flush: (): Promise<Lsn> => Promise.resolve(this.lsn),
    acknowledgeOutbox: async (cacheId: number, lsn: Lsn): Promise<void> => {
      this.store.write((transaction) => {
        const keys = [...transaction.scan(outboxArrangement(cacheId))].map(({ key }) => key);
        for (const key of keys.filter((key) => outboxKeyLsn(key) <= lsn))
          transaction.remove(outboxArrangement(cacheId), key);
      });
    },
  };
}

/** Breaks the connection at one of the next queries: before it is sent, or when its answer has come. */
class FaultyControl extends ControlConnection {
  faultAt: { readonly query: number; readonly after: boolean } | null = null;
  #queries = 0;

  override withClient<T>(body: (client: pg.Client) => Promise<T>): Promise<T> {
    return super.withClient((client) => body(this.#faulty(client)));
  }

  #faulty(client: pg.Client): pg.Client {
    return new Proxy(client, {
      get: (target, name): unknown => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): unknown => {
          const fault = name === "query" ? this.#nextFault() : null;
          if (fault?.after === false) target.connection.stream.destroy();
          const result: unknown = Reflect.apply(member, target, args);
          if (fault?.after !== true || !(result instanceof Promise)) return result;
          return result.then(() => {
            target.connection.stream.destroy();
            throw new Error("the connection broke after the answer");
          });
        };
      },
    });
  }

  #nextFault(): FaultyControl["faultAt"] {
    this.#queries++;
    if (this.faultAt === null || this.#queries < this.faultAt.query) return null;
    const fault = this.faultAt;
    this.faultAt = null;
    return fault;
  }

  plan(query: number, after: boolean): void {
    this.#queries = 0;
    this.faultAt = { query, after };
  }
}

let server: PostgresServer;
let database: TestDatabase;
let control: FaultyControl;
let twin: Twin;
let writeBack: WriteBack;

function follow(next: Twin): WriteBack {
  const parts = {
    instance: "freshet",
    control,
    engine: next.engine,
    reader: () => next.store.reader(),
    batchRows: 8,
    retry: () => Promise.resolve(),
    logger: silentLogger(),
  };
  return new WriteBack(parts, next.cacheId, TARGET, plan);
}

const sql = (text: string, connection: Connection = database): Promise<pg.QueryResult> =>
  withClient(connection, (client) => client.query(text));

async function images(): Promise<string[]> {
  const { rows } = await sql(`SELECT encode(record_send(t), 'hex') AS image FROM "Target" t ORDER BY 1`);
  return rows.map(({ image }) => String(image));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

async function expectWritten(): Promise<void> {
  writeBack.onApplied(twin.lsn);
  await until(() => writeBack.written >= twin.lsn);
  expect(await images()).toEqual(twin.rows.map(recordImage).toSorted());
}

function randomRow(random: SeededRandom): Row {
  const pick = <T>(values: readonly T[]): T => must(values[random.integer(0, values.length - 1)]);
  return row([
    pick(["1", "2", null]),
    pick(["1.0", "1.00", "1", "-0.5", "NaN", null]),
    pick(['{"a": 1}', '{"a": 1.0}', "[]", null]),
    pick(["{}", "{a,NULL}", '{"x y"}', null]),
    pick(["", "ä", LONG, null]),
  ]);
}

/** A transaction's deltas, consolidated, retractions first. */
function randomDeltas(random: SeededRandom): { row: Row; weight: number }[] {
  const left = [...twin.rows];
  const net = new Map<string, { row: Row; weight: number }>();
  const add = (packed: Row, weight: number): void => {
    const key = packed.toString("latin1");
    net.set(key, { row: packed, weight: (net.get(key)?.weight ?? 0) + weight });
  };
  for (let count = random.integer(0, 6); count > 0 && left.length > 0; count--)
    add(must(left.splice(random.integer(0, left.length - 1), 1)[0]), -1);
  for (let count = random.integer(0, 6); count > 0; count--) add(randomRow(random), random.integer(1, 2));
  return [...net.values()].filter(({ weight }) => weight !== 0).toSorted((a, b) => a.weight - b.weight);
}

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());
beforeEach(async () => {
  database = await createDatabase(server);
  control = new FaultyControl({
    connectionString: database.url,
    applicationName: "write-back",
    connectTimeoutMs: 10_000,
    prologue: ["SET freshet.internal = 'on'"],
  });
  twin = new Twin(1);
  writeBack = follow(twin);
});
afterEach(async () => {
  await writeBack.stop();
  await control.close();
  await database.drop();
});

test("the table is the view after each batch of random deltas", async () => {
  const random = new SeededRandom(SEED);
  twin.commit(randomDeltas(random));
  expect(await writeBack.seed()).toBe(twin.rows.length);
  writeBack.start();
  for (let step = 0; step < 25; step++) {
    for (let commits = random.integer(1, 4); commits > 0; commits--) twin.commit(randomDeltas(random));
    await expectWritten();
  }
  expect([...twin.store.snapshot().scan(outboxArrangement(1))]).toEqual([]);
});

test("a connection that breaks at any step neither loses nor repeats a delta", async () => {
  const random = new SeededRandom(SEED);
  await writeBack.seed();
  writeBack.start();
  for (let query = 1; query <= 14; query++) {
    for (const after of [false, true]) {
      twin.commit(randomDeltas(random));
      twin.commit(randomDeltas(random));
      control.plan(query, after);
      await expectWritten();
    }
  }
});

test("a seed that breaks off leaves nothing behind", async () => {
  twin.commit(randomDeltas(new SeededRandom(SEED)));
  control.plan(8, false);
  await expect(writeBack.seed()).rejects.toThrow("cannot be reached");
  expect((await sql(`SELECT to_regclass('"Target"') AS "table"`)).rows).toEqual([{ table: null }]);
  control.faultAt = null;
  await writeBack.seed();
  expect(await images()).toEqual(twin.rows.map(recordImage).toSorted());
});

test("a table that was dropped, or changed by somebody else, is written anew", async () => {
  const one = row(["1", "1.0", null, null, "a"]);
  twin.commit([{ row: one, weight: 2 }]);
  await writeBack.seed();
  writeBack.start();
  await sql(`DROP TABLE "Target"`);
  twin.commit([{ row: row(["2", null, null, null, null]), weight: 1 }]);
  await expectWritten();
  await sql(`DELETE FROM "Target"`);
  twin.commit([{ row: one, weight: -1 }]);
  await expectWritten();
});

test("another table that took the name is not overwritten", async () => {
  twin.commit([{ row: row(["1", "1.0", null, null, "a"]), weight: 1 }]);
  await writeBack.seed();
  writeBack.start();
  const columns = "id int, amount numeric, doc jsonb, tags text[], name text";
  await sql(`DROP TABLE "Target"; CREATE TABLE "Target" (${columns}); INSERT INTO "Target" (id) VALUES (77)`);
  twin.commit([{ row: row(["2", null, null, null, null]), weight: 1 }]);
  writeBack.onApplied(twin.lsn);
  await until(() => writeBack.failure?.includes("is not empty") === true);
  expect((await sql(`SELECT id FROM "Target"`)).rows).toEqual([{ id: 77 }]);
});

test("a rebuilt cache takes its predecessor's table over, other tables are refused", async () => {
  twin.commit([{ row: row(["1", "1.0", null, null, "a"]), weight: 1 }]);
  await writeBack.seed();
  const rebuilt = new Twin(2);
  rebuilt.commit([{ row: row(["9", null, null, null, null]), weight: 3 }]);
  const next = follow(rebuilt);
  await next.seed();
  expect(await images()).toEqual(rebuilt.rows.map(recordImage));
  await sql(`DROP TABLE "Target"; CREATE TABLE "Target" (id int)`);
  await expect(next.seed()).rejects.toThrow(/does not have the columns/);
});

test("a view that is not ready is not written", async () => {
  twin.store.write((transaction) => transaction.remove(META_ARRANGEMENT, viewStatusKey(1)));
  await expect(writeBack.seed()).rejects.toThrow(/not ready/);
});

test("an event trigger on DDL sees that the tables are Freshet's own", async () => {
  await sql(`CREATE TABLE seen (internal text);
    CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.seen VALUES (current_setting('freshet.internal', true)); END $$;
    CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION note()`);
  await writeBack.seed();
  const { rows } = await sql("SELECT DISTINCT internal FROM seen");
  expect(rows).toEqual([{ internal: "on" }]);
});
