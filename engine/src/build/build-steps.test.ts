import { RowBatchWriter, type TableSchema } from "@freshet/contract";
import type { Plan } from "@freshet/sql";
import { MemoryStore } from "@freshet/store";
import { packRow } from "@freshet/values";
import { expect, test } from "vitest";
import { createEngine } from "../create-engine.ts";
import { binary, queryOf } from "../testing/plan-arbitrary.ts";

const INT4 = { typeOid: 23, typmod: -1, collation: 0 };
const BOOL = { typeOid: 16, typmod: -1, collation: 0 };
const ROWS = 300;

const table: TableSchema = {
  oid: 7,
  schema: "public",
  name: "items",
  columns: [{ attribute: 1, name: "id", typeOid: 23, typmod: -1 }],
  identity: { kind: "key", columns: [0] },
};

const scan: Plan = { kind: "scan", tableOid: 7, attributes: [1], columns: [INT4] };

/** SELECT * FROM items a, items b WHERE a.id < -1: every pair is looked at and none is kept. */
const emptyProduct: Plan = {
  kind: "join",
  join: "inner",
  left: scan,
  right: scan,
  leftKeys: [],
  rightKeys: [],
  residual: {
    kind: "call",
    name: "int4lt",
    functionOid: 66,
    strict: true,
    inputCollation: 0,
    args: [
      { kind: "column", index: 0, type: INT4 },
      { kind: "constant", value: binary(INT4, "-1")?.toString("latin1") ?? null, type: INT4 },
    ],
    type: BOOL,
  },
  columns: [INT4, INT4],
};

test("a step of a build is bounded by the pairs a join looks at, also where none of them is kept", async () => {
  const engine = createEngine(new MemoryStore(), { buildStepRows: 128 });
  await engine.reset({ systemIdentifier: "1", timeline: 1, databaseOid: 1, slotName: "s", lsn: 100n });
  await engine.beginTable(table, 100n);
  const batch = new RowBatchWriter();
  for (let id = 0; id < ROWS; id++) batch.push(packRow([binary(INT4, `${id}`)]));
  await engine.loadRows(7, batch.take());
  await engine.endTable(7);
  await engine.createCache({ id: 1, plan: queryOf(emptyProduct), writeBack: false, attributes: "{}" });
  let steps = 1;
  while (!(await engine.buildStep(1)).done) steps += 1;
  expect(steps).toBeGreaterThan((ROWS * ROWS) / 1000);
  expect((await engine.status()).caches).toMatchObject([{ state: "ready", rows: 0 }]);
});
