import type { SelectShape, Slot } from "./shape.ts";
import type { Literal } from "./shape.ts";

/** What a cache asks of a slot; SlotBinding is one. */
export type SlotRequirement =
  | { readonly kind: "parameter" }
  /** These very literals, in this order. */
  | { readonly kind: "fixed"; readonly items: readonly Literal[] };

/** Whether a statement of the same shape holds the literals that the cache was planned with. */
export function slotsMatchFixed(shape: SelectShape, requirements: readonly SlotRequirement[]): boolean {
  if (shape.slots.length !== requirements.length) return false;
  return requirements.every((requirement, index) => {
    const slot = shape.slots[index];
    return requirement.kind === "parameter" || (slot !== undefined && holds(slot, requirement.items));
  });
}

/** The literals of a slot; null when it holds a parameter. */
export function slotLiterals(slot: Slot): readonly Literal[] | null {
  const literals: Literal[] = [];
  for (const item of slot.items) {
    if (item.kind === "parameter") return null;
    literals.push(item.literal);
  }
  return literals;
}

function holds(slot: Slot, literals: readonly Literal[]): boolean {
  if (slot.items.length !== literals.length) return false;
  return slot.items.every((item, index) => {
    const expected = literals[index];
    return item.kind === "literal" && item.literal.kind === expected?.kind && item.literal.text === expected.text;
  });
}
