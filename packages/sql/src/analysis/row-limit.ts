import { Oid } from "@freshet/values";
import type { Expression } from "../plan/expression.ts";
import type { RowLimit } from "../plan/query-plan.ts";
import type { QueryScope } from "./query-scope.ts";
import { unsupported } from "./unsupported.ts";

/** The query's LIMIT or OFFSET; null without one, also for LIMIT ALL and NULL. */
export function translateLimit(scope: QueryScope, clause: "limitCount" | "limitOffset"): RowLimit | null {
  const node = scope.query.nodeOrNull(clause);
  if (node === null) return null;
  const expression = scope.translate(node);
  if (expression.kind === "parameter") return { parameter: expression.number };
  const value = constantCount(expression);
  const name = clause === "limitCount" ? "LIMIT" : "OFFSET";
  if (value === undefined) throw unsupported(`${name} is computed; only a number or a parameter is supported`);
  if (value === null) return null;
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw unsupported(`${name} must lie between 0 and 2^53`);
  return { constant: Number(value) };
}

/** A bigint constant, or an integer one cast to bigint; undefined for everything else. */
function constantCount(expression: Expression): bigint | null | undefined {
  if (expression.kind === "call" && (expression.name === "int48" || expression.name === "int28")) {
    const [arg] = expression.args;
    return arg === undefined ? undefined : constantCount(arg);
  }
  if (expression.kind !== "constant") return undefined;
  if (expression.value === null) return null;
  const bytes = Buffer.from(expression.value, "latin1");
  if (expression.type.typeOid === Oid.int8) return bytes.readBigInt64BE(0);
  if (expression.type.typeOid === Oid.int4) return BigInt(bytes.readInt32BE(0));
  return undefined;
}
