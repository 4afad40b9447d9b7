import { must } from "@freshet/base";
import type { TableTouch, TouchedRow } from "@freshet/contract";
import type { GuardCondition, InvalidationPlan, SelectShape } from "@freshet/sql";
import { BUILTIN_TYPES, type Codec, type CodecSet, KeyWriter, type TextSettings, createCodecs } from "@freshet/values";
import { slotValues } from "../front/parameters.ts";
import type { BoundParameters } from "../session/front-ports.ts";

/** A condition with the values that one execution has in its slot, as keys. */
interface BoundCondition {
  readonly column: string;
  readonly typeOid: number;
  readonly operator: GuardCondition["operator"];
  readonly keys: readonly Buffer[];
}

/** An equality that all rows of a table meet which matter: answers are found by it. */
export interface Pin {
  readonly column: string;
  readonly typeOid: number;
  readonly keys: readonly Buffer[];
}

const codecs: CodecSet = createCodecs(BUILTIN_TYPES);
const writer = new KeyWriter();

/** The key of a value in binary send format: equal for equal values, and in their order. */
export function valueKey(typeOid: number, value: Buffer): Buffer {
  writer.truncate(0);
  must(codecs.get(typeOid), "a guarded column's type is built in").writeKey(value, writer);
  return writer.take();
}

/** Which changes matter for one answer. */
export class RowGuard {
  readonly #tables: ReadonlyMap<number, readonly (readonly BoundCondition[])[]>;

  constructor(tables: ReadonlyMap<number, readonly (readonly BoundCondition[])[]>) {
    this.#tables = tables;
  }

  /** Without what is not surely known of the values every row of their tables matters. */
  static of(
    plan: InvalidationPlan,
    shape: SelectShape,
    parameters: BoundParameters | null,
    settings: TextSettings,
  ): RowGuard {
    const tables = new Map<number, readonly (readonly BoundCondition[])[]>();
    for (const { tableOid, references } of plan.guards) {
      const bound = references.map((conditions) =>
        conditions.flatMap((condition) => bind(condition, shape, parameters, settings)),
      );
      if (bound.every((conditions) => conditions.length > 0)) tables.set(tableOid, bound);
    }
    return new RowGuard(tables);
  }

  matters(touch: TableTouch): boolean {
    const references = this.#tables.get(touch.tableOid);
    if (references === undefined || touch.rows === null) return true;
    return touch.rows.some((row) =>
      references.some((conditions) => conditions.every((condition) => mayMeet(condition, touch.columns, row))),
    );
  }

  /** The equality to find it by when a row of the table changes; null where there is none, or several mentions. */
  pin(tableOid: number): Pin | null {
    const references = this.#tables.get(tableOid);
    const [conditions, ...others] = references ?? [];
    if (conditions === undefined || others.length > 0) return null;
    return conditions.find(({ operator }) => operator === "=") ?? null;
  }
}

function bind(
  { column, typeOid, operator, slot: index }: GuardCondition,
  shape: SelectShape,
  bound: BoundParameters | null,
  settings: TextSettings,
): BoundCondition[] {
  const slot = must(shape.slots[index], "a matching shape has the plan's slots");
  const codec: Codec = must(codecs.get(typeOid), "a guarded column's type is built in");
  const values = slotValues({ types: BUILTIN_TYPES, bound, codecs, settings }, slot, codec);
  if (!Array.isArray(values)) return [];
  // Nothing is equal to, or less than, NULL.
  const keys = values.flatMap((value) => (value === null ? [] : [valueKey(typeOid, value)]));
  return [{ column, typeOid, operator, keys }];
}

function mayMeet(condition: BoundCondition, columns: readonly string[], row: TouchedRow): boolean {
  const value = row[columns.indexOf(condition.column)];
  if (value === undefined) return true;
  if (value === null) return false;
  const key = valueKey(condition.typeOid, value);
  return condition.keys.some((other) => compares(condition.operator, Buffer.compare(key, other)));
}

function compares(operator: GuardCondition["operator"], order: number): boolean {
  switch (operator) {
    case "=":
      return order === 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}
