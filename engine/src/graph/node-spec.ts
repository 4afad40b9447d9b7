import type { AggregateCall, Expression, JoinPlan } from "@freshet/sql";
import type { ColumnType, PgCollation, PgType } from "@freshet/values";
import type { ArrangeSpec } from "../operators/arrange.ts";
import type { ExpandSpec } from "../operators/expand.ts";
import type { SetOperationSpec } from "../operators/set-operation.ts";
import type { TopKSpec } from "../operators/top-k.ts";
import type { UpstreamCallsSpec } from "../operators/upstream-calls.ts";
import type { WindowSpec } from "../operators/window.ts";

/** What a node does, without its inputs. JSON. */
export type NodeSpec =
  /** Rows of one loaded state of a table; kept by tables/, not by an operator. */
  | { readonly kind: "table"; readonly tableOid: number; readonly identity: "key" | "full" }
  | { readonly kind: "source"; readonly positions: readonly number[]; readonly tableColumns: number }
  | { readonly kind: "filter"; readonly predicate: Expression }
  | { readonly kind: "unit" }
  | { readonly kind: "project"; readonly expressions: readonly Expression[] }
  | ({ readonly kind: "expand" } & ExpandSpec)
  | ({ readonly kind: "arrange" } & ArrangeSpec)
  | { readonly kind: "join"; readonly join: JoinPlan["join"]; readonly residual: Expression | null }
  | {
      readonly kind: "aggregate";
      readonly groups: readonly Expression[];
      readonly aggregates: readonly AggregateCall[];
      readonly scalar: boolean;
    }
  | { readonly kind: "distinct" }
  | { readonly kind: "union-all" }
  | ({ readonly kind: "set-operation" } & SetOperationSpec)
  | ({ readonly kind: "top-k" } & TopKSpec)
  | { readonly kind: "single-row"; readonly partition: readonly Expression[] }
  | ({ readonly kind: "window" } & WindowSpec)
  /** `nodes` are the body's, inputs before their consumers. */
  | { readonly kind: "recursive"; readonly all: boolean; readonly nodes: readonly BodySpec[] }
  | { readonly kind: "recursive-input"; readonly input: number }
  | ({ readonly kind: "upstream-calls" } & UpstreamCallsSpec);

/** A node inside a recursive node; `inputs` are positions among its nodes. */
export interface BodySpec {
  readonly spec: NodeSpec;
  readonly inputs: readonly number[];
  readonly columns: readonly ColumnType[];
}

/** A node as it is kept in the store. Its id is never used twice and above those of its inputs. */
export interface NodeRecord {
  readonly id: number;
  /** Equal for nodes that compute the same from the same tables. */
  readonly hash: string;
  readonly spec: NodeSpec;
  readonly inputs: readonly number[];
  readonly columns: readonly ColumnType[];
  /** Enums, arrays and collations that the node's own spec and columns mention. */
  readonly types: readonly PgType[];
  readonly collations: readonly PgCollation[];
  readonly arrangements: readonly number[];
}

/** How many arrangements a node keeps its state in. */
export function arrangementsNeeded(spec: NodeSpec): number {
  switch (spec.kind) {
    case "table":
    case "arrange":
    case "distinct":
    case "top-k":
    case "single-row":
    case "upstream-calls":
      return 1;
    case "set-operation":
    case "window":
      return 2;
    case "aggregate":
      return 4;
    case "recursive":
      return 2 + spec.nodes.reduce((sum, node) => sum + arrangementsNeeded(node.spec), 0);
    case "source":
    case "filter":
    case "recursive-input":
    case "unit":
    case "project":
    case "expand":
    case "join":
    case "union-all":
      return 0;
  }
}
