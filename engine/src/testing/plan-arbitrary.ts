import { must } from "@freshet/base";
import type { Expression, Plan, QueryPlan, RowSource } from "@freshet/sql";
import { type ColumnType, createCodecs, DEFAULT_TEXT_SETTINGS, Oid } from "@freshet/values";
import fc from "fast-check";
import { aggregateCalls } from "./aggregate-arbitrary.ts";
import { upstreamCalls } from "./upstream-calls-arbitrary.ts";
import { windows } from "./window-arbitrary.ts";

const INT4: ColumnType = { typeOid: 23, typmod: -1, collation: 0 };
const TEXT: ColumnType = { typeOid: 25, typmod: -1, collation: 950 };
const NUMERIC: ColumnType = { typeOid: 1700, typmod: -1, collation: 0 };
const BOOL: ColumnType = { typeOid: 16, typmod: -1, collation: 0 };
const INT8: ColumnType = { typeOid: 20, typmod: -1, collation: 0 };

/** Columns of every test table: id, a, b, n. */
export const TABLE_COLUMNS: readonly ColumnType[] = [INT4, INT4, TEXT, NUMERIC];
/** The last one's identity is the whole row. */
export const TABLE_OIDS: readonly number[] = [1001, 1002, 1003];

const codecs = createCodecs([]);

/** The binary form of a value in PostgreSQL's text form. */
export function binary(type: ColumnType, text: string | null): Buffer | null {
  if (text === null) return null;
  const codec = must(codecs.get(type.typeOid));
  return must(codec.fromText(text, DEFAULT_TEXT_SETTINGS));
}

function column(index: number, type: ColumnType): Expression {
  return { kind: "column", index, type };
}

function constant(type: ColumnType, text: string): Expression {
  return { kind: "constant", value: must(binary(type, text)).toString("latin1"), type };
}

function call(name: string, functionOid: number, args: readonly Expression[], type: ColumnType): Expression {
  return { kind: "call", name, functionOid, strict: true, inputCollation: args[0]?.type.collation ?? 0, args, type };
}

function columnsOf(plan: Plan, oid?: number): Expression[] {
  return plan.columns.flatMap((type, index) =>
    oid === undefined || type.typeOid === oid ? [column(index, type)] : [],
  );
}

/** Integers that may fail: division by zero and overflow occur. */
function integerExpressions(plan: Plan): fc.Arbitrary<Expression> {
  const ints = columnsOf(plan, INT4.typeOid);
  const one = ints.length === 0 ? fc.constant(constant(INT4, "1")) : fc.constantFrom(...ints);
  return fc.oneof(
    { weight: 4, arbitrary: one },
    { weight: 1, arbitrary: fc.tuple(one, one).map(([a, b]) => call("int4pl", 177, [a, b], INT4)) },
    { weight: 1, arbitrary: fc.tuple(one, one).map(([a, b]) => call("int4div", 154, [a, b], INT4)) },
    { weight: 1, arbitrary: one.map((a) => call("int4mul", 141, [a, constant(INT4, "2000000000")], INT4)) },
  );
}

/** The plan without its columns of json, which has no equality and no order. */
function comparable(plan: Plan): Plan {
  const expressions = columnsOf(plan).filter(({ type }) => type.typeOid !== Oid.json);
  if (expressions.length === plan.columns.length) return plan;
  return { kind: "project", input: plan, expressions, columns: expressions.map(({ type }) => type) };
}

function anyExpression(plan: Plan): fc.Arbitrary<Expression> {
  const columns = columnsOf(plan);
  if (columns.length === 0) return integerExpressions(plan);
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...columns) },
    { weight: 1, arbitrary: integerExpressions(plan) },
  );
}

function predicates(plan: Plan): fc.Arbitrary<Expression> {
  const comparisons: readonly (readonly [string, number])[] = [
    ["int4gt", 147],
    ["int4eq", 65],
    ["int4lt", 66],
  ];
  return fc
    .tuple(fc.constantFrom(...comparisons), integerExpressions(plan), integerExpressions(plan))
    .map(([[name, oid], a, b]) => call(name, oid, [a, b], BOOL));
}

const scans: fc.Arbitrary<Plan> = fc
  .tuple(fc.constantFrom(...TABLE_OIDS), fc.constantFrom([1, 2, 3, 4], [2, 3], [4, 2], [2, 4, 3, 1]))
  .map(([tableOid, attributes]) => ({
    kind: "scan",
    tableOid,
    attributes,
    columns: attributes.map((attribute) => must(TABLE_COLUMNS[attribute - 1])),
  }));

function aggregates(input: Plan): fc.Arbitrary<Plan> {
  const groups = fc.oneof(
    fc.constant<Expression[]>([]),
    fc.array(anyExpression(input), { minLength: 1, maxLength: 2 }),
  );
  return fc
    .tuple(
      groups,
      fc.array(aggregateCalls(columnsOf(input), integerExpressions(input), predicates(input)), { maxLength: 3 }),
    )
    .map(([by, calls]) => ({
      kind: "aggregate",
      input,
      groups: by,
      aggregates: calls,
      scalar: by.length === 0,
      columns: [...by.map((group) => group.type), ...calls.map((aggregate) => aggregate.type)],
    }));
}

const joinKinds = fc.constantFrom("inner" as const, "left" as const, "full" as const);

function joins(left: Plan, right: Plan): fc.Arbitrary<Plan> {
  const pairs = columnsOf(left).flatMap((a) =>
    columnsOf(right)
      .filter((b) => a.type.typeOid === b.type.typeOid && a.type.typeOid !== Oid.json)
      .map((b) => [a, b] as const),
  );
  const keys: fc.Arbitrary<(readonly [Expression, Expression])[]> =
    pairs.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...pairs), { maxLength: 2 });
  const columns = [...left.columns, ...right.columns];
  const joined: Plan = { kind: "union-all", inputs: [], columns };
  const computed: typeof keys = fc.tuple(integerExpressions(left), integerExpressions(right)).map((pair) => [pair]);
  return fc
    .record({
      join: joinKinds,
      keys: fc.oneof(keys, computed),
      residual: fc.option(predicates(joined)),
      safe: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
    })
    .map(({ join, keys: chosen, residual, safe }) => ({
      kind: "join",
      join,
      left,
      right,
      leftKeys: chosen.map(([a]) => a),
      rightKeys: chosen.map(([, b]) => b),
      residual,
      ...(safe.slice(0, chosen.length).includes(true) ? { nullSafe: safe.slice(0, chosen.length) } : {}),
      columns,
    }));
}

/** Written rows and series beside one another. */
function rowSources(input: Plan): fc.Arbitrary<RowSource> {
  const limited = fc.constantFrom("0", "2").map((text) => constant(INT4, text));
  const written = fc
    .array(fc.tuple(integerExpressions(input), integerExpressions(input)), { minLength: 1, maxLength: 3 })
    .map((rows): RowSource => ({ kind: "rows", rows, columns: [INT4, INT4] }));
  const series = fc.tuple(integerExpressions(input), limited).map(([from, to]): RowSource => ({
    kind: "function",
    name: "generate_series_int4",
    strict: true,
    inputCollation: 0,
    // At most three rows: the start is not below zero.
    args: [{ kind: "greatest", inputCollation: 0, args: [from, constant(INT4, "0")], type: INT4 }, to],
    columns: [INT4],
  }));
  return fc.oneof(written, series);
}

function expands(input: Plan): fc.Arbitrary<Plan> {
  return fc
    .record({
      sources: fc.array(rowSources(input), { minLength: 1, maxLength: 2 }),
      ordinality: fc.boolean(),
      outer: fc.boolean(),
    })
    .chain(({ sources, ordinality, outer }) => {
      const made = [...sources.flatMap((source) => source.columns), ...(ordinality ? [INT8] : [])];
      const columns = [...input.columns, ...made];
      const shape: Plan = { kind: "union-all", inputs: [], columns };
      return fc
        .option(predicates(shape))
        .map((residual): Plan => ({ kind: "expand", input, sources, ordinality, outer, residual, columns }));
    });
}

function topKs(input: Plan): fc.Arbitrary<Plan> {
  const sort = fc.record({ expression: anyExpression(input), descending: fc.boolean(), nullsFirst: fc.boolean() });
  return fc
    .record({
      partition: fc.array(anyExpression(input), { maxLength: 1 }),
      sort: fc.array(sort, { maxLength: 2 }),
      limit: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 8 }),
      offset: fc.integer({ min: 0, max: 2 }),
      ties: fc.boolean(),
    })
    .map(({ ties, ...spec }) => ({
      kind: "top-k",
      input,
      ...spec,
      ...(ties && spec.limit !== null && { ties }),
      columns: input.columns,
    }));
}

function singleRows(input: Plan): fc.Arbitrary<Plan> {
  return fc
    .array(anyExpression(input), { maxLength: 2 })
    .map((partition) => ({ kind: "single-row", input, partition, columns: [...input.columns, BOOL] }));
}

/** The plan twice, or with a plan of the same columns: a part of its rows, or a scan. */
function pairsOfOneShape(plan: Plan): fc.Arbitrary<readonly [Plan, Plan]> {
  const part = predicates(plan).map((predicate): Plan => ({
    kind: "filter",
    input: plan,
    predicate,
    columns: plan.columns,
  }));
  const ofTable = (tableOid: number): Plan => (plan.kind === "scan" ? { ...plan, tableOid } : plan);
  return fc.oneof(fc.constant(plan), part, fc.constantFrom(...TABLE_OIDS).map(ofTable)).map((second) => [plan, second]);
}

/** Integers, and those that `edges` lead to from them. Under UNION ALL edges lead down alone: cycles would never end. */
function recursions(base: Plan, edges: Plan): fc.Arbitrary<Plan> {
  const columns = [INT4];
  const project = (plan: Plan, expressions: readonly Expression[]): Plan => ({
    kind: "project",
    input: plan,
    expressions,
    columns: expressions.map(({ type }) => type),
  });
  return fc
    .record({
      start: integerExpressions(base),
      from: integerExpressions(edges),
      to: integerExpressions(edges),
      all: fc.boolean(),
      found: fc.constantFrom(column(2, INT4), failsAtZero(column(2, INT4), column(0, INT4))),
      condition: fc.option(fc.constant(call("int4gt", 147, [divided(1000, column(2, INT4)), column(0, INT4)], BOOL))),
    })
    .map(({ start, from, to, all, found, condition }) => {
      const inputs = [project(base, [start]), project(edges, [from, to])];
      const read = (place: number): Plan => ({
        kind: "recursive-input",
        input: place,
        name: "",
        columns: must(inputs[place]).columns,
      });
      const met: Plan = {
        kind: "join",
        join: "inner",
        left: read(0),
        right: read(1),
        leftKeys: [column(0, INT4)],
        rightKeys: [column(0, INT4)],
        residual: all ? call("int4lt", 66, [column(2, INT4), column(0, INT4)], BOOL) : condition,
        columns: [INT4, INT4, INT4],
      };
      return { kind: "recursive", inputs, body: project(met, [found]), all, columns };
    });
}

function divided(dividend: number, divisor: Expression): Expression {
  return call("int4div", 154, [constant(INT4, String(dividend)), divisor], INT4);
}

/** `value`, but a failure where `other` is 0. */
function failsAtZero(value: Expression, other: Expression): Expression {
  const nothing = call("int4mul", 141, [divided(1000, other), constant(INT4, "0")], INT4);
  return call("int4pl", 177, [value, nothing], INT4);
}

export type OperatorKind = Plan["kind"];

/** A random plan whose root is of the given kind, at most `depth` operators deep. */
export function plansOfKind(kind: OperatorKind, depth: number): fc.Arbitrary<Plan> {
  const input = plans(depth - 1);
  const compared = input.map(comparable);
  switch (kind) {
    case "scan":
      return scans;
    case "filter":
      return input.chain((plan) =>
        predicates(plan).map((predicate) => ({ kind, input: plan, predicate, columns: plan.columns })),
      );
    case "project":
      return input.chain((plan) =>
        fc.array(anyExpression(plan), { minLength: 1, maxLength: 3 }).map((expressions) => ({
          kind,
          input: plan,
          expressions,
          columns: expressions.map((expression) => expression.type),
        })),
      );
    case "unit":
      return fc.constant({ kind, columns: [] });
    case "expand":
      return fc.oneof(input, fc.constant<Plan>({ kind: "unit", columns: [] })).chain(expands);
    case "join":
      return fc.tuple(input, input).chain(([left, right]) => joins(left, right));
    case "aggregate":
      return compared.chain(aggregates);
    case "distinct":
      return compared.map((plan) => ({ kind, input: plan, columns: plan.columns }));
    case "union-all":
      return input.chain(pairsOfOneShape).map(([plan, second]) => ({
        kind,
        inputs: [plan, second],
        columns: plan.columns,
      }));
    case "set-operation":
      return fc
        .record({
          inputs: compared.chain(pairsOfOneShape),
          operation: fc.constantFrom("intersect" as const, "except" as const),
          all: fc.boolean(),
          swapped: fc.boolean(),
        })
        .map(({ inputs, operation, all, swapped }) => {
          const [left, right] = swapped ? [inputs[1], inputs[0]] : inputs;
          return { kind, operation, all, left, right, columns: left.columns };
        });
    case "top-k":
      return compared.chain(topKs);
    case "single-row":
      return compared.chain(singleRows);
    case "upstream-calls":
      return input.chain((plan) => upstreamCalls(plan, integerExpressions(plan)));
    case "recursive":
      return fc.tuple(input, input).chain(([base, edges]) => recursions(base, edges));
    case "recursive-input":
      throw new RangeError("stands only in the body of a recursive plan");
    case "window":
      return compared.chain((plan) =>
        windows(plan, {
          expression: anyExpression(plan),
          integer: integerExpressions(plan),
          aggregate: aggregateCalls(columnsOf(plan), integerExpressions(plan), predicates(plan)),
        }),
      );
  }
}

export const OPERATOR_KINDS: readonly OperatorKind[] = [
  "scan",
  "filter",
  "project",
  "unit",
  "expand",
  "join",
  "aggregate",
  "distinct",
  "union-all",
  "set-operation",
  "top-k",
  "single-row",
  "window",
  "upstream-calls",
  "recursive",
];

export function plans(depth: number): fc.Arbitrary<Plan> {
  if (depth <= 0) return scans;
  return fc.oneof(...OPERATOR_KINDS.map((kind) => plansOfKind(kind, depth)));
}

/** A query without parameters over `plan`. */
export function queryOf(plan: Plan): QueryPlan {
  return {
    plan,
    result: plan.columns.map((type, index) => ({
      ...type,
      name: `c${index}`,
      tableOid: 0,
      attribute: 0,
      typeLength: -1,
    })),
    parameters: [],
    equality: [],
    range: null,
    sort: [],
    limit: null,
    offset: null,
    missingKeyRow: null,
    resultKey: null,
    tables: TABLE_OIDS.map((tableOid) => ({
      tableOid,
      schema: "public",
      name: `t${tableOid}`,
    })),
    privileges: [],
    types: [],
    collations: [],
  };
}

/** Two joins that can share one or both of their arrangements. */
export const joinPairs: fc.Arbitrary<readonly [Plan, Plan]> = fc.tuple(plans(1), scans).chain(([left, right]) =>
  fc.tuple(joins(left, right), joinKinds, fc.boolean()).map(([first, join, over]) => {
    if (first.kind !== "join") return [first, first];
    const other: Plan = { ...first, join, residual: null };
    const counted: Plan = {
      kind: "aggregate",
      input: other,
      groups: [],
      aggregates: [{ name: "count", arg: null, distinct: false, inputCollation: 0, type: INT8 }],
      scalar: true,
      columns: [INT8],
    };
    return [first, over ? counted : other];
  }),
);
