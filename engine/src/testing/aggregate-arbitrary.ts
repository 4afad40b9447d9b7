import type { AggregateCall, AggregateName, Expression } from "@freshet/sql";
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

/** Calls of every aggregate over an input's columns; `integers` and `conditions` are expressions over it that may fail. */
export function aggregateCalls(
  columns: readonly Expression[],
  integers: fc.Arbitrary<Expression>,
  conditions: fc.Arbitrary<Expression>,
): fc.Arbitrary<AggregateCall> {
  const star: AggregateCall = { name: "count", arg: null, distinct: false, inputCollation: 0, type: INT8 };
  const others = columns.filter(({ type }) => [Oid.numeric, Oid.text].some((oid) => oid === type.typeOid));
  return fc.oneof(
    fc.constant(star),
    integers.chain(simpleCalls),
    conditions.chain(truthCalls),
    ...(others.length === 0 ? [] : [fc.constantFrom(...others).chain(simpleCalls)]),
  );
}
