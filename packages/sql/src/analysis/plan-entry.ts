import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { projectPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import type { TreeNode } from "./node-tree.ts";
import { planTable } from "./plan-table.ts";
import type { QueryScope, Relation, TranslationContext } from "./query-scope.ts";
import { entrySources, planSources, sourceSymbols } from "./row-sources.ts";
import { planSelfReference } from "./self-reference.ts";
import { RteKind } from "./table-checks.ts";
import { someNode } from "./tree-oids.ts";
import { unsupported } from "./unsupported.ts";

/** Plans a table, subquery or CTE reference, with exactly the columns `symbols` that are its own. */
export function planEntry(
  varno: number,
  symbols: ReadonlySet<number>,
  scope: QueryScope,
  context: TranslationContext,
): Relation {
  const own = [...symbols].filter((symbol) => scope.info(symbol).varno === varno);
  own.sort((a, b) => scope.info(a).attribute - scope.info(b).attribute);
  const entry = scope.entry(varno);
  const attributes = own.map((symbol) => scope.info(symbol).attribute);
  if (entry.int("rtekind") === RteKind.relation) {
    const wanted = own.map((symbol) => scope.info(symbol));
    return { plan: planTable(entry, wanted, scope), symbols: own };
  }
  const made = entrySources(entry, scope);
  if (made !== null) return planSources(made, own, scope);
  const plan = planSubquery(entry, new Set(attributes), scope, context);
  const expressions = own.map((symbol): Expression => {
    const { attribute, type } = scope.info(symbol);
    return { kind: "column", index: attribute - 1, type };
  });
  return { plan: projectPlan(plan, expressions), symbols: own };
}

/** The symbols of this query level that a LATERAL subquery in its FROM clause reads. */
export function lateralSymbols(varno: number, scope: QueryScope, context: TranslationContext): readonly number[] {
  const entry = scope.entry(varno);
  const read = sourceSymbols(entry, scope);
  if (read !== null) return read;
  if (entry.int("rtekind") !== RteKind.subquery || !entry.flag("lateral")) return [];
  return scope.ownOuters(planSubquery(entry, null, scope, context));
}

/** The plan of a subquery or a CTE; every reference to a CTE has the CTE's query in its place. */
export function planSubquery(
  entry: TreeNode,
  used: ReadonlySet<number> | null,
  scope: QueryScope,
  context: TranslationContext,
): Plan {
  const kind = entry.int("rtekind");
  if (kind === RteKind.subquery) {
    return context.translateQuery(entry.node("subquery"), context, { parent: scope, top: false, used }).plan;
  }
  if (kind !== RteKind.cte) throw unsupported("something in its FROM clause is not supported");
  let owner: QueryScope = scope;
  for (let level = entry.int("ctelevelsup"); level > 0; level--)
    owner = must(owner.parent, "a CTE outside all queries");
  const name = entry.text("ctename");
  const cte = must(
    owner.query.nodes("cteList").find((candidate) => candidate.text("ctename") === name),
    "an unknown CTE",
  );
  if (entry.flag("self_reference")) return planSelfReference(cte);
  if (cte.flag("cterecursive")) return context.planRecursive(cte, owner, context);
  const query = cte.node("ctequery");
  return context.translateQuery(query, context, { parent: owner, top: false, used: choosesRows(query) ? null : used })
    .plan;
}

/**
 * Whether a LIMIT chooses among rows somewhere in the query, or a window function tells tied ones apart. Such a CTE keeps
 * all its columns: which of the tied rows is first depends on them, and all references to it must see the same rows.
 */
function choosesRows(query: TreeNode): boolean {
  return someNode(query, (node) => {
    if (node.type !== "QUERY") return false;
    const isLimited = node.nodeOrNull("limitCount") !== null || node.nodeOrNull("limitOffset") !== null;
    return isLimited || node.flag("hasWindowFuncs");
  });
}
