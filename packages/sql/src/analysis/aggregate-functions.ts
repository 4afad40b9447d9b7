import { Oid } from "@freshet/values";
import {
  ACCUMULATED_AGGREGATES,
  type AggregateName,
  CHOOSING_AGGREGATES,
  LIST_AGGREGATES,
  ORDERED_SET_AGGREGATES,
  HYPOTHETICAL_AGGREGATES,
} from "../plan/aggregate-call.ts";
import { hasOrder } from "./catalog-types.ts";
import type { QueryScope } from "./query-scope.ts";
import { isSummable } from "./type-support.ts";

/** Aggregates that PostgreSQL has under several names. */
const SYNONYMS: ReadonlyMap<string, AggregateName> = new Map([
  ["every", "bool_and"],
  ["stddev", "stddev_samp"],
  ["variance", "var_samp"],
]);

const NAMES: ReadonlySet<string> = new Set([
  ...ACCUMULATED_AGGREGATES,
  ...CHOOSING_AGGREGATES,
  ...LIST_AGGREGATES,
  ...ORDERED_SET_AGGREGATES,
  ...HYPOTHETICAL_AGGREGATES,
]);

function isEngineAggregate(name: string): name is AggregateName {
  return NAMES.has(name);
}

/** The engine's name of a built-in aggregate; undefined for those that it does not have. */
export function engineAggregate(name: string): AggregateName | undefined {
  return SYNONYMS.get(name) ?? (isEngineAggregate(name) ? name : undefined);
}

const SPREADABLE: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8, Oid.numeric, Oid.float4, Oid.float8]);
const BITWISE: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8, Oid.bit]);

/** Whether the engine has the aggregate over a first argument of this type. */
export function acceptsArgument(name: AggregateName, typeOid: number, scope: QueryScope): boolean {
  switch (name) {
    case "sum":
      return isSummable(typeOid) || typeOid === Oid.interval || typeOid === Oid.money;
    case "avg":
      return isSummable(typeOid) || typeOid === Oid.interval;
    case "var_pop":
    case "var_samp":
    case "stddev_pop":
    case "stddev_samp":
      return SPREADABLE.has(typeOid);
    case "bit_and":
    case "bit_or":
    case "bit_xor":
      return BITWISE.has(typeOid);
    case "min":
    case "max":
      return hasOrder(scope.catalog, typeOid);
    default:
      return true;
  }
}
