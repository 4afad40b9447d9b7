import { must } from "@freshet/base";
import type { Slot } from "../statement/shape.ts";
import type { Catalog } from "./catalog.ts";
import { isTextual, literalFitsType } from "./type-support.ts";
import { UnliftableParameter } from "./unsupported.ts";

/** The types that PostgreSQL inferred for parameters. */
export interface InferredTypes {
  /** Of the client's own parameters, in the statement as written. */
  readonly statement: readonly number[];
  /** Of the parameters that stand for slots. */
  readonly slots: readonly number[];
}

function sameRepresentation(left: number, right: number): boolean {
  return left === right || (isTextual(left) && isTextual(right));
}

/**
 * Checks that what a slot holds means the same as a parameter in its place: a literal by its kind, a
 * client's parameter by its type. `parameter` is the number of the slot's parameter.
 */
export function checkSlotItems(slot: Slot, parameter: number, inferred: InferredTypes, catalog: Catalog): void {
  const typeOid = must(inferred.slots[parameter - 1], "every parameter has a type");
  const info = catalog.types.get(typeOid);
  const itemType = slot.role === "list" ? (info?.elementOid ?? typeOid) : typeOid;
  const typeName = catalog.types.get(itemType)?.sqlName ?? `type ${itemType}`;
  for (const item of slot.items) {
    if (item.kind === "literal") {
      if (literalFitsType(item.literal.kind, itemType)) continue;
      throw new UnliftableParameter(parameter, `is not written as a literal of type ${typeName}`);
    }
    const own = must(inferred.statement[item.number - 1], "every parameter of the statement has a type");
    if (!sameRepresentation(own, itemType)) {
      throw new UnliftableParameter(parameter, `is compared as type ${typeName}, but its own type is another`);
    }
  }
}
