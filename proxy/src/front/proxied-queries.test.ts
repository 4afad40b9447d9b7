import { inspectStatement, loadParser } from "@freshet/sql";
import { beforeAll, expect, test } from "vitest";
import { LruMap } from "./lru-map.ts";
import { Privileges } from "./privileges.ts";
import { ProxiedQueries } from "./proxied-queries.ts";
import { intPlan } from "../testing/int-view.ts";

beforeAll(() => loadParser());

test("forwarded queries are counted by query id, the least recently seen forgotten", () => {
  const queries = new ProxiedQueries(2);
  const [a, b, c] = ["SELECT 1 FROM a", "SELECT 1 FROM b", "SELECT 1 FROM c"].map(inspectStatement);
  if (a === undefined || b === undefined || c === undefined) throw new Error("three statements");
  queries.record(a, 5, true);
  queries.record(b, 1, true);
  queries.record(inspectStatement("SELECT 2 FROM a"), 6, false);
  queries.record(c, 100, true);
  queries.record(inspectStatement("INSERT INTO a VALUES (1)"), 1, true);
  expect(queries.all().map(({ queryId, count, totalMs, failed }) => [queryId, count, totalMs, failed])).toEqual([
    [c.queryId, 1, 100, 0],
    [a.queryId, 2, 11, 1],
  ]);
  expect(queries.get(b.queryId)).toBeUndefined();
  const known = queries.get(a.queryId);
  expect(known?.example).toBe("SELECT 1 FROM a");
  if (known !== undefined) known.cacheable = "yes";
  queries.forgetVerdicts();
  expect(known?.cacheable).toBeNull();
});

test("an LRU map forgets what was not used for longest", () => {
  const map = new LruMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c"), map.size]).toEqual([1, undefined, 3, 2]);
});

test("privileges are asked once at a time, hold for their time, and not beyond a change", async () => {
  let time = 0;
  let asked = 0;
  const answers: ((rows: readonly (readonly string[])[]) => void)[] = [];
  const query = (): Promise<readonly (readonly string[])[]> => {
    asked++;
    return new Promise((resolve) => answers.push(resolve));
  };
  const privileges = new Privileges(query, 10, () => time);
  const plan = intPlan(1, 1);
  const [first, second] = [privileges.check("r", 1, plan), privileges.check("r", 1, plan)];
  expect(asked).toBe(1);
  answers[0]?.([["t", "f"]]);
  expect([await first, await second]).toEqual(["granted", "granted"]);
  expect(privileges.check("r", 1, plan)).toBe("granted");
  time = 10;
  const late = privileges.check("r", 1, plan);
  privileges.forget();
  const afterChange = privileges.check("r", 1, plan);
  answers[1]?.([["t", "f"]]);
  expect(await late).toBe("granted");
  expect(privileges.check("r", 1, plan)).toBe(afterChange);
  answers[2]?.([["f", "f"]]);
  expect(await afterChange).toBe("privilege");
  expect(privileges.check("r", 1, plan)).toBe("privilege");
  expect(asked).toBe(3);
});
