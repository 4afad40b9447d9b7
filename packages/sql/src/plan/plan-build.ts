import { assert } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { Expression } from "./expression.ts";
import { mapExpression } from "./expression-walk.ts";
import type { AggregateCall } from "./aggregate-call.ts";
import type { RowSource } from "./row-source.ts";
import type { JoinPlan, Plan, WindowPlan } from "./plan.ts";
import type { SortKey } from "./sort-key.ts";
import type { WindowCall } from "./window.ts";

const BOOL: ColumnType = { typeOid: 16, typmod: -1, collation: 0 };

/** The conjunction of `conjuncts`; there is at least one. */
export function conjunction(conjuncts: readonly Expression[]): Expression {
  const [first] = conjuncts;
  assert(first !== undefined, "a conjunction of nothing");
  return conjuncts.length === 1 ? first : { kind: "and", args: conjuncts, type: BOOL };
}

export function filterPlan(input: Plan, conjuncts: readonly Expression[]): Plan {
  if (conjuncts.length === 0) return input;
  return { kind: "filter", input, predicate: conjunction(conjuncts), columns: input.columns };
}

function isIdentity(expressions: readonly Expression[], input: Plan): boolean {
  return (
    expressions.length === input.columns.length &&
    expressions.every((expression, index) => {
      const type = input.columns[index];
      return (
        expression.kind === "column" &&
        expression.index === index &&
        expression.type.typeOid === type?.typeOid &&
        expression.type.typmod === type.typmod &&
        expression.type.collation === type.collation
      );
    })
  );
}

/** A projection; merged into a projection below when that repeats no work, and left out when it changes nothing. */
export function projectPlan(input: Plan, expressions: readonly Expression[]): Plan {
  if (isIdentity(expressions, input)) return input;
  if (input.kind === "project") {
    const inner = input.expressions;
    const cheap =
      expressions.every((expression) => expression.kind === "column") ||
      inner.every((expression) => expression.kind === "column");
    if (cheap) {
      const merged = expressions.map((expression) =>
        mapExpression(expression, (node) =>
          node.kind === "column" ? retyped(inner[node.index] as Expression, node.type) : undefined,
        ),
      );
      return projectPlan(input.input, merged);
    }
  }
  return { kind: "project", input, expressions, columns: expressions.map((expression) => expression.type) };
}

/** The same value under a binary-compatible type. */
function retyped(expression: Expression, type: ColumnType): Expression {
  return { ...expression, type };
}

export const UNIT_PLAN: Plan = { kind: "unit", columns: [] };

const ORDINALITY: ColumnType = { typeOid: 20, typmod: -1, collation: 0 };

/** The rows that `sources` make of each input row. */
export function expandPlan(
  input: Plan,
  sources: readonly RowSource[],
  options: { readonly ordinality: boolean; readonly outer?: boolean; readonly residual?: readonly Expression[] },
): Plan {
  const { ordinality, outer = false, residual = [] } = options;
  const made = [...sources.flatMap((source) => source.columns), ...(ordinality ? [ORDINALITY] : [])];
  return {
    kind: "expand",
    input,
    sources,
    ordinality,
    outer,
    residual: residual.length === 0 ? null : conjunction(residual),
    columns: [...input.columns, ...made],
  };
}

export function joinPlan(
  join: JoinPlan["join"],
  left: Plan,
  right: Plan,
  keys: {
    readonly left: readonly Expression[];
    readonly right: readonly Expression[];
    readonly nullSafe?: readonly boolean[];
  },
  residual: readonly Expression[],
): Plan {
  return {
    kind: "join",
    join,
    left,
    right,
    leftKeys: keys.left,
    rightKeys: keys.right,
    residual: residual.length === 0 ? null : conjunction(residual),
    ...(keys.nullSafe?.includes(true) === true ? { nullSafe: keys.nullSafe } : {}),
    columns: [...left.columns, ...right.columns],
  };
}

export function aggregatePlan(
  input: Plan,
  groups: readonly Expression[],
  aggregates: readonly AggregateCall[],
  scalar: boolean,
): Plan {
  assert(!scalar || groups.length === 0, "a scalar aggregate has no groups");
  const columns = [...groups.map((group) => group.type), ...aggregates.map((call) => call.type)];
  return { kind: "aggregate", input, groups, aggregates, scalar, columns };
}

export function distinctPlan(input: Plan): Plan {
  return input.kind === "distinct" ? input : { kind: "distinct", input, columns: input.columns };
}

/** The union of all rows; nested unions are flattened. `columns` are the types PostgreSQL gives the result. */
export function unionAllPlan(inputs: readonly Plan[], columns: readonly ColumnType[]): Plan {
  const flat = inputs.flatMap((input) => (input.kind === "union-all" ? input.inputs : [input]));
  return { kind: "union-all", inputs: flat, columns };
}

export function topKPlan(input: Plan, sort: readonly SortKey[], limit: number | null, offset: number): Plan {
  if (limit === null && offset === 0) return input;
  return { kind: "top-k", input, partition: [], sort, limit, offset, columns: input.columns };
}

export function singleRowPlan(input: Plan, partition: readonly Expression[]): Plan {
  return { kind: "single-row", input, partition, columns: [...input.columns, BOOL] };
}

export function windowPlan(
  input: Plan,
  partition: readonly Expression[],
  sort: readonly SortKey[],
  calls: readonly WindowCall[],
): WindowPlan {
  return {
    kind: "window",
    input,
    partition,
    sort,
    calls,
    columns: [...input.columns, ...calls.map((call) => call.type)],
  };
}
