import { must } from "@freshet/base";
import type { SelectShape } from "@freshet/sql";
import type { BoundParameters } from "../session/front-ports.ts";
import type { CompiledCache } from "./compiled-caches.ts";
import { convertible } from "./parameters.ts";

/** text, inet and oid: types whose operators serve others too (varchar, cidr, regclass …). */
const SHARED_OPERATOR_TYPES: ReadonlySet<number> = new Set([25, 869, 26]);

/** What PostgreSQL would refuse in a Bind, or take for something else than the cache does; null when it fits. */
export function executionMisfit(
  { planned, parameterTypes }: CompiledCache,
  shape: SelectShape,
  parameters: BoundParameters | null,
  formats: readonly number[],
): string | null {
  const given = parameters?.values.length ?? 0;
  if (given !== shape.parameterCount) return `${given} parameters for ${shape.parameterCount}`;
  if (formats.length > 1 && formats.length !== planned.plan.result.length)
    return "another number of result formats than columns";
  if (given > 0 && parameterTypes(shape) === undefined) return "a parameter is used with several types";
  return null;
}

/** ParameterDescription's types; null where the upstream has to say them, or may refuse what the client declared. */
export function declaredParameterTypes(
  { parameterTypes }: CompiledCache,
  shape: SelectShape,
  declared: readonly number[],
): readonly number[] | null {
  const inferred = parameterTypes(shape);
  if (inferred === undefined || declared.length > inferred.length) return null;
  if (hasOpenMember(shape, declared, inferred)) return null;
  const types = inferred.map((typeOid, index) => (declared[index] ?? 0) || typeOid);
  return types.every((typeOid, index) => convertible(typeOid, must(inferred[index]))) ? types : null;
}

/**
 * Whether a member of an IN list has a type that only the upstream knows: of `varcharcolumn IN ($1)` it is text, of
 * `varcharcolumn IN ($1, $2)` varchar; likewise inet and cidr.
 */
function hasOpenMember(shape: SelectShape, declared: readonly number[], inferred: readonly number[]): boolean {
  return shape.slots.some(
    ({ role, items }) =>
      role === "list" &&
      items.length > 1 &&
      items.some(
        (item) =>
          item.kind === "parameter" &&
          (declared[item.number - 1] ?? 0) === 0 &&
          SHARED_OPERATOR_TYPES.has(inferred[item.number - 1] ?? 0),
      ),
  );
}
