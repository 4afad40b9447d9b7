import type { MakeUpstreamCalls } from "@freshet/contract";
import { type Expression, type Plan, upstreamCallsPlan } from "@freshet/sql";
import { type ColumnType, packRow, unpackRow } from "@freshet/values";
import fc from "fast-check";

const INT4: ColumnType = { typeOid: 23, typmod: -1, collation: 0 };

/** What PostgreSQL would do: the sum of the arguments, NULL of NULLs; fails where the sum is a multiple of three. */
export const fakeUpstreamCalls: MakeUpstreamCalls = ({ lists }) =>
  lists.map((list) => {
    const values = unpackRow(list);
    if (values.includes(null)) return { value: null };
    const sum = values.reduce((total, value) => total + (value === null ? 0 : value.readInt32BE(0)), 0) | 0;
    if (sum !== 0 && sum % 3 === 0) return { failure: "P0001" };
    return { value: packRow([intBytes(sum)]).subarray(4) };
  });

function intBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** Calls over the plan, their results used or not. */
export function upstreamCalls(input: Plan, integers: fc.Arbitrary<Expression>): fc.Arbitrary<Plan> {
  const call = fc
    .array(integers, { minLength: 1, maxLength: 2 })
    .map((args) => ({ parts: args.length === 1 ? ["f(", ")"] : ["f(", ", ", ")"], args, functions: [], type: INT4 }));
  return fc
    .record({ calls: fc.array(call, { minLength: 1, maxLength: 2 }), use: fc.boolean() })
    .map(({ calls, use }): Plan => {
      const called = upstreamCallsPlan(input, calls, { role: "role", searchPath: [] });
      if (!use) return called;
      const at = input.columns.length;
      const value: Expression = { kind: "column", index: at, type: INT4 };
      const failure: Expression = { kind: "column", index: at + 1, type: { typeOid: 25, typmod: -1, collation: 0 } };
      return {
        kind: "project",
        input: called,
        expressions: [{ kind: "called", failure, value, type: INT4 }],
        columns: [INT4],
      };
    });
}
