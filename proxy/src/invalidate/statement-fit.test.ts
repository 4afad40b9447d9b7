import { must } from "@freshet/base";
import { type InvalidationPlan, type SelectShape, inspectStatement, loadParser } from "@freshet/sql";
import { beforeAll, expect, test } from "vitest";
import type { BoundParameters } from "../session/front-ports.ts";
import { describedParameters, statementMisfit } from "./statement-fit.ts";

const [INT4, INT8, TEXT, DATE, UUID] = [23, 20, 25, 1082, 2950];

beforeAll(() => loadParser());

/** Of `WHERE id = … AND d < … AND … ` with an integer, a date, and a place of which no type is known. */
const PLAN: InvalidationPlan = {
  shapeKey: "s",
  slots: [
    { typeOid: INT4, literalKinds: [] },
    { typeOid: DATE, literalKinds: ["string"] },
  ],
  parameterTypes: [INT4],
  textInputs: [
    [INT4, "any"],
    [DATE, "plain"],
  ],
  result: [],
  tables: [],
  guards: [],
  privileges: [],
  functions: [],
  enums: [],
  expiry: "never",
  thresholds: [],
};

function shape(id: string, date: string): SelectShape {
  return must(inspectStatement(`SELECT t FROM a WHERE id = ${id} AND d < ${date}`).shape);
}

function bound(...values: readonly (string | Buffer | null)[]): BoundParameters {
  return {
    values: values.map((value) => (typeof value === "string" ? Buffer.from(value) : value)),
    formats: values.map((value) => (Buffer.isBuffer(value) ? 1 : 0)),
    typeOids: values.map(() => 0),
  };
}

const misfit = (id: string, date: string, parameters: BoundParameters | null = null): string =>
  statementMisfit(PLAN, shape(id, date), parameters, [])?.reason ?? "fits";

test.each([
  ["7", "'2020-01-01'", "fits"],
  ["7", "'20-feb-2020'", "parameter_value"],
  ["'7'", "'2020-01-01 BC'", "fits"],
  ["1.5", "'2020-01-01'", "parameter_type"],
  ["7", "'today'", "parameter_value"],
  ["7", "'infinity'", "fits"],
  ["7", "5", "parameter_type"],
])("literals %s and %s", (id, date, verdict) => {
  expect(misfit(id, date)).toBe(verdict);
});

test.each<[string, BoundParameters | null, string]>([
  ["plain values", bound("7", "2020-01-01"), "fits"],
  ["NULL", bound("7", null), "fits"],
  ["binary values", bound("7", Buffer.alloc(4)), "fits"],
  ["a word for the date", bound("7", "tomorrow"), "parameter_value"],
  ["too few values", bound("7"), "parameter_value"],
  ["a type of the same family", { ...bound("7", null), typeOids: [INT8 ?? 0, 0] }, "fits"],
  ["another type", { ...bound("7", null), typeOids: [TEXT ?? 0, 0] }, "parameter_type"],
])("parameters: %s", (_what, parameters, verdict) => {
  expect(misfit("$1", "$2", parameters)).toBe(verdict);
});

test("the number of result formats is that of the columns", () => {
  expect(statementMisfit(PLAN, shape("1", "'2020-01-01'"), null, [0, 1])?.reason).toBe("parameter_value");
});

test("a place of unknown type takes what the planned statement had there", () => {
  const unknown = { ...PLAN, slots: PLAN.slots.map((slot) => ({ ...slot, typeOid: null })) };
  const fit = (id: string, date: string, parameters: BoundParameters | null): string =>
    statementMisfit(unknown, shape(id, date), parameters, [])?.reason ?? "fits";
  expect(fit("$1", "'2020-01-01'", bound("7"))).toBe("fits");
  expect(fit("$1", "'today'", bound("7"))).toBe("parameter_value");
  expect(fit("7", "'2020-01-01'", null)).toBe("parameter_type");
});

test("parameters are described where their types are known for sure", () => {
  expect(describedParameters(PLAN, shape("$1", "$2"), [])).toEqual([INT4, DATE]);
  expect(describedParameters(PLAN, shape("$1", "$2"), [INT4 ?? 0])).toEqual([INT4, DATE]);
  expect(describedParameters(PLAN, shape("$1", "$2"), [UUID ?? 0])).toBeNull();
  expect(describedParameters(PLAN, shape("$1", "$1"), [])).toBeNull();
});
