import type { QueryPlan } from "@freshet/sql";
import { createCodecs } from "@freshet/values";
import type { CompileContext } from "../operators/evaluate.ts";
import { compileRead } from "../view/compile-read.ts";
import { compileView } from "../view/view-sink.ts";
import { createOperator } from "./create-operator.ts";
import { arrangementsNeeded } from "./node-spec.ts";
import type { SpecNode } from "./plan-specs.ts";

/** Stands for arrangements in operators that are compiled and thrown away. */
const NO_ARRANGEMENT = 1;

/** Compiles every node of a plan and its view, to find what the engine lacks (FreshetError 0A000). */
export function checkPlan(query: QueryPlan, root: SpecNode): void {
  const context: CompileContext = { codecs: createCodecs(query.types), collations: query.collations };
  const arrangementsOf = (node: SpecNode): number[] =>
    Array.from({ length: arrangementsNeeded(node.spec) }, () => NO_ARRANGEMENT);
  const seen = new Set<SpecNode>();
  const visit = (node: SpecNode): void => {
    if (seen.has(node)) return;
    seen.add(node);
    node.inputs.forEach(visit);
    const inputs = node.inputs.map((input) => ({ columns: input.columns, arrangements: arrangementsOf(input) }));
    createOperator(node.spec, arrangementsOf(node), inputs, context);
  };
  visit(root);
  compileView(query, context);
  if (query.read !== undefined) compileRead(query, context.codecs);
}
