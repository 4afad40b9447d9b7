import { joinExistence, joinScalar } from "../decorrelation/dependent-join.ts";
import { planOuters } from "../decorrelation/outer-references.ts";
import { columnsOf } from "../plan/expression-walk.ts";
import type { Expression } from "../plan/expression.ts";
import { filterPlan } from "../plan/plan-build.ts";
import { equalSides } from "./equal-sides.ts";
import { rejectsNulls } from "./null-rejection.ts";
import { bindColumns, type QueryScope, type Relation } from "./query-scope.ts";
import type { Sublink } from "./sublinks.ts";

/** The relation with the symbols of all subqueries in `expressions`; its rows stay as they are. */
export function attachSublinks(relation: Relation, expressions: readonly Expression[], scope: QueryScope): Relation {
  return attachSymbols(relation, columnsOf(...expressions), scope, () => "left");
}

function attachSymbols(
  relation: Relation,
  symbols: Iterable<number>,
  scope: QueryScope,
  joinFor: (sublink: Sublink) => "inner" | "left",
  conjunct: Expression | null = null,
): Relation {
  let attached = relation;
  for (const symbol of symbols) {
    const sublink = scope.sublinks.get(symbol);
    if (sublink === undefined || attached.symbols.includes(symbol)) continue;
    attached = attachSymbols(attached, planOuters(sublink.plan).keys(), scope, () => "left");
    const join = joinFor(sublink);
    const plan =
      sublink.kind === "exists"
        ? joinExistence(join, attached, sublink.plan)
        : joinScalar(join, attached, sublink.plan, valueKey(conjunct, sublink, attached));
    attached = { plan, symbols: [...attached.symbols, ...sublink.symbols], domain: attached };
  }
  return attached;
}

/** Where the conjunct is `x = (SELECT …)`: `x` over the relation, and the subquery's value. */
function valueKey(conjunct: Expression | null, sublink: Sublink, relation: Relation): Parameters<typeof joinScalar>[3] {
  const sides = conjunct === null ? undefined : equalSides(conjunct);
  if (sides === undefined) return undefined;
  for (const [value, other] of [sides, [sides[1], sides[0]]] as const) {
    if (value.kind !== "one-row" || value.value.kind !== "column") continue;
    const index = sublink.symbols.indexOf(value.value.index);
    if (index < 0 || [...columnsOf(other)].some((symbol) => !relation.symbols.includes(symbol))) continue;
    return { left: [bindColumns(other, relation)], right: [{ kind: "column", index, type: value.type }] };
  }
  return undefined;
}

/**
 * The rows for which all `conjuncts` hold; those without subqueries go first. Where a condition cannot hold
 * without a subquery's row, rows that have none are not joined in the first place: a semijoin.
 */
export function filterRelation(relation: Relation, conjuncts: readonly Expression[], scope: QueryScope): Relation {
  const hasSublink = (conjunct: Expression): boolean =>
    [...columnsOf(conjunct)].some((symbol) => {
      return scope.sublinks.get(symbol) !== undefined && !relation.symbols.includes(symbol);
    });
  const plain = conjuncts.filter((conjunct) => !hasSublink(conjunct));
  let filtered = filterBound(relation, plain);
  for (const conjunct of conjuncts.filter(hasSublink)) {
    const joinFor = (sublink: Sublink): "inner" | "left" =>
      rejectsNulls(conjunct, (symbol) => sublink.symbols.includes(symbol)) ? "inner" : "left";
    const attached = attachSymbols(filtered, columnsOf(conjunct), scope, joinFor, conjunct);
    const isSemijoin =
      conjunct.kind === "is-not-null" &&
      conjunct.arg.kind === "column" &&
      !filtered.symbols.includes(conjunct.arg.index) &&
      scope.sublinks.get(conjunct.arg.index)?.kind === "exists";
    filtered = isSemijoin ? attached : filterBound(attached, [conjunct]);
  }
  return filtered;
}

function filterBound(relation: Relation, conjuncts: readonly Expression[]): Relation {
  const bound = conjuncts.map((conjunct) => bindColumns(conjunct, relation));
  return { ...relation, plan: filterPlan(relation.plan, bound) };
}
