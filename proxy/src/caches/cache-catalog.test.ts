import { mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { must } from "@freshet/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { intPlan } from "../testing/int-view.ts";
import { CacheCatalog } from "./cache-catalog.ts";
import type { CacheRequest } from "./cache.ts";
import { CatalogFile } from "./catalog-file.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "freshet-catalog-"));
  path = join(folder, "caches.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (): CacheCatalog => new CacheCatalog(new CatalogFile(path));
const request = (name: string): CacheRequest => ({
  name,
  text: `SELECT '${name}'`,
  queryId: "q_1",
  searchPath: ["public"],
  owner: "me",
  writeTo: null,
  mode: "auto",
  maxBytes: null,
});
const names = (catalog: CacheCatalog): [number, string][] => catalog.all().map(({ id, name }) => [id, name]);

test("definitions survive, and ids are never given twice", () => {
  const catalog = open();
  const [first, second] = [catalog.add(request("a")), catalog.add(request("ü"))];
  catalog.renew(first);
  catalog.remove(second);
  const again = open();
  expect(names(again)).toEqual([[3, "a"]]);
  expect(must(again.byId(3)).request).toEqual(request("a"));
  expect(again.add(request("c")).id).toBe(4);
  again.reserveIds([2, 9]);
  expect(again.add(request("d")).id).toBe(10);
  expect(readdirSync(folder)).toEqual(["caches.json"]);
});

test("what cannot be written is not taken", () => {
  const catalog = open();
  const kept = catalog.add(request("a"));
  rmSync(path);
  mkdirSync(path);
  expect(() => catalog.add(request("b"))).toThrow("EISDIR");
  expect(() => catalog.remove(kept)).toThrow("EISDIR");
  expect(names(catalog)).toEqual([[1, "a"]]);
});

test("a damaged file is refused, not overwritten", () => {
  for (const text of ['{"format": 1, "nextId": 2, "cach', '{"format": 2, "nextId": 1, "caches": []}']) {
    writeFileSync(path, text);
    expect(open).toThrow(/cannot be read/);
  }
});

test("caches are found by the shape of their present plan, in order of creation", () => {
  const catalog = open();
  const [first, second] = [catalog.add(request("a")), catalog.add(request("b"))];
  const planned = { plan: intPlan(1, 1), slots: [], parameterTypes: [], notes: [] };
  for (const cache of [first, second]) {
    cache.planned = { ...planned, shapeKey: "one" };
    catalog.index(cache);
  }
  expect(catalog.byShape("one")).toEqual([first, second]);
  first.planned = { ...planned, shapeKey: "two" };
  catalog.index(first);
  expect([catalog.byShape("one"), catalog.byShape("two")]).toEqual([[second], [first]]);
  catalog.remove(second);
  expect(catalog.byShape("one")).toEqual([]);
  expect(catalog.freeName("a")).toBe("a_2");
});
