import { must } from "@freshet/base";
import { type InvalidationPlan, type SelectShape, type Slot, literalFitsType } from "@freshet/sql";
import type { BoundParameters, MissReason } from "../session/front-ports.ts";

export interface Misfit {
  readonly reason: MissReason;
  readonly detail: string;
}

/** Types that PostgreSQL compares with each other by its own functions. */
const FAMILIES: readonly ReadonlySet<number>[] = [new Set([20, 21, 23, 700, 701, 1700]), new Set([25, 1042, 1043])];
/** Dates and times without words: none of them stands for the clock's time. */
const PLAIN_TIME = /^\s*(?:[-+\d:./ TZtz,]*(?:\s(?:AD|BC))?|-?infinity|epoch)\s*$/i;
const CLOCK_WORDS = /now|today|tomorrow|yesterday/i;

/**
 * Whether what a statement of the plan's shape holds in its slots makes it one that depends on nothing else than the
 * planned one; null when it does.
 */
export function statementMisfit(
  plan: InvalidationPlan,
  shape: SelectShape,
  parameters: BoundParameters | null,
  formats: readonly number[],
): Misfit | null {
  const given = parameters?.values.length ?? 0;
  if (given !== shape.parameterCount) return value(`${given} parameters for ${shape.parameterCount}`);
  if (formats.length > 1 && formats.length !== plan.result.length)
    return value("another number of result formats than columns");
  for (const [index, slot] of shape.slots.entries()) {
    const { typeOid, literalKinds } = must(plan.slots[index], "a matching shape has the plan's slots");
    for (const item of slot.items) {
      const misfit =
        item.kind === "literal"
          ? literalMisfit(plan, typeOid, literalKinds, item.literal)
          : parameterMisfit(plan, typeOid ?? ownType(plan, shape, item.number), must(parameters), item.number - 1);
      if (misfit !== null) return misfit;
    }
  }
  return null;
}

type PlannedSlot = InvalidationPlan["slots"][number];
type Literal = Extract<Slot["items"][number], { readonly kind: "literal" }>["literal"];

function literalMisfit(
  plan: InvalidationPlan,
  typeOid: number | null,
  kinds: PlannedSlot["literalKinds"],
  literal: Literal,
): Misfit | null {
  const { kind, text } = literal;
  const fits = kinds.includes(kind) || (typeOid !== null && literalFitsType(kind, typeOid));
  if (!fits) return { reason: "parameter_type", detail: `a literal (${kind}) unlike the planned one` };
  if (kind !== "string") return null;
  if (typeOid !== null) return textMisfit(plan, typeOid, text, "a literal");
  return CLOCK_WORDS.test(text) ? value("a literal that may stand for the current time") : null;
}

/** Where the slot tells no type, the planned statement's parameter of this number has one. */
function ownType(plan: InvalidationPlan, shape: SelectShape, number: number): number | null {
  return shape.parameterCount === plan.parameterTypes.length ? (plan.parameterTypes[number - 1] ?? null) : null;
}

function parameterMisfit(
  plan: InvalidationPlan,
  typeOid: number | null,
  parameters: BoundParameters,
  index: number,
): Misfit | null {
  const name = `$${index + 1}`;
  const declared = parameters.typeOids[index] ?? 0;
  if (typeOid === null) return { reason: "parameter_type", detail: `${name} stands where a literal was planned` };
  const related = FAMILIES.some((family) => family.has(declared) && family.has(typeOid));
  if (declared !== 0 && declared !== typeOid && !related)
    return { reason: "parameter_type", detail: `${name} has type ${declared}, not ${typeOid}` };
  const bytes = parameters.values[index] ?? null;
  if (bytes === null || parameters.formats[index] === 1 || related) return null;
  return textMisfit(plan, typeOid, bytes.toString("latin1"), name);
}

function textMisfit(plan: InvalidationPlan, typeOid: number, text: string, what: string): Misfit | null {
  const input = plan.textInputs.find(([oid]) => oid === typeOid)?.[1] ?? "none";
  if (input === "any" || (input === "plain" && PLAIN_TIME.test(text))) return null;
  return value(`${what} may stand for the current time or for a name in the catalog`);
}

function value(detail: string): Misfit {
  return { reason: "parameter_value", detail };
}

/** Types of a statement's own parameters for ParameterDescription; null where the upstream has to say them. */
export function describedParameters(
  plan: InvalidationPlan,
  shape: SelectShape,
  declared: readonly number[],
): readonly number[] | null {
  const types: number[] = Array.from({ length: shape.parameterCount }, () => 0);
  for (const [index, slot] of shape.slots.entries()) {
    const { typeOid } = must(plan.slots[index], "a matching shape has the plan's slots");
    for (const item of slot.items) {
      if (item.kind !== "parameter") continue;
      const known = types[item.number - 1];
      // What PostgreSQL infers for a member of a list depends on the other members.
      if (typeOid === null || slot.role === "list" || (known !== 0 && known !== typeOid)) return null;
      types[item.number - 1] = typeOid;
    }
  }
  if (declared.length > types.length || types.includes(0)) return null;
  return declared.every((typeOid, index) => typeOid === 0 || typeOid === types[index]) ? types : null;
}
