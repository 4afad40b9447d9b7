import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { columnsOf, parametersOf } from "../plan/expression-walk.ts";
import { canFail } from "./can-fail.ts";
import { type LiftedConditions, ParameterLifter } from "./lift-parameters.ts";
import type { QueryScope } from "./query-scope.ts";
import { hasTies } from "./row-choice.ts";
import { UnliftableParameter } from "./unsupported.ts";

/** The conditions on parameters of a query with groups. */
export interface GroupConditions {
  /** Of WHERE alone: over the rows below the groups. */
  readonly where: LiftedConditions;
  /** Of WHERE and HAVING. */
  readonly lifted: LiftedConditions;
  /** The conjuncts of HAVING that are part of the plan. */
  readonly rest: readonly Expression[];
  /** The parameters of HAVING that the view's reader compares: what they are compared with are expressions over the groups. */
  readonly parameters: ReadonlySet<number>;
}

/**
 * Takes the conditions on parameters out of HAVING. All groups stay in the view; those that a condition wants are found by a key made
 * of the groups' values, or looked at when they are read. Only parameters of `readParameters` are: a literal stays part of the plan, so
 * that groups which nobody asks for are not kept.
 */
export function liftHaving(
  conjuncts: readonly Expression[],
  having: readonly Expression[],
  readParameters: ReadonlySet<number>,
  scope: QueryScope,
): GroupConditions {
  const late = having.filter((conjunct) => parametersOf(conjunct).size > 0);
  for (const conjunct of late) check(conjunct, scope);
  const parameters = new Set(late.flatMap((conjunct) => [...parametersOf(conjunct)]));
  const other = [...parameters].find((number) => !readParameters.has(number));
  if (other !== undefined) throw new UnliftableParameter(other, "is compared in HAVING");
  const ofWhere = new Set([...readParameters].filter((number) => !parameters.has(number)));
  const lift = (keys: readonly Expression[]): LiftedConditions =>
    new ParameterLifter(ofWhere).lift([...conjuncts, ...keys]);
  const where = lift([]);
  const keys: Expression[] = [];
  const atRead: Expression[] = [];
  for (const conjunct of late) (isKey(() => lift([...keys, conjunct])) ? keys : atRead).push(conjunct);
  const lifted = lift(keys);
  return {
    where,
    lifted: { ...lifted, atRead: [...lifted.atRead, ...atRead] },
    rest: having.filter((conjunct) => !late.includes(conjunct)),
    parameters,
  };
}

/** A second range, say, is none. */
function isKey(lift: () => LiftedConditions): boolean {
  try {
    lift();
    return true;
  } catch (thrown) {
    if (thrown instanceof UnliftableParameter) return false;
    throw thrown;
  }
}

/** Groups can be left out when they are read only where nothing is made of them before, and where doing so hides no failure. */
function check(conjunct: Expression, scope: QueryScope): void {
  const { query } = scope;
  const refuse = (reason: string): never => {
    throw new UnliftableParameter(must([...parametersOf(conjunct)][0]), reason);
  };
  const merges = query.nodes("distinctClause").length > 0 || query.flag("hasWindowFuncs") || hasTies(scope);
  if (merges || query.flag("hasTargetSRFs")) refuse("is compared in HAVING, and rows are made of the groups behind it");
  if (query.nodes("groupingSets").length > 0) refuse("is compared in HAVING over several grouping sets");
  if ([...columnsOf(conjunct)].some((symbol) => scope.sublinks.get(symbol) !== undefined))
    refuse("is compared in HAVING with a subquery");
  if (canFail(conjunct)) refuse("stands in a condition of HAVING that may fail in groups that others leave out");
}

/** The parameters that the keys of `keysOf` are compared with. */
export function keyParameters({ equality, range }: LiftedConditions): number[] {
  const parameters = equality.map(({ parameter }) => parameter);
  return range === null ? parameters : [...parameters, must(range.lower ?? range.upper).parameter];
}
