import { planOuters } from "../decorrelation/outer-references.ts";
import { planInputs, walkPlan, withInputs } from "../plan/plan-walk.ts";
import type { Plan, RecursivePlan } from "../plan/plan.ts";
import type { TreeNode } from "./node-tree.ts";
import { watchFailingConditions } from "./failing-conditions.ts";
import { QueryScope, type TranslationContext } from "./query-scope.ts";
import { planUnion } from "./set-operation.ts";
import { translateExpression } from "./translate-expression.ts";
import { unsupported } from "./unsupported.ts";

/** The plan of a recursive CTE; `owner` is the query that has it in its WITH clause. */
export function planRecursive(cte: TreeNode, owner: QueryScope, context: TranslationContext): Plan {
  for (const clause of ["search_clause", "cycle_clause"] as const) {
    if (cte.nodeOrNull(clause) === null) continue;
    throw unsupported(`${clause === "search_clause" ? "SEARCH" : "CYCLE"} in WITH RECURSIVE is not supported`, {
      detail: "PostgreSQL rewrites the query by this clause only after it has analysed it.",
    });
  }
  const query = cte.node("ctequery");
  const operation = query.nodeOrNull("setOperations");
  // A recursive WITH clause may hold queries that do not refer to themselves; those are not marked.
  if (operation === null) throw unsupported("a recursive query that is not a UNION is not supported");
  context.privileges.collect(query);
  const scope = new QueryScope(query, context, owner, translateExpression);
  const { branches, columns, all } = planUnion(operation, scope, context);
  const [base, term] = branches;
  const name = cte.text("ctename");
  const inputs: Plan[] = [watchFailingConditions(base)];
  const body = withoutOthers(watchFailingConditions(term), name, inputs);
  checkTerms(name, body, inputs, all);
  const recursive: RecursivePlan = { kind: "recursive", inputs, body: unnamed(body), all, columns };
  return recursive;
}

function reads(plan: Plan, name: string): boolean {
  if (plan.kind === "recursive-input") return plan.name === name;
  return planInputs(plan).some((input) => reads(input, name));
}

/** The recursive term with its largest parts that do not read the result taken out, which become inputs. */
function withoutOthers(plan: Plan, name: string, inputs: Plan[]): Plan {
  if (!reads(plan, name)) {
    const input = inputs.push(plan) - 1;
    return { kind: "recursive-input", input, name, columns: plan.columns };
  }
  if (plan.kind === "recursive-input") return plan;
  return withInputs(
    plan,
    planInputs(plan).map((input) => withoutOthers(input, name, inputs)),
  );
}

function unnamed(plan: Plan): Plan {
  if (plan.kind === "recursive-input") return { ...plan, name: "" };
  return withInputs(plan, planInputs(plan).map(unnamed));
}

function checkTerms(name: string, body: Plan, inputs: readonly Plan[], all: boolean): void {
  if (planOuters(body).size > 0 || inputs.some((input) => planOuters(input).size > 0))
    throw unsupported("a recursive query that refers to a query around it is not supported");
  for (const input of inputs) {
    walkPlan(input, (node) => {
      if (node.kind === "recursive-input") throw unsupported("a recursive query within another is not supported");
    });
  }
  let references = 0;
  walkPlan(body, (node) => {
    if (node.kind === "recursive-input" && node.input === 0) references++;
    if (!isLinear(node, name, all)) throw unsupported("this form of recursive term is not supported");
  });
  if (references !== 1) throw unsupported("a recursive term that reads its own result more than once is not supported");
}

/**
 * Whether the node's output grows and shrinks with the result's rows, each row by itself; of a UNION also with the other
 * inputs, by which an outer join's padding would shrink.
 */
function isLinear(plan: Plan, name: string, all: boolean): boolean {
  switch (plan.kind) {
    case "recursive-input":
    case "filter":
    case "project":
    case "union-all":
    case "expand":
      return true;
    case "join":
      return plan.join === "inner" || (all && plan.join === "left" && !isResult(plan.right, name));
    default:
      return false;
  }
}

function isResult(plan: Plan, name: string): boolean {
  if (plan.kind === "recursive-input") return plan.input === 0 && plan.name === name;
  return planInputs(plan).some((input) => isResult(input, name));
}
