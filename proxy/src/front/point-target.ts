import { must } from "@freshet/base";
import type { SelectShape } from "@freshet/sql";
import type { Codec, TextSettings } from "@freshet/values";
import { BIND_COMPLETE } from "@freshet/wire";
import type { Cache } from "../caches/cache.ts";
import type { RowRenderer } from "./answer.ts";
import type { CompiledCache } from "./compiled-caches.ts";
import { executionMisfit } from "./bind-misfit.ts";

/** One value of the key: the statement's `$(index + 1)`. */
interface KeyPart {
  readonly index: number;
  readonly codec: Codec;
}

/** How answers begin and how their rows are written, in one result format for all columns. */
export interface PointForm {
  readonly head: Buffer;
  readonly describedHead: Buffer;
  readonly renderer: RowRenderer;
}

/** A cache whose key's values are just a statement's parameters. */
export interface PointTarget {
  readonly cache: Cache;
  readonly compiled: CompiledCache;
  readonly columns: number;
  /** In the order of the view's key. */
  readonly key: readonly KeyPart[];
  readonly settings: TextSettings;
  /** By format: text, binary. */
  readonly forms: readonly [PointForm, PointForm];
}

/** `typeOids`: as declared by Parse. Null where an execution may be more than a look-up of one key. */
export function pointTarget(
  cache: Cache,
  compiled: CompiledCache,
  shape: SelectShape,
  typeOids: readonly number[],
  settings: TextSettings,
): PointTarget | null {
  const key = keyParts(compiled, shape, typeOids);
  if (key === null) return null;
  const form = (format: number): PointForm => {
    const head = BIND_COMPLETE;
    const describedHead = Buffer.concat([head, compiled.forms.rowDescription([format])]);
    return { head, describedHead, renderer: compiled.forms.newRenderer([format], settings) };
  };
  return { cache, compiled, columns: compiled.forms.columns, key, settings, forms: [form(0), form(1)] };
}

/** Each value of the key is a parameter, and each parameter is a value of the key, of the type that it is sent with. */
function keyParts(compiled: CompiledCache, shape: SelectShape, typeOids: readonly number[]): KeyPart[] | null {
  const { planned, read } = compiled;
  const { equality, parameters } = planned.plan;
  const codecs = read.plainKey;
  if (codecs === null || equality.length !== shape.parameterCount || parameters.length !== equality.length) return null;
  const unbound = { values: codecs.map(() => null), formats: [], typeOids };
  if (executionMisfit(compiled, shape, unbound, []) !== null) return null;
  const parts: KeyPart[] = [];
  for (const [position, { parameter }] of equality.entries()) {
    const served = planned.slots.flatMap((slot, index) =>
      slot.kind !== "fixed" && slot.parameter === parameter ? [must(shape.slots[index])] : [],
    );
    const [slot, ...more] = served;
    if (slot === undefined || more.length > 0 || slot.role !== "equality" || slot.items.length !== 1) return null;
    const item = must(slot.items[0]);
    const codec = compiled.codecs.get(must(parameters[parameter]).type.typeOid);
    if (item.kind !== "parameter" || codec === undefined || codec.oid !== must(codecs[position]).oid) return null;
    const declared = typeOids[item.number - 1] ?? 0;
    if (declared !== 0 && declared !== codec.oid) return null;
    parts.push({ index: item.number - 1, codec });
  }
  return new Set(parts.map(({ index }) => index)).size === parts.length ? parts : null;
}
