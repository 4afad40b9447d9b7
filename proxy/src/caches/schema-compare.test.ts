import type { TableSchema } from "@freshet/contract";
import type { PlannedStatement } from "@freshet/sql";
import { expect, test } from "vitest";
import { sameTable, tablesWithLostLabels } from "./schema-compare.ts";

const MOOD = 90_001;
const MOODS = 90_002;

function planned(labels: readonly string[]): PlannedStatement {
  const types = [
    { oid: MOOD, name: "mood", kind: "enum", labels },
    { oid: MOODS, name: "_mood", kind: "array", elementOid: MOOD },
  ] as const;
  return {
    plan: {
      plan: { kind: "scan", tableOid: 1, attributes: [], columns: [] },
      result: [],
      parameters: [],
      equality: [],
      range: null,
      sort: [],
      limit: null,
      offset: null,
      missingKeyRow: null,
      resultKey: null,
      tables: [],
      privileges: [],
      types,
      collations: [],
    },
    shapeKey: "",
    slots: [],
    parameterTypes: [],
    notes: [],
  };
}

function table(oid: number, typeOid: number): TableSchema {
  return {
    oid,
    schema: "public",
    name: `t${oid}`,
    columns: [{ attribute: 1, name: "c", typeOid, typmod: -1 }],
    identity: { kind: "full" },
  };
}

const TABLES = [table(1, MOOD), table(2, MOODS), table(3, 23)];

test("a label that was added leaves the stored rows as they are", () => {
  expect(tablesWithLostLabels(TABLES, planned(["sad"]), planned(["sad", "ok"]))).toEqual([]);
});

test("a label that was renamed makes the tables with the enum or its arrays stale, and no others", () => {
  const stale = tablesWithLostLabels(TABLES, planned(["sad", "ok"]), planned(["sad", "fine"]));
  expect(stale.map(({ oid }) => oid)).toEqual([1, 2]);
});

test("a statement that is refused now makes them stale too", () => {
  expect(tablesWithLostLabels(TABLES, planned(["sad"]), null).map(({ oid }) => oid)).toEqual([1, 2]);
});

test("tables are the same when everything of them is", () => {
  expect(sameTable(table(1, 23), table(1, 23))).toBe(true);
  expect(sameTable(table(1, 23), table(1, 20))).toBe(false);
  expect(sameTable(table(1, 23), undefined)).toBe(false);
});
