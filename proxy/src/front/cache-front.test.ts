import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must, silentLogger } from "@freshet/base";
import {
  APPLIED_KEY,
  HEADER_TAG,
  META_ARRANGEMENT,
  SUSPENDED_KEY,
  encodeKeyHeader,
  encodeViewStatus,
  viewArrangement,
  viewKeyPrefix,
  viewStatusKey,
} from "@freshet/contract";
import { type PlannedStatement, type SlotBinding, loadParser } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { DEFAULT_TEXT_SETTINGS, KeyWriter, type Lsn, Oid, type TextSettings, createCodecs } from "@freshet/values";
import { decodeDataRow } from "@freshet/wire";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { CacheCatalog } from "../caches/cache-catalog.ts";
import type { Cache } from "../caches/cache.ts";
import { CatalogFile } from "../caches/catalog-file.ts";
import { InvalidatingRead } from "../invalidate/invalidating-read.ts";
import { KeptFront } from "../kept/kept-front.ts";
import { ReplicationHealth } from "../replication/health.ts";
import type { Answer, BoundParameters, Miss, SessionFacts } from "../session/front-ports.ts";
import { type FakeFills, fakeFills } from "../testing/fake-fills.ts";
import { FakeSource } from "../testing/fake-source.ts";
import { type IntRow, intPlan, intValue, writeView } from "../testing/int-view.ts";
import { ViewFront } from "./cache-front.ts";
import { CompiledCaches } from "./compiled-caches.ts";
import type { KeyFills } from "./key-fills.ts";
import { Privileges } from "./privileges.ts";
import { ProxiedQueries } from "./proxied-queries.ts";

const TEXT = "SELECT c0, c1 FROM t WHERE c1 = 10";
const PARAMETERIZED = "SELECT c0, c1 FROM t WHERE c1 = $1";
const KEYED = {
  parameters: [{ type: { typeOid: Oid.int4, typmod: -1, collation: 0 }, list: false }],
  equality: [{ column: 1, parameter: 0 }],
};
const FACTS: SessionFacts = {
  role: "reader",
  database: "db",
  schemas: ["public"],
  hasTemporaryObjects: false,
  clientEncoding: "UTF8",
  text: DEFAULT_TEXT_SETTINGS,
  formatSettings: [],
  deviatingSettings: [],
  consistency: "session",
  insertLsn: 0n,
};

let folder: string;
let store: MemoryStore;
let catalog: CacheCatalog;
let source: FakeSource;
let health: ReplicationHealth;
let privilege: () => Promise<readonly (readonly (string | null)[])[]>;
let upstreamLsn: Lsn;
let nudged: Lsn[];
let front: ViewFront;
let schemaStatements: number;
let fills: FakeFills;
let wantedKeys: Parameters<KeyFills["want"]>[];
let usedKeys: Parameters<KeyFills["use"]>[];

beforeAll(() => loadParser());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "freshet-front-"));
  store = new MemoryStore();
  catalog = new CacheCatalog(new CatalogFile(join(folder, "caches.json")));
  source = new FakeSource();
  health = new ReplicationHealth(source, 1000, () => 0);
  privilege = () => Promise.resolve([["t", "f"]]);
  upstreamLsn = 0n;
  nudged = [];
  schemaStatements = 0;
  wantedKeys = [];
  usedKeys = [];
  fills = fakeFills(source);
  const privileges = new Privileges(
    () => privilege(),
    1000,
    () => 0,
  );
  const zones = { complete: (settings: TextSettings) => settings, want: () => Promise.resolve() };
  const common = {
    database: () => "db",
    catalog,
    health,
    privileges,
    zones,
    reader: () => store.reader(),
    clock: () => 0,
    onAnswered: () => undefined,
  };
  front = new ViewFront({
    ...common,
    kept: new KeptFront({ ...common, maxBytes: 1 << 20, maxLargeBytes: 1 << 20 }),
    compiled: new CompiledCaches(),
    fills: { want: (...wanted) => wantedKeys.push(wanted) > 0, use: (...used) => void usedKeys.push(used) },
    invalidating: new InvalidatingRead({
      invalidations: fills.invalidations,
      health,
      maxResultBytes: 1000,
      maxBytes: 1 << 20,
    }),
    queries: new ProxiedQueries(10),
    upstreamLsn: { current: () => Promise.resolve(upstreamLsn) },
    nudge: { want: (lsn) => void nudged.push(lsn) },
    limits: {
      maxResultBytes: 1000,
      largeBytes: 1000,
      readScanRows: 1000,
      sessionReadTimeoutMs: 5,
      strongReadTimeoutMs: 5,
    },
    logger: silentLogger(),
    onSchemaStatement: () => void schemaStatements++,
    onTransactionStatement: () => undefined,
  });
  setApplied(100n);
});
afterEach(() => rmSync(folder, { recursive: true }));

function setApplied(lsn: Lsn): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(lsn);
  store.write((transaction) => transaction.put(META_ARRANGEMENT, APPLIED_KEY, bytes));
  health.restart(lsn);
}

function planned(
  text: string,
  slots: readonly SlotBinding[] = [{ kind: "parameter", parameter: 0 }],
): PlannedStatement {
  const { shapeKey } = must(front.prepare(text).info.shape);
  return { plan: intPlan(2, 2, KEYED), shapeKey, slots, parameterTypes: [], notes: [] };
}

function fill(cache: Cache, rows: readonly IntRow[], status: { ready?: boolean; errors?: number } = {}): void {
  store.write((transaction) => {
    writeView(transaction, cache.id, must(cache.planned).plan, rows);
    const stored = encodeViewStatus({ ready: true, errors: 0, rows: 0, bytes: 0, ...status });
    transaction.put(META_ARRANGEMENT, viewStatusKey(cache.id), stored);
  });
}

function addCache(name: string, plan: PlannedStatement = planned(TEXT)): Cache {
  const request = {
    name,
    text: TEXT,
    queryId: "q",
    searchPath: ["public"],
    owner: "me",
    writeTo: null,
    mode: "auto" as const,
    maxBytes: null,
  };
  const cache = catalog.add(request);
  cache.planned = plan;
  catalog.index(cache);
  cache.phase = "ready";
  fill(cache, [
    [1, 10],
    [2, 20],
  ]);
  return cache;
}

type Asked = Answer | Miss;

async function ask(
  text: string,
  facts: Partial<SessionFacts> = {},
  writeLsn: Lsn = 0n,
  parameters: BoundParameters | null = null,
  formats: readonly number[] = [],
): Promise<Asked> {
  return front.execute(front.prepare(text), { ...FACTS, ...facts }, writeLsn, parameters, formats);
}

function textRows(answer: Asked): (string | null)[][] {
  if (answer.kind !== "hit") throw new Error(`miss: ${answer.reason} ${answer.detail}`);
  return Array.from({ length: answer.rowCount }, (_unused, index) => {
    const message = answer.dataRows([], index, index + 1);
    return decodeDataRow(message, 0, message.length).map((value) => value?.toString() ?? null);
  });
}

const reason = (asked: Asked): string => (asked.kind === "hit" ? "hit" : asked.reason);
const bind = (value: Buffer | null, typeOid: number = 0, format: number = 0): BoundParameters => ({
  values: [value],
  formats: [format],
  typeOids: [typeOid],
});

test("a statement is answered with its own literal, at the snapshot's LSN", async () => {
  const cache = addCache("a");
  const answer = await ask("select c0, c1 from t where c1 = 20");
  expect(textRows(answer)).toEqual([["2", "20"]]);
  expect(answer).toMatchObject({ cache: "a", lsn: 100n, rowCount: 1 });
  expect(cache.hits).toBe(1);
  expect(front.candidate(front.prepare(TEXT))).toBeNull();
});

test("what the session is decides whether it may be answered", async () => {
  addCache("a");
  const cases: readonly (readonly [string, Partial<SessionFacts>])[] = [
    ["other_database", { database: "other" }],
    ["temporary_objects", { hasTemporaryObjects: true }],
    ["client_encoding", { clientEncoding: "LATIN1" }],
    ["setting", { deviatingSettings: ["row_security"] }],
    ["search_path", { schemas: ["other", "public"] }],
  ];
  for (const [expected, facts] of cases) expect(reason(await ask(TEXT, facts))).toBe(expected);
  expect(reason(await ask("SELECT c0 FROM t"))).toBe("no_cache");
  expect(reason(await ask("SELECT 1; SELECT 2"))).toBe("multiple_statements");
});

test("the upstream says what a role may read; asked once, and again when told", async () => {
  addCache("a");
  let asked = 0;
  const answers: (readonly (string | null)[])[] = [
    ["t", "f"],
    ["f", "f"],
    ["t", "t"],
    [null, null],
    ["t", null],
  ];
  privilege = async () => [must(answers[asked++])];
  const results: string[] = [];
  for (let round = 0; round < answers.length; round++) {
    results.push(reason(await ask(TEXT)), reason(await ask(TEXT)));
    const grant = front.prepare("GRANT SELECT ON t TO reader");
    front.forwarded(grant, { kind: "miss", reason: "not_select", detail: null, cache: null }, 1, true);
  }
  expect(results).toEqual(
    ["hit", "privilege", "row_level_security", "privilege", "row_level_security"].flatMap((each) => [each, each]),
  );
  expect([asked, schemaStatements]).toEqual([answers.length, answers.length]);
  privilege = () => Promise.reject(new Error("down"));
  expect(reason(await ask(TEXT))).toBe("replication_down");
});

test("what the snapshot says of the view counts", async () => {
  const cache = addCache("a");
  await ask(TEXT);
  fill(cache, [], { errors: 1 });
  expect(reason(await ask(TEXT))).toBe("cache_error_in_scope");
  fill(cache, [], { ready: false });
  expect(reason(await ask(TEXT))).toBe("cache_invalid");
  store.write((transaction) => transaction.remove(META_ARRANGEMENT, viewStatusKey(cache.id)));
  expect(reason(await ask(TEXT))).toBe("cache_building");
  fill(cache, []);
  store.write((transaction) => transaction.put(META_ARRANGEMENT, SUSPENDED_KEY, Buffer.alloc(8, 1)));
  expect(reason(await ask(TEXT))).toBe("schema_change_pending");
  cache.trustedTo = 0x0101_0101_0101_0100n;
  expect(reason(await ask(TEXT))).toBe("schema_change_pending");
  cache.trustedTo++;
  expect(reason(await ask(TEXT))).toBe("hit");
  cache.doubtful = true;
  expect(reason(await ask(TEXT))).toBe("schema_change_pending");
});

test("a session sees its own writes, a strong one everybody's, an eventual one what is there", async () => {
  addCache("a");
  await ask(TEXT);
  expect(reason(await ask(TEXT, {}, 101n))).toBe("read_your_writes");
  expect(reason(await ask(TEXT, { consistency: "eventual" }, 101n))).toBe("hit");
  upstreamLsn = 101n;
  expect(reason(await ask(TEXT, { consistency: "strong" }))).toBe("upstream_ahead");
  // The stream may have come to all commits, and the log go on behind them.
  expect(nudged.slice(-2)).toEqual([101n, 101n]);
  // The engine says more than the snapshot holds: the snapshot decides.
  health.advance(200n);
  expect(reason(await ask(TEXT, {}, 101n))).toBe("read_your_writes");
  expect(reason(await ask(TEXT, { consistency: "strong" }))).toBe("read_your_writes");
  setApplied(101n);
  expect(reason(await ask(TEXT, {}, 101n))).toBe("hit");
  expect(reason(await ask(TEXT, { consistency: "strong" }))).toBe("hit");
});

test("a statement that waited while its cache was rebuilt does not look into the old build", async () => {
  const cache = addCache("a");
  let answer: (rows: readonly (readonly string[])[]) => void = () => undefined;
  privilege = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const asked = ask(TEXT);
  const old = cache.id;
  catalog.renew(cache);
  cache.planned = planned(TEXT);
  fill(cache, [[3, 10]]);
  store.write((transaction) => transaction.remove(META_ARRANGEMENT, viewStatusKey(old)));
  answer([["t", "f"]]);
  expect(reason(await asked)).toBe("cache_building");
});

test("a cache that got its new id before its new plan is not read by the old plan later", async () => {
  const cache = addCache("a");
  await ask(TEXT);
  catalog.renew(cache);
  fill(cache, [[3, 10]]);
  privilege = () => Promise.resolve([["t", "f"]]);
  expect(textRows(await ask(TEXT))).toEqual([["3", "10"]]);
  cache.planned = { ...planned(TEXT), plan: { ...intPlan(2, 1, KEYED) } };
  catalog.index(cache);
  const next = catalog.byName("a");
  expect(next).toBe(cache);
  store.write((transaction) => {
    for (const { key } of transaction.scan((1 << 30) + cache.id)) transaction.remove((1 << 30) + cache.id, key);
  });
  fill(cache, [[4, 10]]);
  expect(textRows(await ask(TEXT))).toEqual([["4"]]);
});

test("of several caches of a shape the one whose constants stand in the statement is asked", async () => {
  const constant = (value: string): SlotBinding => ({ kind: "fixed", items: [{ kind: "integer", text: value }] });
  const [ten, twenty] = [
    addCache("ten", planned(TEXT, [constant("10")])),
    addCache("twenty", planned(TEXT, [constant("20")])),
  ];
  ten.phase = "failed";
  expect(front.candidate(front.prepare(TEXT))).toMatchObject({ reason: "cache_invalid", cache: "ten" });
  expect(front.candidate(front.prepare("SELECT c0, c1 FROM t WHERE c1 = 20"))).toBeNull();
  expect(front.candidate(front.prepare("SELECT c0, c1 FROM t WHERE c1 = 30"))).toMatchObject({ reason: "no_cache" });
  expect([ten.misses, twenty.misses]).toEqual([1, 0]);
});

test("parameters are values of the key's type, or left to the upstream", async () => {
  addCache("a", planned(PARAMETERIZED));
  const eight = Buffer.alloc(8);
  eight.writeBigInt64BE(20n);
  const huge = Buffer.alloc(8);
  huge.writeBigInt64BE(1n << 40n);
  const results: (readonly [BoundParameters | null, string])[] = [
    [bind(Buffer.from("20")), "hit"],
    [bind(Buffer.from(" 20 ")), "hit"],
    [bind(null), "hit"],
    [bind(eight, Oid.int8, 1), "hit"],
    [bind(huge, Oid.int8, 1), "parameter_type"],
    [bind(eight, 0, 1), "parameter_value"],
    [bind(Buffer.from("20"), Oid.text), "parameter_type"],
    [bind(Buffer.from("20.0"), Oid.numeric), "parameter_type"],
    [bind(Buffer.from("x")), "parameter_value"],
    [bind(Buffer.from([0xff])), "parameter_value"],
    [bind(Buffer.from("1"), 705), "parameter_type"],
    [null, "parameter_value"],
    [{ values: [null, null], formats: [0, 0], typeOids: [] }, "parameter_value"],
  ];
  for (const [parameters, expected] of results)
    expect(reason(await ask(PARAMETERIZED, {}, 0n, parameters))).toBe(expected);
  expect(textRows(await ask(PARAMETERIZED, {}, 0n, bind(eight, Oid.int8, 1)))).toEqual([["2", "20"]]);
  expect(textRows(await ask(PARAMETERIZED, {}, 0n, bind(null)))).toEqual([]);
  expect(reason(await ask(PARAMETERIZED, {}, 0n, bind(null), [0, 1, 0]))).toBe("parameter_value");
});

test("Describe is answered only where Execute would be, with the declared types", async () => {
  const cache = addCache("a", planned(PARAMETERIZED));
  const describe = (typeOids: readonly number[] = []): readonly number[] | null =>
    front.describe(front.prepare(PARAMETERIZED), FACTS, typeOids)?.parameterTypes ?? null;
  expect(describe()).toBeNull();
  await ask(PARAMETERIZED, {}, 0n, bind(null));
  expect(describe()).toEqual([Oid.int4]);
  expect(describe([Oid.int8])).toEqual([Oid.int8]);
  expect(describe([Oid.text])).toBeNull();
  expect(describe([0, Oid.int4])).toBeNull();
  cache.phase = "failed";
  expect(describe()).toBeNull();
  expect(cache.misses).toBe(0);
});

test("a partial cache answers from the keys that it holds, and asks for those that it does not", async () => {
  const cache = addCache("a");
  const partial = catalog.add({ ...cache.request, name: "b", maxBytes: 4096 });
  partial.planned = planned(TEXT);
  partial.phase = "ready";
  fill(partial, [[1, 10]]);
  catalog.remove(cache);
  catalog.index(partial);
  const header = viewKeyPrefix(
    new KeyWriter(),
    HEADER_TAG,
    [must(createCodecs([]).get(Oid.int4))],
    [must(intValue(10))],
  );
  store.write((transaction) =>
    transaction.put(viewArrangement(partial.id), header, encodeKeyHeader({ lsn: 1n, rows: 1, bytes: 8 })),
  );
  expect(textRows(await ask("select c0, c1 from t where c1 = 10"))).toEqual([["1", "10"]]);
  expect(usedKeys).toEqual([[partial.id, [header]]]);
  expect(await ask("select c0, c1 from t where c1 = 20")).toMatchObject({ kind: "miss", reason: "not_filled" });
  expect(wantedKeys).toEqual([[partial.id, [[intValue(20)]]]]);
});

test("texts without end are remembered within bounds", () => {
  const bounds = { routes: 10_000, templates: 20_000, characters: (8 << 20) + 2 * (4 << 20) };
  const check = (): void => {
    const { routes, templates, characters } = front.remembered;
    expect(routes).toBeLessThanOrEqual(bounds.routes);
    expect(templates).toBeLessThanOrEqual(bounds.templates);
    expect(characters).toBeLessThanOrEqual(bounds.characters);
  };
  const filler = "c0 + ".repeat(700);
  for (let count = 0; count < 11_000; count++) {
    // Other columns, other literals, other literals that shape a statement, and long texts; few of them can be told apart without a parser.
    front.prepare(`SET freshet_test.n${count} = 1`);
    front.prepare(`SELECT c0 FROM t WHERE c1 = ${count}`);
    if (count % 50 === 0) front.prepare(`SELECT c0 AS n${count} FROM t WHERE c1 = 1`);
    if (count % 20 === 0) front.prepare(`SELECT ${filler}${count % 40} FROM t${count}`);
    if (count % 500 === 0) check();
  }
  check();
  expect(front.remembered.routes).toBeGreaterThan(100);
  expect(front.prepare(TEXT).info.kind).toBe("select");
});
