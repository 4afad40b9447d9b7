import { unreachable } from "@freshet/base";
import type { Expression } from "@freshet/sql";
import type { NodeSpec } from "../graph/node-spec.ts";

/** An input of a node, and where the values that are looked for stand in its rows. */
export interface NarrowedInput {
  readonly input: number;
  readonly columns: readonly number[];
}

/**
 * Through which inputs all output rows come that have given values in `columns`, and in which columns these values stand there; or why
 * that cannot be said. `widths` are the inputs' numbers of columns.
 */
export function narrow(
  spec: NodeSpec,
  widths: readonly number[],
  columns: readonly number[],
): readonly NarrowedInput[] | string {
  const [width = 0] = widths;
  switch (spec.kind) {
    case "filter":
    case "distinct":
    case "arrange":
      return [{ input: 0, columns }];
    case "union-all":
      return widths.map((_width, input) => ({ input, columns }));
    case "project":
      return through(columns, spec.expressions, "the parameter is compared with something that is computed");
    case "expand":
    case "upstream-calls":
      return columns.every((column) => column < width)
        ? [{ input: 0, columns }]
        : "the parameter is compared with the result of a function";
    case "join":
      return narrowJoin(spec.join, width, columns);
    case "aggregate":
      return through(columns, spec.groups, "the parameter is compared with something that is not a column of GROUP BY");
    case "top-k":
      return isPartitioned(spec.partition, columns)
        ? [{ input: 0, columns }]
        : "the parameter chooses among rows that a LIMIT or DISTINCT ON has chosen";
    case "single-row":
    case "window":
    case "set-operation":
    case "recursive":
      return `rows behind ${NAMES[spec.kind]} are not looked up one by one`;
    case "table":
    case "source":
    case "unit":
    case "recursive-input":
      return "no column can be followed further";
    default:
      return unreachable(spec, "node");
  }
}

const NAMES = {
  "single-row": "a scalar subquery",
  window: "window functions",
  "set-operation": "INTERSECT and EXCEPT",
  recursive: "WITH RECURSIVE",
} as const;

/** `expressions` compute the node's first columns. */
function through(
  columns: readonly number[],
  expressions: readonly Expression[],
  reason: string,
): readonly NarrowedInput[] | string {
  const inputColumns: number[] = [];
  for (const column of columns) {
    const expression = expressions[column];
    if (expression?.kind !== "column") return reason;
    inputColumns.push(expression.index);
  }
  return [{ input: 0, columns: inputColumns }];
}

function narrowJoin(
  join: "inner" | "left" | "full",
  left: number,
  columns: readonly number[],
): readonly NarrowedInput[] | string {
  if (join !== "full" && columns.every((column) => column < left)) return [{ input: 0, columns }];
  if (join === "inner" && columns.every((column) => column >= left)) {
    return [{ input: 1, columns: columns.map((column) => column - left) }];
  }
  return join === "inner"
    ? "the parameters are compared with columns of both sides of a join"
    : "the parameter is compared with a column that an outer join can make NULL";
}

function isPartitioned(partition: readonly Expression[], columns: readonly number[]): boolean {
  const partitioned = new Set(partition.map((expression) => (expression.kind === "column" ? expression.index : -1)));
  return columns.every((column) => partitioned.has(column));
}

/** Whether an arrange node with these keys is an index over exactly these columns, in this order. */
export function isIndexOf(keys: readonly Expression[], columns: readonly number[]): boolean {
  return keys.length === columns.length && keys.every((key, at) => key.kind === "column" && key.index === columns[at]);
}
