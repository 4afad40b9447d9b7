import { must } from "@freshet/base";
import type { Relation } from "../analysis/query-scope.ts";
import { BOOL_TYPE } from "../analysis/type-support.ts";
import type { Expression } from "../plan/expression.ts";
import { mapExpression } from "../plan/expression-walk.ts";
import { distinctPlan, joinPlan, projectPlan, singleRowPlan } from "../plan/plan-build.ts";
import type { Plan } from "../plan/plan.ts";
import { bindingColumn, columnOf, columnsTo, type Dependent, trim, trimmed } from "./dependent.ts";
import { type LocalSymbols, localSymbols } from "./local-symbols.ts";
import { outersIn } from "./outer-references.ts";
import { OuterRows } from "./outer-rows.ts";
import { PushDown } from "./push-down.ts";

const TRUE: Expression = { kind: "constant", value: "\x01", type: BOOL_TYPE };

type JoinKind = "inner" | "left";

interface Keys {
  readonly left: readonly Expression[];
  readonly right: readonly Expression[];
  readonly nullSafe?: readonly boolean[];
}

const NO_KEYS: Keys = { left: [], right: [] };

/** Joins of one relation with what depends on its rows; the results have no reference to those rows left. */
class DependentJoin {
  readonly #left: Relation;
  readonly #local: LocalSymbols;
  readonly #outer: OuterRows;
  readonly #pushDown: PushDown;

  constructor(left: Relation, right: Plan) {
    this.#left = left;
    this.#local = localSymbols(right);
    this.#outer = new OuterRows(left, this.#local);
    this.#pushDown = new PushDown(this.#outer);
  }

  get #width(): number {
    return this.#left.plan.columns.length;
  }

  /** Left columns, then a boolean: true where the subquery has a row, else NULL (or, of an inner join, no row). */
  exists(join: JoinKind): Plan {
    const pushed = this.#pushDown.complete(this.#pushDown.push(withoutResult(this.#local.plan)));
    const keys = trim(pushed, [TRUE]);
    const joined = this.#join(join, { ...keys, plan: distinctPlan(keys.plan) }, NO_KEYS, []);
    return projectPlan(joined, columnsTo(joined, this.#width + 1));
  }

  /** Left columns, the subquery's columns, and whether the subquery has more than one row; NULLs where it has none. */
  value(join: JoinKind, keys: Keys): Plan {
    const { plan, results } = withoutOuterResult(this.#local.plan);
    const pushed = this.#pushDown.push(plan);
    if (pushed.defaults !== null || hasOneRow(plan)) {
      // An inner join is asked for where a value of NULL is of no use.
      const isNull = results === null && pushed.defaults?.every(isNullConstant) === true;
      const rows: Dependent = join === "inner" && isNull ? { ...pushed, defaults: null } : pushed;
      const joined = this.#attach(join, rows, results, keys);
      const no: Expression = { kind: "constant", value: "\0", type: BOOL_TYPE };
      return projectPlan(joined, [...columnsTo(joined, joined.columns.length), no]);
    }
    const rows = trimmed(pushed);
    const partition = [...rows.bindings.values()].map(bindingColumn);
    const single = singleRowPlan(rows.plan, partition);
    const more = columnOf(single.columns.length - 1, BOOL_TYPE);
    const own = columnsTo(single, rows.width);
    if (partition.length === 0) return this.#constantValue(join, single, results, keys);
    const all = results ?? own;
    return this.#attach(join, trim({ ...rows, plan: single }, [...own, more]), [
      ...all,
      columnOf(rows.width, BOOL_TYPE),
    ]);
  }

  /** PostgreSQL may evaluate a subquery without references where no row asks for it: so its rows are counted in any case. */
  #constantValue(join: JoinKind, single: Plan, results: readonly Expression[] | null, keys: Keys): Plan {
    const own = columnsTo(single, single.columns.length - 1);
    const more = columnOf(single.columns.length - 1, BOOL_TYPE);
    const checked = own.map((value): Expression => ({ kind: "one-row", more, value, type: value.type }));
    const plan = projectPlan(single, [...checked, more]);
    const rows: Dependent = { plan, width: plan.columns.length, bindings: new Map(), defaults: null };
    return this.#attach(join, rows, results === null ? null : [...results, more], keys);
  }

  /** Left columns and the subquery's; `keys` and `residual` are further conditions, as of a join. */
  rows(join: JoinKind, keys: Keys, residual: readonly Expression[]): Plan {
    const isPlain = keys.left.length === 0 && residual.length === 0;
    if (!isPlain) {
      const whole = trimmed(this.#pushDown.complete(this.#pushDown.push(this.#local.plan)));
      const joined = this.#join(join, whole, keys, residual);
      return projectPlan(joined, columnsTo(joined, this.#width + whole.width));
    }
    const { plan, results } = withoutOuterResult(this.#local.plan);
    return this.#attach(join, this.#pushDown.push(plan), results);
  }

  /** Joins, and makes `results` (over the dependent's columns) or the defaults of what was joined. */
  #attach(join: JoinKind, dependent: Dependent, results: readonly Expression[] | null, keys: Keys = NO_KEYS): Plan {
    const { defaults } = dependent;
    const rows = trimmed(dependent);
    const wanted = results ?? columnsTo(rows.plan, rows.width);
    const isComputed = defaults !== null || (join === "left" && wanted.some((result) => result.kind !== "column"));
    const marked = isComputed ? trim(rows, [...columnsTo(rows.plan, rows.width), TRUE]) : rows;
    const isKeyed = join === "inner" && results === null && defaults === null;
    const joined = this.#join(defaults === null ? join : "left", marked, isKeyed ? keys : NO_KEYS, []);
    const atJoin = (expression: Expression): Expression =>
      this.#atJoin(expression, (index) => columnOf(this.#width + index, must(rows.plan.columns[index])));
    const missing: Expression = {
      kind: "is-null",
      arg: columnOf(this.#width + rows.width, BOOL_TYPE),
      type: BOOL_TYPE,
    };
    const columns = wanted.map((result): Expression => {
      if (!isComputed) return atJoin(result);
      const empty: Expression =
        defaults === null
          ? { kind: "constant", value: null, type: result.type }
          : this.#atJoin(result, (index) => must(defaults[index]));
      return { kind: "case", arms: [{ when: missing, then: empty }], otherwise: atJoin(result), type: result.type };
    });
    return projectPlan(joined, [...columnsTo(joined, this.#width), ...columns]);
  }

  /** An expression over the subquery's columns, over the joined row. */
  #atJoin(expression: Expression, columnAt: (index: number) => Expression): Expression {
    const own = mapExpression(expression, (node) =>
      node.kind === "column" ? this.#outerValues({ ...columnAt(node.index), type: node.type }) : undefined,
    );
    return this.#outerValues(own);
  }

  #outerValues(expression: Expression): Expression {
    return mapExpression(expression, (node) => {
      if (node.kind !== "outer" || !this.#local.definitions.has(node.index)) return undefined;
      return { ...this.#outer.value(node.index), type: node.type };
    });
  }

  #join(join: JoinKind, right: Dependent, keys: Keys, residual: readonly Expression[]): Plan {
    const bindings = [...right.bindings];
    const all = {
      left: [...keys.left, ...bindings.map(([symbol]) => this.#outer.value(symbol))],
      right: [...keys.right, ...bindings.map(([, binding]) => bindingColumn(binding))],
      nullSafe: [
        ...keys.left.map((_key, index) => keys.nullSafe?.[index] === true),
        ...bindings.map(([, binding]) => binding.nullable),
      ],
    };
    return joinPlan(join, this.#left.plan, right.plan, all, residual);
  }
}

function isNullConstant(expression: Expression): boolean {
  return expression.kind === "constant" && expression.value === null;
}

/** What tells whether a subquery has rows: the plan below its select list, its order and its DISTINCT. */
function withoutResult(plan: Plan): Plan {
  if (plan.kind === "project" || plan.kind === "distinct") return withoutResult(plan.input);
  if (plan.kind === "top-k" && plan.offset === 0 && plan.limit !== 0) return withoutResult(plan.input);
  return plan;
}

/** Splits off a select list that reads rows around the subquery: it is as well computed on the joined row. */
function withoutOuterResult(plan: Plan): { readonly plan: Plan; readonly results: readonly Expression[] | null } {
  if (plan.kind !== "project" || outersIn(plan.expressions).size === 0) return { plan, results: null };
  return { plan: plan.input, results: plan.expressions };
}

/** Whether the plan has at most one row, whatever its tables hold. */
function hasOneRow(plan: Plan): boolean {
  switch (plan.kind) {
    case "project":
    case "filter":
      return hasOneRow(plan.input);
    case "unit":
      return true;
    case "aggregate":
      return plan.scalar;
    case "top-k":
      return plan.ties !== true && plan.partition.length === 0 && plan.limit !== null && plan.limit <= 1;
    default:
      return false;
  }
}

/** The left relation's columns, then a marker: true where `subquery` has a row, else NULL. */
export function joinExistence(join: JoinKind, left: Relation, subquery: Plan): Plan {
  return new DependentJoin(left, subquery).exists(join);
}

/**
 * The left relation's columns, those of the one row of `subquery`, and whether there are more than one. Inner: only
 * where its values, if all NULL, are of no use. `keys` may be used to leave out rows for which they are not equal.
 */
export function joinScalar(join: JoinKind, left: Relation, subquery: Plan, keys: Keys = NO_KEYS): Plan {
  return new DependentJoin(left, subquery).value(join, keys);
}

/** The left relation's columns and those of `right`, which reads the left relation's rows. */
export function joinDependent(
  join: JoinKind,
  left: Relation,
  right: Plan,
  keys: Keys,
  residual: readonly Expression[],
): Plan {
  return new DependentJoin(left, right).rows(join, keys, residual);
}
