import { assert, FreshetError, SqlState } from "@freshet/base";
import { fromByteText, toByteText } from "../parser/byte-text.ts";
import type { SelectShape, Slot } from "./shape.ts";

export interface SubstitutedStatement {
  readonly text: string;
  /** Per slot the `$k` that stands for it in `text`; null where it is fixed. */
  readonly slotParameter: readonly (number | null)[];
}

/**
 * The SELECT with each slot that is not fixed replaced by a parameter of its own, `$1` and on in slot
 * order; an IN list becomes `= ANY ($k)`, whose parameter is an array. A fixed slot keeps its text;
 * one that holds a client's parameter cannot be fixed (0A000).
 */
export function substituteSlots(shape: SelectShape, fixed: readonly boolean[]): SubstitutedStatement {
  assert(fixed.length === shape.slots.length, "one fixed flag per slot");
  const bytes = toByteText(shape.text);
  const slotParameter: (number | null)[] = [];
  let text = "";
  let from = 0;
  let next = 1;
  shape.slots.forEach((slot, index) => {
    if (fixed[index] === true) {
      refuseParameters(slot);
      slotParameter.push(null);
      return;
    }
    const parameter = next++;
    slotParameter.push(parameter);
    text = joined(text, bytes.slice(from, slot.listStart ?? slot.start), "");
    text = joined(text, slot.role === "list" ? `= ANY ($${parameter})` : `$${parameter}`, " ");
    from = slot.end;
    if (/^[A-Za-z0-9_$.\u0080-\uffff]/.test(bytes.slice(from, from + 1))) text += " ";
  });
  return { text: fromByteText(text + bytes.slice(from)), slotParameter };
}

function refuseParameters(slot: Slot): void {
  for (const item of slot.items) {
    if (item.kind === "literal") continue;
    throw new FreshetError(
      SqlState.featureNotSupported,
      `parameter $${item.number} cannot be a constant of the cache`,
      {
        detail: "Its place in the query only allows a value that is the same for every execution.",
      },
    );
  }
}

/** `separator` keeps the two from becoming one token. */
function joined(left: string, right: string, separator: string): string {
  return /[A-Za-z0-9_$"'\u0080-\uffff]/.test(left.charAt(left.length - 1)) ? left + separator + right : left + right;
}
