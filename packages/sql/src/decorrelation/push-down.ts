import { must, unreachable } from "@freshet/base";
import { splitConjuncts } from "../analysis/conjuncts.ts";
import { equalSides } from "../analysis/equal-sides.ts";
import { unsupported } from "../analysis/unsupported.ts";
import { BOOL_TYPE } from "../analysis/type-support.ts";
import type { Expression } from "../plan/expression.ts";
import { filterPlan, joinPlan, projectPlan, windowPlan } from "../plan/plan-build.ts";
import { mapPlanExpressions, planExpressions, planInputs, withInputs } from "../plan/plan-walk.ts";
import type {
  AggregatePlan,
  ExpandPlan,
  FilterPlan,
  JoinPlan,
  Plan,
  ProjectPlan,
  SetOperationPlan,
  UnionAllPlan,
} from "../plan/plan.ts";
import { replaceColumns } from "../plan/expression-walk.ts";
import {
  type Binding,
  bindingColumn,
  bindOuters,
  columnOf,
  columnsTo,
  type Dependent,
  trim,
  trimmed,
} from "./dependent.ts";
import { emptyAggregate } from "./empty-aggregates.ts";
import type { OuterRows } from "./outer-rows.ts";
import { outersIn, planOuters } from "./outer-references.ts";

const TRUE: Expression = { kind: "constant", value: "\x01", type: BOOL_TYPE };

interface KeyPairs {
  readonly left: Expression[];
  readonly right: Expression[];
  readonly nullSafe: boolean[];
}

function noKeys(): KeyPairs {
  return { left: [], right: [], nullSafe: [] };
}

function addKey(keys: KeyPairs, left: Expression, right: Expression, nullSafe: boolean): void {
  keys.left.push(left);
  keys.right.push(right);
  keys.nullSafe.push(nullSafe);
}

/**
 * Turns a plan that reads rows around it into one that does not, by general dependent-join elimination: what it
 * reads from outside becomes columns of its own ("bindings"), carried up through every operator as one more
 * join key, group, or partition. A binding is taken from the subquery's own columns where an equality gives it;
 * else the distinct outer values are joined in.
 */
export class PushDown {
  readonly #outer: OuterRows;

  constructor(outer: OuterRows) {
    this.#outer = outer;
  }

  push(plan: Plan): Dependent {
    if (planOuters(plan).size === 0) {
      return { plan, width: plan.columns.length, bindings: new Map(), defaults: null };
    }
    switch (plan.kind) {
      case "filter":
        return this.#filter(plan);
      case "project":
        return this.#project(plan);
      case "join":
        return this.#joined(plan);
      case "aggregate":
        return this.#aggregate(plan);
      case "union-all":
      case "set-operation":
        return this.#setOperation(plan);
      case "distinct": {
        const input = trimmed(this.#whole(plan.input));
        return { ...input, plan: { ...plan, input: input.plan, columns: input.plan.columns } };
      }
      case "top-k":
      case "single-row":
      case "window":
        return this.#partitioned(plan);
      case "expand":
        return this.#expand(plan);
      case "scan":
      case "unit":
        return { plan, width: plan.columns.length, bindings: new Map(), defaults: null };
      case "recursive":
      case "recursive-input":
        throw unsupported("a recursive query that refers to a query around it is not supported");
      case "upstream-calls":
        throw unsupported("a call that only PostgreSQL makes refers to a query around its subquery");
      default:
        return unreachable(plan, "plan node");
    }
  }

  /** Makes rows of the defaults, for every combination of outer values. */
  complete(dependent: Dependent): Dependent {
    const { defaults } = dependent;
    if (defaults === null) return dependent;
    const bound = [...dependent.bindings.keys(), ...outersIn(defaults).keys()];
    const symbols = [...this.#outer.withCompanions(bound)].sort((a, b) => b - a);
    const domain = this.#outer.domain(symbols);
    const right = trimmed(dependent);
    const marked = projectPlan(right.plan, [...columnsTo(right.plan, right.plan.columns.length), TRUE]);
    const keys = noKeys();
    for (const [symbol, binding] of right.bindings) {
      const position = symbols.indexOf(symbol);
      addKey(keys, columnOf(position, must(domain.columns[position])), bindingColumn(binding), binding.nullable);
    }
    const joined = joinPlan("left", domain, marked, keys, []);
    const bindings = new Map(
      symbols.map((symbol, column): [number, Binding] => {
        return [symbol, { column, type: must(domain.columns[column]), nullable: true }];
      }),
    );
    const missing: Expression = {
      kind: "is-null",
      arg: columnOf(joined.columns.length - 1, BOOL_TYPE),
      type: BOOL_TYPE,
    };
    const wide: Dependent = { plan: joined, width: 0, bindings, defaults: null };
    const columns = defaults.map((value, index): Expression => {
      const own = columnOf(symbols.length + index, must(right.plan.columns[index]));
      const arms = [{ when: missing, then: bindOuters(value, wide) }];
      return { kind: "case", arms, otherwise: own, type: own.type };
    });
    return trim(wide, columns);
  }

  #whole(plan: Plan): Dependent {
    return this.complete(this.push(plan));
  }

  /** The rows with all of `symbols` bound, and `conjuncts` true of them. */
  #bind(dependent: Dependent, symbols: Iterable<number>, conjuncts: readonly Expression[] = []): Dependent {
    const missing = [...this.#outer.withCompanions(symbols)].filter((symbol) => !dependent.bindings.has(symbol));
    if (missing.length === 0) {
      const predicates = conjuncts.map((conjunct) => bindOuters(conjunct, dependent));
      return { ...dependent, plan: filterPlan(dependent.plan, predicates) };
    }
    const all = [...new Set([...dependent.bindings.keys(), ...missing])].sort((a, b) => b - a);
    const domain = this.#outer.domain(all);
    const offset = dependent.plan.columns.length;
    const keys = noKeys();
    for (const [symbol, binding] of dependent.bindings) {
      const position = all.indexOf(symbol);
      addKey(keys, bindingColumn(binding), columnOf(position, must(domain.columns[position])), binding.nullable);
    }
    const bindings = new Map(dependent.bindings);
    for (const symbol of missing) {
      const position = all.indexOf(symbol);
      bindings.set(symbol, { column: offset + position, type: must(domain.columns[position]), nullable: true });
    }
    const residual: Expression[] = [];
    for (const conjunct of conjuncts) {
      const [first, second] = equalSides(conjunct) ?? [];
      const outer = [first, second].find((side) => side?.kind === "outer" && missing.includes(side.index));
      const other = outer === first ? second : first;
      if (outer?.kind !== "outer" || other === undefined || outersIn([other]).size > 0) residual.push(conjunct);
      else addKey(keys, other, columnOf(all.indexOf(outer.index), outer.type), false);
    }
    const wide: Dependent = { ...dependent, bindings };
    const bound = residual.map((conjunct) => bindOuters(conjunct, wide));
    return { ...wide, plan: joinPlan("inner", dependent.plan, domain, keys, bound) };
  }

  /** Binds symbols to expressions over the rows themselves, and drops rows on which one that is not null-safe is NULL. */
  #bindTo(
    dependent: Dependent,
    pairs: ReadonlyMap<number, { readonly value: Expression; readonly nullable: boolean }>,
  ): Dependent {
    if (pairs.size === 0) return dependent;
    const bindings = new Map(dependent.bindings);
    const added: Expression[] = [];
    const present: Expression[] = [];
    for (const [symbol, { value, nullable }] of pairs) {
      const own = bindOuters(value, dependent);
      const isColumn = own.kind === "column";
      const column = isColumn ? own.index : dependent.plan.columns.length + added.push(own) - 1;
      bindings.set(symbol, { column, type: own.type, nullable });
      if (!nullable && own.kind !== "constant") present.push({ kind: "is-not-null", arg: own, type: BOOL_TYPE });
    }
    const filtered = filterPlan(dependent.plan, present);
    const plan = projectPlan(filtered, [...columnsTo(filtered, filtered.columns.length), ...added]);
    return { ...dependent, plan, bindings };
  }

  #filter(plan: FilterPlan): Dependent {
    return this.#restrict(this.#whole(plan.input), splitConjuncts(plan.predicate));
  }

  /** The rows for which all `conjuncts` are true; an equality with an outer value binds it. */
  #restrict(whole: Dependent, conjuncts: readonly Expression[]): Dependent {
    const own = conjuncts.filter((conjunct) => outersIn([conjunct]).size === 0);
    const input: Dependent = { ...whole, plan: filterPlan(whole.plan, own) };
    const pairs = new Map<number, { readonly value: Expression; readonly nullable: boolean }>();
    const isFree = (side: Expression): boolean =>
      side.kind === "outer" &&
      !input.bindings.has(side.index) &&
      !pairs.has(side.index) &&
      this.#outer.isReplaceable(side.index);
    const rest = conjuncts.filter((conjunct) => {
      if (own.includes(conjunct)) return false;
      const [first, second] = conjunct.kind === "outer" ? [conjunct, TRUE] : (equalSides(conjunct) ?? []);
      if (first === undefined || second === undefined) return true;
      const [outer, value] = isFree(first) ? [first, second] : [second, first];
      const isOwn = [...outersIn([value]).keys()].every((symbol) => input.bindings.has(symbol));
      if (outer.kind !== "outer" || !isFree(outer) || !isOwn) return true;
      pairs.set(outer.index, { value, nullable: false });
      return false;
    });
    const bound = this.#bindTo(input, pairs);
    return this.#bind(bound, outersIn(rest).keys(), rest);
  }

  #project(plan: ProjectPlan): Dependent {
    const pushed = this.push(plan.input);
    const isBound = [...outersIn(plan.expressions).keys()].every((symbol) => pushed.bindings.has(symbol));
    const input = isBound ? pushed : this.#bind(this.complete(pushed), outersIn(plan.expressions).keys());
    const { defaults } = input;
    const projected = trim(
      input,
      plan.expressions.map((expression) => bindOuters(expression, input)),
    );
    return {
      ...projected,
      defaults:
        defaults &&
        plan.expressions.map((expression) => replaceColumns(expression, (column) => must(defaults[column.index]))),
    };
  }

  #joined(plan: JoinPlan): Dependent {
    switch (plan.join) {
      case "inner":
        return this.#innerJoin(plan);
      case "left":
        return this.#leftJoin(plan);
      case "full":
        return this.#fullJoin(plan);
    }
  }

  #innerJoin(plan: JoinPlan): Dependent {
    const sides = { left: this.#whole(plan.left), right: this.#whole(plan.right) };
    const keys = noKeys();
    plan.leftKeys.forEach((left, index) => {
      const right = must(plan.rightKeys[index]);
      const nullSafe = plan.nullSafe?.[index] === true;
      if (this.#bindKey(sides, "right", left, right, nullSafe)) return;
      if (this.#bindKey(sides, "left", right, left, nullSafe)) return;
      addKey(keys, left, right, nullSafe);
    });
    const left = this.#bind(sides.left, outersIn(keys.left).keys());
    const right = this.#bind(sides.right, outersIn(keys.right).keys());
    const residual = plan.residual === null ? [] : splitConjuncts(plan.residual);
    const own = residual.filter((conjunct) => outersIn([conjunct]).size === 0);
    const joined = this.#join("inner", { left, right }, keys, own);
    return this.#restrict(
      joined,
      residual.filter((conjunct) => !own.includes(conjunct)),
    );
  }

  /** A key pair of which one side is an outer symbol binds that symbol on the other side. */
  #bindKey(
    sides: { left: Dependent; right: Dependent },
    side: "left" | "right",
    outer: Expression,
    value: Expression,
    nullable: boolean,
  ): boolean {
    const dependent = sides[side];
    if (outer.kind !== "outer" || dependent.bindings.has(outer.index)) return false;
    if (!this.#outer.isReplaceable(outer.index) || outersIn([value]).size > 0) return false;
    sides[side] = this.#bindTo(dependent, new Map([[outer.index, { value, nullable }]]));
    return true;
  }

  #leftJoin(plan: JoinPlan): Dependent {
    const sides = { left: this.#whole(plan.left), right: this.#whole(plan.right) };
    const keys = noKeys();
    plan.leftKeys.forEach((left, index) => {
      const right = must(plan.rightKeys[index]);
      const nullSafe = plan.nullSafe?.[index] === true;
      if (!this.#bindKey(sides, "right", left, right, nullSafe)) addKey(keys, left, right, nullSafe);
    });
    const right = this.#bind(sides.right, outersIn(keys.right).keys());
    const residual = plan.residual === null ? [] : splitConjuncts(plan.residual);
    const left = this.#bind(sides.left, [...outersIn([...keys.left, ...residual]).keys(), ...right.bindings.keys()]);
    return this.#join("left", { left, right }, keys, residual);
  }

  /** Either side may be padded: what it binds is then what the other one does. */
  #fullJoin(plan: JoinPlan): Dependent {
    const own = outersIn([...plan.leftKeys, ...plan.rightKeys, ...(plan.residual === null ? [] : [plan.residual])]);
    const [left, right] = [this.#whole(plan.left), this.#whole(plan.right)];
    const symbols = [...own.keys(), ...left.bindings.keys(), ...right.bindings.keys()];
    const sides = { left: trimmed(this.#bind(left, symbols)), right: trimmed(this.#bind(right, symbols)) };
    const keys = noKeys();
    plan.leftKeys.forEach((key, index) => {
      addKey(keys, key, must(plan.rightKeys[index]), plan.nullSafe?.[index] === true);
    });
    const residual = plan.residual === null ? [] : splitConjuncts(plan.residual);
    return this.#join("full", sides, keys, residual);
  }

  /** Joins on `keys` and on what both sides bind; the residual is over the columns of the original sides. */
  #join(
    join: JoinPlan["join"],
    sides: { readonly left: Dependent; readonly right: Dependent },
    keys: KeyPairs,
    residual: readonly Expression[],
  ): Dependent {
    const { left, right } = { left: trimmed(sides.left), right: trimmed(sides.right) };
    const all: KeyPairs = {
      left: keys.left.map((key) => bindOuters(key, left)),
      right: keys.right.map((key) => bindOuters(key, right)),
      nullSafe: [...keys.nullSafe],
    };
    const offset = left.plan.columns.length;
    const bindings = new Map(left.bindings);
    for (const [symbol, binding] of right.bindings) {
      const shared = left.bindings.get(symbol);
      if (shared === undefined) bindings.set(symbol, { ...binding, column: offset + binding.column });
      else addKey(all, bindingColumn(shared), bindingColumn(binding), shared.nullable && binding.nullable);
    }
    const moved = residual.map((conjunct) => bindOuters(moveRight(conjunct, left.width, offset), left));
    const plan = joinPlan(join, left.plan, right.plan, all, moved);
    const columns = [
      ...columnsTo(left.plan, left.width),
      ...columnsTo(right.plan, right.width).map((column) => moveRight(column, 0, offset)),
    ];
    const joined: Dependent = { plan, width: 0, bindings, defaults: null };
    if (join !== "full") return trim(joined, columns);
    const either = [...left.bindings].map(([symbol, binding]) => {
      const other = moveRight(bindingColumn(must(right.bindings.get(symbol))), 0, offset);
      const value: Expression = { kind: "coalesce", args: [bindingColumn(binding), other], type: binding.type };
      return [symbol, { value, nullable: true }] as const;
    });
    return trim(this.#bindTo(joined, new Map(either)), columns);
  }

  #aggregate(plan: AggregatePlan): Dependent {
    const input = trimmed(this.#bind(this.#whole(plan.input), outersIn(planExpressions(plan)).keys()));
    const bound = mapPlanExpressions(plan, (expression) => bindOuters(expression, input));
    const groups = [...bound.groups, ...[...input.bindings.values()].map(bindingColumn)];
    const types = plan.columns.slice(0, plan.groups.length);
    const results = plan.columns.slice(plan.groups.length);
    const columns = [...types, ...groups.slice(types.length).map((group) => group.type), ...results];
    const grouped: AggregatePlan = { ...bound, input: input.plan, groups, scalar: false, columns };
    const bindings = new Map(
      [...input.bindings].map(([symbol, binding], index): [number, Binding] => [
        symbol,
        { ...binding, column: types.length + index },
      ]),
    );
    const own = [
      ...types.map((type, index) => columnOf(index, type)),
      ...results.map((type, index) => columnOf(groups.length + index, type)),
    ];
    const defaults = plan.scalar ? plan.aggregates.map(emptyAggregate) : null;
    return { ...trim({ plan: grouped, width: 0, bindings, defaults: null }, own), defaults };
  }

  /** Rows of different outer values are never equal: the bindings are columns of all inputs. */
  #setOperation(plan: UnionAllPlan | SetOperationPlan): Dependent {
    const inputs = planInputs(plan).map((input) => this.#whole(input));
    const symbols = new Set(inputs.flatMap((input) => [...input.bindings.keys()]));
    const bound = inputs.map((input) => trimmed(this.#bind(input, symbols)));
    const [first] = bound;
    const bindings = new Map(
      [...must(first).bindings].map(([symbol, binding]): [number, Binding] => {
        const nullable = bound.some((input) => must(input.bindings.get(symbol)).nullable);
        return [symbol, { ...binding, nullable }];
      }),
    );
    const columns = [...plan.columns, ...[...bindings.values()].map(({ type }) => type)];
    const combined = withInputs(
      { ...plan, columns },
      bound.map((input) => input.plan),
    );
    return { plan: combined, width: plan.columns.length, bindings, defaults: null };
  }

  /** Rows made of rows: the made columns come behind the bindings. */
  #expand(plan: ExpandPlan): Dependent {
    const input = trimmed(this.#bind(this.#whole(plan.input), outersIn(planExpressions(plan)).keys()));
    const offset = input.plan.columns.length;
    const bound = mapPlanExpressions(plan, (expression) =>
      bindOuters(moveRight(expression, input.width, offset), input),
    );
    const made = plan.columns.slice(input.width);
    const wide: Plan = { ...bound, input: input.plan, columns: [...input.plan.columns, ...made] };
    const own = [...columnsTo(wide, input.width), ...made.map((type, index) => columnOf(offset + index, type))];
    return trim({ ...input, plan: wide }, own);
  }

  /** Operators that work on each partition alone: the bindings partition too. */
  #partitioned(plan: Extract<Plan, { readonly kind: "top-k" | "single-row" | "window" }>): Dependent {
    const input = trimmed(this.#bind(this.#whole(plan.input), outersIn(planExpressions(plan)).keys()));
    const bound = mapPlanExpressions(plan, (expression) => bindOuters(expression, input));
    const partition = [...bound.partition, ...[...input.bindings.values()].map(bindingColumn)];
    if (bound.kind === "top-k") {
      return { ...input, plan: { ...bound, input: input.plan, partition, columns: input.plan.columns } };
    }
    if (bound.kind === "window") {
      const wide: Plan = windowPlan(input.plan, partition, bound.sort, bound.calls);
      const values = bound.calls.map((call, index) => columnOf(input.plan.columns.length + index, call.type));
      return trim({ ...input, plan: wide }, [...columnsTo(wide, input.width), ...values]);
    }
    const wide: Plan = { ...bound, input: input.plan, partition, columns: [...input.plan.columns, BOOL_TYPE] };
    const more = columnOf(wide.columns.length - 1, BOOL_TYPE);
    return trim({ ...input, plan: wide }, [...columnsTo(wide, input.width), more]);
  }
}

/** Columns from `width` up, which are those of a join's right side, moved to begin at `offset`. */
function moveRight(expression: Expression, width: number, offset: number): Expression {
  return replaceColumns(expression, (column) =>
    column.index < width ? column : { ...column, index: column.index - width + offset },
  );
}
