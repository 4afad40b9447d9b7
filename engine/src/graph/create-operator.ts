import { FreshetError, must, SqlState } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import { AggregateOperator } from "../operators/aggregate.ts";
import { ArrangeOperator } from "../operators/arrange.ts";
import { DistinctOperator } from "../operators/distinct.ts";
import type { CompileContext } from "../operators/evaluate.ts";
import { ExpandOperator } from "../operators/expand.ts";
import { FilterOperator } from "../operators/filter.ts";
import { JoinOperator } from "../operators/join.ts";
import type { Operator } from "../operators/operator.ts";
import { ProjectOperator } from "../operators/project.ts";
import { RecursiveOperator } from "../operators/recursive.ts";
import { type BodyNode, RecursiveBody } from "../operators/recursive-body.ts";
import { SingleRowOperator } from "../operators/single-row.ts";
import { SourceOperator } from "../operators/source.ts";
import { SetOperationOperator } from "../operators/set-operation.ts";
import { TopKOperator } from "../operators/top-k.ts";
import { UnionAllOperator } from "../operators/union-all.ts";
import { UnitOperator } from "../operators/unit.ts";
import { UpstreamCallsOperator } from "../operators/upstream-calls.ts";
import { WindowOperator } from "../operators/window.ts";
import { arrangementsNeeded, type NodeSpec } from "./node-spec.ts";
import { TableOperator } from "../tables/table-operator.ts";

/** What an operator needs to know of one of its inputs. */
export interface InputShape {
  readonly columns: readonly ColumnType[];
  readonly arrangements: readonly number[];
}

/** Compiles a node. A FreshetError (0A000) names what the engine lacks. */
export function createOperator(
  spec: NodeSpec,
  arrangements: readonly number[],
  inputs: readonly InputShape[],
  context: CompileContext,
): Operator {
  const columns = inputs[0]?.columns ?? [];
  const arrangement = (): number => must(arrangements[0], "the operator needs an arrangement");
  switch (spec.kind) {
    case "table":
      return new TableOperator(arrangement(), spec.identity);
    case "source":
      return new SourceOperator(spec.positions, spec.tableColumns);
    case "filter":
      return new FilterOperator(spec.predicate, columns, context);
    case "project":
      return new ProjectOperator(spec.expressions, columns, context);
    case "unit":
      return new UnitOperator();
    case "expand":
      return new ExpandOperator(spec, columns, context);
    case "arrange":
      return new ArrangeOperator(spec, columns, arrangement(), context);
    case "join": {
      const [left, right] = inputs.map((input) => ({
        columns: input.columns,
        arrangement: must(input.arrangements[0], "a join's inputs are arranged"),
      }));
      return new JoinOperator(spec, must(left), must(right), context);
    }
    case "aggregate":
      return new AggregateOperator(spec, columns, arrangements, context);
    case "distinct":
      return new DistinctOperator(columns, arrangement(), context);
    case "union-all":
      return new UnionAllOperator();
    case "set-operation":
      return new SetOperationOperator(spec, columns, arrangements, context);
    case "top-k":
      return new TopKOperator(spec, columns, arrangement(), context);
    case "single-row":
      return new SingleRowOperator(spec.partition, columns, arrangement(), context);
    case "recursive":
      return createRecursive(spec, arrangements, columns, context);
    case "upstream-calls":
      return new UpstreamCallsOperator(spec, columns, arrangement(), context);
    case "window":
      return new WindowOperator(spec, columns, arrangements, context);
    default:
      // Reached by plans that a newer release has written.
      throw new FreshetError(SqlState.featureNotSupported, "the plan holds an operator that this engine does not know");
  }
}

/** A recursive node with its body's operators, whose arrangements are behind its own two. */
function createRecursive(
  spec: Extract<NodeSpec, { readonly kind: "recursive" }>,
  arrangements: readonly number[],
  columns: readonly ColumnType[],
  context: CompileContext,
): RecursiveOperator {
  let taken = 2;
  const shapes: InputShape[] = [];
  const nodes = spec.nodes.map((node): BodyNode => {
    const own = arrangements.slice(taken, taken + arrangementsNeeded(node.spec));
    taken += own.length;
    shapes.push({ columns: node.columns, arrangements: own });
    if (node.spec.kind === "recursive-input") return { operator: null, input: node.spec.input };
    const inputs = node.inputs.map((input) => must(shapes[input]));
    return { operator: createOperator(node.spec, own, inputs, context), inputs: node.inputs };
  });
  const [rows, pending] = arrangements;
  const body = new RecursiveBody(nodes);
  return new RecursiveOperator(spec.all, body, columns, { rows: must(rows), pending: must(pending) }, context);
}
