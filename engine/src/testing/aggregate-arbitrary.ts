import type { AggregateCall, AggregateName, Expression, SortKey } from "@freshet/sql";
import { type ColumnType, Oid } from "@freshet/values";
import fc from "fast-check";

function typeOf(typeOid: number): ColumnType {
  return { typeOid, typmod: -1, collation: 0 };
}

const INT8 = typeOf(Oid.int8);
const NUMERIC = typeOf(Oid.numeric);

/** The aggregates over an int4 argument that follow from running totals or choose a value, with their result types. */
const OF_INTEGER: readonly (readonly [AggregateName, ColumnType])[] = [
  ["count", INT8],
  ["sum", INT8],
  ["avg", NUMERIC],
  ["var_pop", NUMERIC],
  ["stddev_samp", NUMERIC],
  ...(["min", "max", "any_value", "bit_and", "bit_or", "bit_xor"] as const).map(
    (name) => [name, typeOf(Oid.int4)] as const,
  ),
];

function simpleCalls(arg: Expression): fc.Arbitrary<AggregateCall> {
  const { type } = arg;
  const choices =
    type.typeOid === Oid.int4
      ? OF_INTEGER
      : ([
          ["count", INT8],
          ["min", type],
          ["max", type],
          ["any_value", type],
          ...(type.typeOid === Oid.numeric ? [["sum", type] as const] : []),
        ] as const);
  return fc.record({ choice: fc.constantFrom(...choices), distinct: fc.boolean() }).map(({ choice, distinct }) => ({
    name: choice[0],
    arg,
    distinct,
    inputCollation: type.collation,
    type: choice[1],
  }));
}

function truthCalls(arg: Expression): fc.Arbitrary<AggregateCall> {
  return fc
    .record({ name: fc.constantFrom("bool_and" as const, "bool_or" as const), distinct: fc.boolean() })
    .map((call) => ({ ...call, arg, inputCollation: 0, type: typeOf(Oid.bool) }));
}

function sortsOver(columns: readonly Expression[]): fc.Arbitrary<readonly SortKey[]> {
  if (columns.length === 0) return fc.constant([]);
  const key = fc.record({
    expression: fc.constantFrom(...columns),
    descending: fc.boolean(),
    nullsFirst: fc.boolean(),
  });
  return fc.array(key, { maxLength: 2 });
}

const ARRAYS: ReadonlyMap<number, number> = new Map([
  [Oid.int4, 1007],
  [Oid.int8, 1016],
  [Oid.numeric, 1231],
  [Oid.text, 1009],
  [Oid.bool, 1000],
  [Oid.float8, 1022],
]);

/** Aggregates that keep all values; with DISTINCT they are sorted by their arguments. */
function listCalls(
  arg: Expression,
  columns: readonly Expression[],
  conditions: fc.Arbitrary<Expression>,
): fc.Arbitrary<AggregateCall> {
  const arrayOid = ARRAYS.get(arg.type.typeOid);
  const choices: readonly (readonly [AggregateName, ColumnType])[] = [
    ["json_agg", typeOf(Oid.json)],
    ["jsonb_agg_strict", typeOf(Oid.jsonb)],
    ["json_object_agg", typeOf(Oid.json)],
    ["jsonb_object_agg_unique", typeOf(Oid.jsonb)],
    ...(arrayOid === undefined ? [] : [["array_agg", typeOf(arrayOid)] as const]),
    ...(arg.type.typeOid === Oid.text ? [["string_agg", arg.type] as const] : []),
  ];
  return fc
    .record({
      choice: fc.constantFrom(...choices),
      sort: sortsOver(columns),
      second: fc.constantFrom(arg, ...columns),
      distinct: fc.boolean(),
      filter: fc.option(conditions, { nil: undefined }),
    })
    .map(({ choice: [name, type], sort, second, distinct, filter }) => {
      const rest = name.includes("object") ? [second] : name === "string_agg" ? [arg] : [];
      const byArguments = [arg, ...rest].map((expression) => ({ expression, descending: true, nullsFirst: false }));
      const order = { sort: distinct ? byArguments : sort, ...(filter === undefined ? {} : { filter }) };
      return { name, arg, rest, distinct, ...order, type, inputCollation: arg.type.collation };
    });
}

const RANGE = typeOf(3904);
const MULTIRANGE = typeOf(4451);

function call(name: string, functionOid: number, args: readonly Expression[], type: ColumnType): Expression {
  return { kind: "call", name, functionOid, strict: name !== "range_constructor2", inputCollation: 0, args, type };
}

/** Ranges between two integers, which fail where the second is the lower one, and multiranges of them. */
function rangeCalls(
  integers: fc.Arbitrary<Expression>,
  conditions: fc.Arbitrary<Expression>,
): fc.Arbitrary<AggregateCall> {
  const ranges = fc.tuple(integers, integers, fc.boolean()).map(([low, other, isSorted]) => {
    const high: Expression = { kind: "greatest", inputCollation: 0, args: [low, other], type: low.type };
    return call("range_constructor2", 3840, [low, isSorted ? high : other], RANGE);
  });
  const values = fc
    .tuple(ranges, fc.boolean())
    .map(([range, several]) => (several ? call("multirange_constructor1", 4281, [range], MULTIRANGE) : range));
  return fc
    .record({
      arg: values,
      name: fc.constantFrom("range_agg" as const, "range_intersect_agg" as const),
      distinct: fc.boolean(),
      filter: fc.option(conditions, { nil: undefined }),
    })
    .map(({ arg, name, distinct, filter }) => ({
      name,
      arg,
      rest: [],
      distinct,
      sort: distinct ? [{ expression: arg, descending: false, nullsFirst: false }] : [],
      ...(filter === undefined ? {} : { filter }),
      type: name === "range_agg" ? MULTIRANGE : arg.type,
      inputCollation: 0,
    }));
}

function float8Constant(fraction: number): Expression {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(fraction);
  return { kind: "constant", value: bytes.toString("latin1"), type: typeOf(Oid.float8) };
}

/** Aggregates with WITHIN GROUP; hypothetical rows have constants and columns of the input in their places. */
function orderedSetCalls(
  arg: Expression,
  columns: readonly Expression[],
  conditions: fc.Arbitrary<Expression>,
): fc.Arbitrary<AggregateCall> {
  const others = columns.filter(({ type }) => type.typeOid === arg.type.typeOid);
  const ranks: readonly (readonly [AggregateName, ColumnType])[] = [
    ["rank", INT8],
    ["dense_rank", INT8],
    ["percent_rank", typeOf(Oid.float8)],
    ["cume_dist", typeOf(Oid.float8)],
  ];
  const choices: readonly (readonly [AggregateName, ColumnType])[] = [
    ["mode", arg.type],
    ["percentile_disc", arg.type],
    ["percentile_disc", arg.type],
    ...ranks,
  ];
  return fc
    .record({
      choice: fc.constantFrom(...choices),
      direct: fc.constantFrom(arg, ...others, { kind: "constant", value: null, type: arg.type } as const),
      fraction: fc.constantFrom(0, 0.1, 0.5, 0.75, 1),
      flags: fc.record({ descending: fc.boolean(), nullsFirst: fc.boolean() }),
      filter: fc.option(conditions, { nil: undefined }),
    })
    .map(({ choice: [name, type], direct, fraction, flags, filter }) => ({
      name,
      arg,
      direct: name === "mode" ? [] : [name === "percentile_disc" ? float8Constant(fraction) : direct],
      sort: [{ expression: arg, ...flags }],
      ...(filter === undefined ? {} : { filter }),
      distinct: false,
      type,
      inputCollation: arg.type.collation,
    }));
}

/** Calls of every aggregate over an input's columns; `integers` and `conditions` are expressions over it that may fail. */
export function aggregateCalls(
  columns: readonly Expression[],
  integers: fc.Arbitrary<Expression>,
  conditions: fc.Arbitrary<Expression>,
): fc.Arbitrary<AggregateCall> {
  const star: AggregateCall = { name: "count", arg: null, distinct: false, inputCollation: 0, type: INT8 };
  const others = columns.filter(({ type }) => [Oid.numeric, Oid.text].some((oid) => oid === type.typeOid));
  const listed = columns.filter(({ type }) => [Oid.int4, Oid.numeric, Oid.text].some((oid) => oid === type.typeOid));
  return fc.oneof(
    fc.constant(star),
    integers.chain(simpleCalls),
    conditions.chain(truthCalls),
    rangeCalls(integers, conditions),
    ...(listed.length === 0 ? [] : [fc.constantFrom(...listed).chain((arg) => listCalls(arg, listed, conditions))]),
    ...(listed.length === 0
      ? []
      : [fc.constantFrom(...listed).chain((arg) => orderedSetCalls(arg, listed, conditions))]),
    ...(others.length === 0 ? [] : [fc.constantFrom(...others).chain(simpleCalls)]),
  );
}
