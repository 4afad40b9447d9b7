import type { Operand } from "./draft.ts";

/** One item of FROM; its alias is the one that `operands` begin with. */
export interface FromItem {
  readonly sql: string;
  readonly operands: readonly Operand[];
}
