import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CacheCatalog } from "../caches/cache-catalog.ts";
import type { Cache, CachePlan } from "../caches/cache.ts";
import { CatalogFile } from "../caches/catalog-file.ts";
import { CacheMirror } from "./cache-mirror.ts";
import { CatalogChanges } from "./catalog-changes.ts";
import type { CoreState, Update } from "./protocol.ts";

const STATE: CoreState = { epoch: 1, privileges: 1, suspended: false, problem: null, uncommitted: false };

let folder: string;
let catalog: CacheCatalog;
let changes: CatalogChanges;
let forgotten: number[];
let mirror: CacheMirror;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "freshet-mirror-"));
  catalog = new CacheCatalog(new CatalogFile(join(folder, "caches.json")));
  changes = new CatalogChanges();
  forgotten = [];
  mirror = new CacheMirror({ forget: (id) => void forgotten.push(id) });
});
afterEach(() => rmSync(folder, { recursive: true }));

function create(name: string, shapeKey: string): Cache {
  const cache = catalog.add({
    ...{ name, text: "SELECT 1", queryId: name, searchPath: ["public"], owner: "o" },
    ...{ writeTo: null, mode: "auto", maxBytes: null },
  });
  plan(cache, shapeKey);
  return cache;
}

/** A plan of which nothing is looked at but the shape. */
function plan(cache: Cache, shapeKey: string): void {
  const planned = { mode: "invalidate", invalidation: { plan: { shapeKey, slots: [] }, reason: "r" } };
  cache.setPlan(JSON.parse(JSON.stringify(planned)) as CachePlan);
  catalog.index(cache);
}

/** What is to be told, as it arrives. */
function told(state: CoreState = STATE): Update | null {
  const update = changes.next(catalog.all(), state);
  if (update !== null) mirror.apply(structuredClone(update));
  return update;
}

test("a front knows the caches as the core does, and is told each change once", () => {
  const [one, two] = [create("one", "s"), create("two", "s")];
  expect(told()?.changed.map(({ request }) => request.name)).toEqual(["one", "two"]);
  expect(told()).toBeNull();
  expect(mirror.byShape("s").map(({ name }) => name)).toEqual(["one", "two"]);
  expect(mirror.byId(one.id)?.phase).toBe("waiting");

  const before = mirror.byId(two.id);
  const planBefore = before?.invalidation;
  two.phase = "ready";
  two.trustedTo = 7n;
  two.doubtful = true;
  expect(told()?.changed).toMatchObject([
    { id: two.id, phase: "ready", trustedTo: 7n, doubtful: true, plan: undefined },
  ]);
  expect(mirror.byId(two.id)).toBe(before);
  expect(before).toMatchObject({ phase: "ready", trustedTo: 7n, doubtful: true });
  // What was compiled of a plan goes with it: an equal plan must not look like another one.
  expect(before?.invalidation).toBe(planBefore);
  expect(told({ ...STATE, suspended: true })).toMatchObject({ changed: [], gone: [] });
});

test("a rebuild has another id and perhaps another shape; what is gone is found no more", () => {
  const cache = create("one", "s");
  told();
  const old = cache.id;
  catalog.renew(cache);
  plan(cache, "t");
  forgotten.length = 0;
  told();
  expect(forgotten).toContain(old);
  expect(mirror.byId(old)).toBeUndefined();
  expect(mirror.byShape("s")).toEqual([]);
  expect(mirror.byShape("t").map(({ id }) => id)).toEqual([cache.id]);

  catalog.remove(cache);
  const anew = create("one", "u");
  const update = told();
  expect(update).toMatchObject({ gone: ["one"], changed: [{ id: anew.id }] });
  expect(mirror.byShape("t")).toEqual([]);
  expect(mirror.byShape("u").map(({ id }) => id)).toEqual([anew.id]);
  mirror.clear();
  expect(mirror.byShape("u")).toEqual([]);
  expect(mirror.byId(anew.id)).toBeUndefined();
});

test("hits and misses are counted until they are taken", () => {
  const cache = create("one", "s");
  create("two", "s");
  told();
  const mirrored = mirror.byId(cache.id);
  if (mirrored !== undefined) mirrored.hits += 3;
  expect(mirror.takeCounts()).toEqual([{ id: cache.id, hits: 3, misses: 0 }]);
  expect(mirror.takeCounts()).toEqual([]);
});
