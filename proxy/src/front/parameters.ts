import { isUtf8 } from "node:buffer";
import { must } from "@freshet/base";
import {
  type Literal,
  type PlannedStatement,
  type SelectShape,
  type Slot,
  type ViewParameter,
  literalToBinary,
} from "@freshet/sql";
import { BUILTIN_TYPES, type Codec, type CodecSet, type PgType, type TextSettings, readArray } from "@freshet/values";
import type { BoundParameters, MissReason } from "../session/front-ports.ts";

/** The view parameters' values of one execution; one list per parameter, null for NULL. */
export type ParameterValues = readonly (readonly (Buffer | null)[])[];

export interface Unbound {
  readonly reason: MissReason;
  readonly detail: string;
}

/** Values that no slot may exceed; protects the key look-up from IN lists of any length. */
const MAX_LIST_MEMBERS = 10_000;

const NO_VALUES: readonly (Buffer | null)[] = [];
const INT2 = 21;
const INT4 = 23;
const INT8 = 20;
const TEXT_TYPES: ReadonlySet<number> = new Set([25, 1043]);
const INTEGER_LIMITS = new Map<number, readonly [bigint, bigint]>([
  [INT2, [-(2n ** 15n), 2n ** 15n - 1n]],
  [INT4, [-(2n ** 31n), 2n ** 31n - 1n]],
  [INT8, [-(2n ** 63n), 2n ** 63n - 1n]],
]);

/** What reading one statement's slots works with. */
interface ValueBinding {
  /** Types beyond the built-in ones. */
  readonly types: readonly PgType[];
  readonly bound: BoundParameters | null;
  readonly codecs: CodecSet;
  readonly settings: TextSettings;
}

interface Binding extends Omit<ValueBinding, "types"> {
  readonly planned: PlannedStatement;
}

/**
 * Turns what one statement holds in its slots into the view's parameter values. Anything that is not
 * surely the value PostgreSQL would compare with makes it Unbound.
 */
export function bindSlots(binding: Binding, shape: SelectShape): ParameterValues | Unbound {
  const { planned, bound, codecs, settings } = binding;
  const slots: ValueBinding = { types: planned.plan.types, bound, codecs, settings };
  const values: (readonly (Buffer | null)[])[] = planned.plan.parameters.map(() => NO_VALUES);
  for (let index = 0; index < planned.slots.length; index++) {
    const served = must(planned.slots[index]);
    if (served.kind === "fixed") continue;
    const slot = must(shape.slots[index], "a matching shape has the plan's slots");
    const parameter = must(planned.plan.parameters[served.parameter]);
    const { typeOid } = parameter.type;
    const codec = codecs.get(typeOid);
    if (codec === undefined) return { reason: "parameter_type", detail: `type ${typeOid}` };
    const list = valuesOf(slots, slot, codec, holdsArray(parameter, slot));
    if (!Array.isArray(list)) return list;
    values[served.parameter] = list;
  }
  return values;
}

/** The values that one slot holds, as values of `codec`'s type: of a list or an array its members. */
export function slotValues(binding: ValueBinding, slot: Slot, codec: Codec): (Buffer | null)[] | Unbound {
  return valuesOf(binding, slot, codec, slot.role === "array");
}

/** The role does not tell: `= ANY ($1::text[])` and conditions of HAVING are slots of the role `other`. */
function holdsArray({ list }: ViewParameter, { role }: Slot): boolean {
  return list && role !== "list";
}

function valuesOf(binding: ValueBinding, slot: Slot, codec: Codec, isArray: boolean): (Buffer | null)[] | Unbound {
  if (slot.items.length > MAX_LIST_MEMBERS) return TOO_LONG;
  return isArray ? arrayMembers(binding, slot, codec) : itemValues(binding, slot, codec);
}

const TOO_LONG: Unbound = { reason: "parameter_value", detail: "a list that is too long" };

export function isUnbound(value: ParameterValues | Unbound): value is Unbound {
  return "reason" in value;
}

function itemValues(binding: ValueBinding, slot: Slot, codec: Codec): (Buffer | null)[] | Unbound {
  const values: (Buffer | null)[] = [];
  for (const item of slot.items) {
    const value =
      item.kind === "literal"
        ? literalValue(item.literal, codec, binding.settings)
        : parameterValue(binding, item.number, codec);
    if (value !== null && !Buffer.isBuffer(value)) return value;
    values.push(value);
  }
  return values;
}

function literalValue(literal: Literal, codec: Codec, settings: TextSettings): Buffer | null | Unbound {
  if (literal.kind === "null") return null;
  const value = literalToBinary(literal, codec.oid, codec, settings);
  return value ?? { reason: "parameter_value", detail: `a literal that is not a plain ${codec.name}` };
}

/** The client's `$number` as a value of `codec`'s type. */
function parameterValue(
  { bound, codecs, settings }: ValueBinding,
  number: number,
  codec: Codec,
): Buffer | null | Unbound {
  const index = number - 1;
  if (bound === null || index >= bound.values.length) {
    return { reason: "parameter_value", detail: `$${number} is not bound` };
  }
  const raw = bound.values[index] ?? null;
  if (raw === null) return null;
  const declared = bound.typeOids[index] ?? 0;
  const sent = declared === 0 || declared === codec.oid ? codec : codecs.get(declared);
  if (sent === undefined) return { reason: "parameter_type", detail: `$${number} has type ${declared}` };
  const value = bound.formats[index] === 1 ? binaryValue(raw, sent) : textValue(raw, sent, settings);
  if (value === undefined) return { reason: "parameter_value", detail: `$${number} is not a plain ${sent.name}` };
  const converted = convert(value, sent, codec);
  return converted ?? { reason: "parameter_type", detail: `$${number} is ${sent.name}, compared with ${codec.name}` };
}

/** A copy: `raw` lies in the connection's receive buffer. */
function binaryValue(raw: Buffer, codec: Codec): Buffer | undefined {
  return codec.isValid(raw) ? Buffer.from(raw) : undefined;
}

/** Undefined also for bytes that are not UTF-8, which PostgreSQL refuses. */
export function textValue(raw: Buffer, codec: Codec, settings: TextSettings): Buffer | undefined {
  const plain = codec.fromPlainText?.(raw);
  if (plain !== undefined) return plain;
  return isUtf8(raw) ? codec.fromText(raw.toString("utf8"), settings) : undefined;
}

/** Whether a parameter declared as `from` may be compared with a key of type `to`; the value has to fit, too. */
export function convertible(from: number, to: number): boolean {
  return (
    from === to || (TEXT_TYPES.has(from) && TEXT_TYPES.has(to)) || (INTEGER_LIMITS.has(from) && INTEGER_LIMITS.has(to))
  );
}

/** Between types whose comparison with the column is the column type's own; undefined for all others. */
function convert(value: Buffer, from: Codec, to: Codec): Buffer | undefined {
  if (from.oid === to.oid) return value;
  if (TEXT_TYPES.has(from.oid) && TEXT_TYPES.has(to.oid)) return value;
  const limits = INTEGER_LIMITS.get(to.oid);
  if (limits === undefined || !INTEGER_LIMITS.has(from.oid)) return undefined;
  const integer = BigInt(from.decode(value) as number | bigint);
  if (integer < limits[0] || integer > limits[1]) return undefined;
  return to.encode(to.oid === INT8 ? integer : Number(integer));
}

/** The elements of a client's array parameter; NULL elements and a NULL array match nothing. */
function arrayMembers(binding: ValueBinding, slot: Slot, codec: Codec): (Buffer | null)[] | Unbound {
  const item = must(slot.items[0], "an array slot has one item");
  if (item.kind === "literal") return { reason: "parameter_value", detail: "an array literal" };
  const arrayCodec = arrayCodecOf(binding.types, codec.oid, binding.codecs);
  if (arrayCodec === undefined) return { reason: "parameter_type", detail: `arrays of ${codec.name}` };
  const array = parameterValue(binding, item.number, arrayCodec);
  if (array === null) return [];
  if (!Buffer.isBuffer(array)) return array;
  const members = readArray(array, codec.oid)?.elements;
  if (members === undefined) return { reason: "parameter_value", detail: "a malformed array" };
  return members.length > MAX_LIST_MEMBERS ? TOO_LONG : [...members];
}

function arrayCodecOf(types: readonly PgType[], elementOid: number, codecs: CodecSet): Codec | undefined {
  const isArray = (type: PgType): boolean => type.kind === "array" && type.elementOid === elementOid;
  const type = BUILTIN_TYPES.find(isArray) ?? types.find(isArray);
  return type === undefined ? undefined : codecs.get(type.oid);
}

/** Types of the statement's own parameters, by number, as PostgreSQL would infer them; undefined when one is unknown. */
export function statementParameterTypes(
  planned: PlannedStatement,
  shape: SelectShape,
  codecs: CodecSet,
): number[] | undefined {
  const types: number[] = Array.from({ length: shape.parameterCount }, () => 0);
  for (const [index, slot] of shape.slots.entries()) {
    const binding = must(planned.slots[index]);
    if (binding.kind === "fixed") continue;
    const parameter = must(planned.plan.parameters[binding.parameter]);
    const element = parameter.type.typeOid;
    const isArray = holdsArray(parameter, slot);
    const typeOid = isArray ? arrayCodecOf(planned.plan.types, element, codecs)?.oid : element;
    for (const item of slot.items) {
      if (item.kind !== "parameter") continue;
      if (typeOid === undefined) return undefined;
      const known = types[item.number - 1];
      if (known !== 0 && known !== typeOid) return undefined;
      types[item.number - 1] = typeOid;
    }
  }
  return types.includes(0) ? undefined : types;
}
