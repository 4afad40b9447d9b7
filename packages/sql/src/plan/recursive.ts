import type { ColumnType } from "@freshet/values";
import type { Plan } from "./plan.ts";

/**
 * WITH RECURSIVE. `inputs` are the non-recursive term, then what the recursive term reads beside the result itself;
 * `body` is the recursive term over them, which it has as `recursive-input` leaves. With `all` the result is the rows of the
 * first input, of the body over these, of the body over those and so on; else each distinct row of them once.
 * The body is linear in the result: it reads it once, through filters, projections, inner joins and the like.
 */
export interface RecursivePlan {
  readonly kind: "recursive";
  readonly columns: readonly ColumnType[];
  readonly inputs: readonly Plan[];
  readonly body: Plan;
  readonly all: boolean;
}

/** In the body of a recursive plan: its result so far (input 0), or one of its other inputs. `name`: of the CTE. */
export interface RecursiveInputPlan {
  readonly kind: "recursive-input";
  readonly columns: readonly ColumnType[];
  readonly input: number;
  readonly name: string;
}
