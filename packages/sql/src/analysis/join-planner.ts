import { must } from "@freshet/base";
import type { Expression } from "../plan/expression.ts";
import { columnsOf } from "../plan/expression-walk.ts";
import { joinDependent } from "../decorrelation/dependent-join.ts";
import { expandRows } from "../decorrelation/expand-rows.ts";
import { planOuters } from "../decorrelation/outer-references.ts";
import { joinPlan, projectPlan } from "../plan/plan-build.ts";
import { attachSublinks, filterRelation } from "./attach-sublinks.ts";
import type { JoinPlan } from "../plan/plan.ts";
import { entriesOf, type FromTree } from "./from-tree.ts";
import { type KeyPair, keyPair } from "./join-keys.ts";
import { bindColumns, type QueryScope, type Relation } from "./query-scope.ts";
import { reduceOuterJoins } from "./reduce-outer-joins.ts";
import { unsupported } from "./unsupported.ts";

type OuterTree = Extract<FromTree, { kind: "left" | "full" }>;

interface EntryPlanner {
  /** Plans one range table entry with at least the columns `symbols`. */
  readonly plan: (varno: number, symbols: ReadonlySet<number>) => Relation;
  /** The symbols of other entries that a LATERAL one reads. */
  readonly lateral: (varno: number) => readonly number[];
}

function union(...sets: readonly ReadonlySet<number>[]): Set<number> {
  return new Set(sets.flatMap((set) => [...set]));
}

function isSubset(part: ReadonlySet<number>, whole: ReadonlySet<number>): boolean {
  return [...part].every((item) => whole.has(item));
}

/** Takes the elements that satisfy `test` out of `items`. */
function take<T>(items: T[], test: (item: T) => boolean): T[] {
  const taken = items.filter(test);
  const rest = items.filter((item) => !taken.includes(item));
  items.splice(0, items.length, ...rest);
  return taken;
}

/**
 * Turns a FROM tree and the conjuncts above it into joins. Conjuncts sink to the lowest place that has
 * their columns, but never below the nullable side of an outer join; equalities become join keys. Inner
 * joins are made in the order written, but a relation that keys connect goes before one that none does.
 */
export class JoinPlanner {
  readonly #scope: QueryScope;
  readonly #entries: EntryPlanner;

  constructor(scope: QueryScope, entries: EntryPlanner) {
    this.#scope = scope;
    this.#entries = entries;
  }

  /**
   * The rows of `tree` for which all `conjuncts` hold, with exactly the columns `needed`. `where`: what holds of every row of the answer, also
   * the conditions on parameters that the view's reader sees to.
   */
  plan(
    tree: FromTree,
    conjuncts: readonly Expression[],
    needed: ReadonlySet<number>,
    where: readonly Expression[],
  ): Relation {
    const isColumnOf = (symbol: number, entries: ReadonlySet<number>): boolean =>
      entries.has(this.#scope.info(symbol).varno);
    return this.#plan(reduceOuterJoins(tree, where, isColumnOf), conjuncts, needed);
  }

  #plan(tree: FromTree, conjuncts: readonly Expression[], needed: ReadonlySet<number>): Relation {
    switch (tree.kind) {
      case "entry":
        return this.#finish(
          this.#entries.plan(tree.varno, union(needed, this.#scope.needs(...conjuncts))),
          conjuncts,
          needed,
        );
      case "left":
        return this.#planLeft(tree, conjuncts, needed);
      case "full":
        return this.#planFull(tree, conjuncts, needed);
      case "inner":
        return this.#planInner(tree, conjuncts, needed);
    }
  }

  #planLeft(tree: OuterTree, conjuncts: readonly Expression[], needed: ReadonlySet<number>): Relation {
    const [leftEntries, rightEntries] = [entriesOf(tree.left), entriesOf(tree.right)];
    const above = [...conjuncts];
    const toLeft = take(above, (conjunct) => isSubset(this.#scope.sources(conjunct), leftEntries));
    const on = [...tree.conjuncts];
    const toRight = take(on, (conjunct) => isSubset(this.#scope.sources(conjunct), rightEntries));
    const keys = this.#takeKeys(on, leftEntries, rightEntries);
    const wanted = union(needed, this.#scope.needs(...above, ...on), this.#lateralSymbols(tree.right));
    const left = this.#plan(
      tree.left,
      toLeft,
      this.#within(union(wanted, this.#scope.needs(...keys.map((key) => key.left))), leftEntries),
    );
    const right = this.#plan(
      tree.right,
      toRight,
      this.#within(union(wanted, this.#scope.needs(...keys.map((key) => key.right))), rightEntries),
    );
    return this.#finish(this.#join("left", left, right, keys, on), above, needed);
  }

  #planFull(tree: OuterTree, conjuncts: readonly Expression[], needed: ReadonlySet<number>): Relation {
    const on = [...tree.conjuncts];
    const keys = this.#takeKeys(on, entriesOf(tree.left), entriesOf(tree.right));
    // PostgreSQL itself joins fully only where rows can be hashed or merged.
    if (keys.length === 0 && on.some((conjunct) => conjunct.kind !== "constant"))
      throw unsupported("a FULL JOIN without an equality between its sides is not supported");
    const wanted = union(needed, this.#scope.needs(...conjuncts, ...on));
    const planSide = (side: "left" | "right"): Relation => {
      const ends = this.#scope.needs(...keys.map((key) => key[side]));
      return this.#plan(tree[side], [], this.#within(union(wanted, ends), entriesOf(tree[side])));
    };
    const joined = this.#join("full", planSide("left"), planSide("right"), keys, on);
    return this.#finish(joined, conjuncts, needed);
  }

  #planInner(
    tree: Extract<FromTree, { kind: "inner" }>,
    conjuncts: readonly Expression[],
    needed: ReadonlySet<number>,
  ): Relation {
    const inputs: FromTree[] = [];
    const pending: Expression[] = [];
    flattenInner(tree, inputs, pending);
    pending.push(...conjuncts);
    const local = inputs.map((input) =>
      take(pending, (conjunct) => isSubset(this.#scope.sources(conjunct), entriesOf(input))),
    );
    const planInput = (index: number): Relation => {
      const input = must(inputs[index]);
      const wanted = this.#within(union(needed, lateral, this.#scope.needs(...allPending)), entriesOf(input));
      return this.#plan(input, must(local[index]), wanted);
    };
    const allPending = [...pending];
    const lateral = union(...inputs.map((input) => this.#lateralSymbols(input)));
    const remaining = inputs.map((_input, index) => index).slice(1);
    let relation = planInput(0);
    let entries = entriesOf(must(inputs[0]));
    while (remaining.length > 0) {
      const index = this.#nextInput(remaining, inputs, pending, entries);
      remaining.splice(remaining.indexOf(index), 1);
      const nextEntries = entriesOf(must(inputs[index]));
      const joined = union(entries, nextEntries);
      const ready = take(pending, (conjunct) => isSubset(this.#scope.sources(conjunct), joined));
      const keys = this.#takeKeys(ready, entries, nextEntries);
      const above = take(ready, (conjunct) => this.#hasSublink(conjunct));
      const step = this.#join("inner", relation, planInput(index), keys, ready);
      const later = union(...remaining.map((other) => this.#lateralSymbols(must(inputs[other]))));
      relation = this.#finish(step, above, union(needed, later, this.#scope.needs(...pending)));
      entries = joined;
    }
    return this.#finish(relation, [], needed);
  }

  /** The first input that some key connects with what is joined already, else the first that is made from it, else the first. */
  #nextInput(
    remaining: readonly number[],
    inputs: readonly FromTree[],
    pending: readonly Expression[],
    entries: ReadonlySet<number>,
  ): number {
    const allowed = remaining.filter((index) => this.#isReady(must(inputs[index]), remaining, inputs));
    const connected = allowed.find((index) => {
      const candidate = entriesOf(must(inputs[index]));
      return pending.some((conjunct) => keyPair(conjunct, entries, candidate, this.#scope) !== undefined);
    });
    // Keys may connect others with a LATERAL one only.
    const dependent = allowed.find((index) =>
      [...this.#lateralSymbols(must(inputs[index]))].some((symbol) => entries.has(this.#scope.info(symbol).varno)),
    );
    return connected ?? dependent ?? must(allowed[0]);
  }

  /** Whether a LATERAL item's references are to none of the inputs that are still to be joined. */
  #isReady(input: FromTree, remaining: readonly number[], inputs: readonly FromTree[]): boolean {
    const later = union(...remaining.map((index) => entriesOf(must(inputs[index]))));
    return [...this.#lateralSymbols(input)].every((symbol) => !later.has(this.#scope.info(symbol).varno));
  }

  /** What the LATERAL entries of a tree read of entries outside it. */
  #lateralSymbols(tree: FromTree): Set<number> {
    const own = entriesOf(tree);
    const symbols = [...own].flatMap((varno) => this.#entries.lateral(varno));
    return new Set(symbols.filter((symbol) => !own.has(this.#scope.info(symbol).varno)));
  }

  #hasSublink(expression: Expression): boolean {
    return [...columnsOf(expression)].some((symbol) => this.#scope.sublinks.get(symbol) !== undefined);
  }

  #takeKeys(conjuncts: Expression[], left: ReadonlySet<number>, right: ReadonlySet<number>): KeyPair[] {
    const keys: KeyPair[] = [];
    take(conjuncts, (conjunct) => {
      const key = keyPair(conjunct, left, right, this.#scope);
      if (key !== undefined) keys.push(key);
      return key !== undefined;
    });
    return keys;
  }

  #within(symbols: ReadonlySet<number>, entries: ReadonlySet<number>): Set<number> {
    return new Set([...symbols].filter((symbol) => entries.has(this.#scope.info(symbol).varno)));
  }

  #join(
    join: JoinPlan["join"],
    leftInput: Relation,
    rightInput: Relation,
    keys: readonly KeyPair[],
    residual: readonly Expression[],
  ): Relation {
    const [left, right] = this.#withSublinks(leftInput, rightInput, keys, residual);
    const symbols = [...left.symbols, ...right.symbols];
    const bound = {
      left: keys.map((key) => bindColumns(key.left, left)),
      right: keys.map((key) => bindColumns(key.right, right)),
    };
    const both: Relation = { plan: left.plan, symbols };
    const conditions = residual.map((conjunct) => bindColumns(conjunct, both));
    if (join === "full") return { plan: joinPlan(join, left.plan, right.plan, bound, conditions), symbols };
    const isDependent = left.symbols.some((symbol) => planOuters(right.plan).has(symbol));
    const expanded = isDependent && keys.length === 0 ? expandRows(join, left, right.plan, conditions) : null;
    if (expanded !== null) return { plan: expanded, symbols, domain: left };
    const plan = isDependent
      ? joinDependent(join, left, right.plan, bound, conditions)
      : joinPlan(join, left.plan, right.plan, bound, conditions);
    return { plan, symbols, domain: left };
  }

  /** Both sides with the results of the subqueries that stand in the join's condition. */
  #withSublinks(
    left: Relation,
    right: Relation,
    keys: readonly KeyPair[],
    residual: readonly Expression[],
  ): readonly [left: Relation, right: Relation] {
    const forLeft = keys.map((key) => key.left);
    const forRight = keys.map((key) => key.right);
    for (const symbol of columnsOf(...residual)) {
      if (this.#scope.sublinks.get(symbol) === undefined) continue;
      const result: Expression = { kind: "column", index: symbol, type: this.#scope.info(symbol).type };
      const needs = [...this.#scope.needs(result)];
      if (needs.every((needed) => left.symbols.includes(needed))) forLeft.push(result);
      else if (needs.every((needed) => right.symbols.includes(needed))) forRight.push(result);
      else throw unsupported("a subquery in the condition of an outer join refers to both of its sides");
    }
    return [attachSublinks(left, forLeft, this.#scope), attachSublinks(right, forRight, this.#scope)];
  }

  /** Filters, then drops every column but `needed`. */
  #finish(relation: Relation, conjuncts: readonly Expression[], needed: ReadonlySet<number>): Relation {
    const filtered = filterRelation(relation, conjuncts, this.#scope);
    const symbols = filtered.symbols.filter((symbol) => needed.has(symbol));
    if (symbols.length === filtered.symbols.length) return filtered;
    const columns = symbols.map((index): Expression =>
      bindColumns({ kind: "column", index, type: this.#scope.info(index).type }, filtered),
    );
    return { ...filtered, plan: projectPlan(filtered.plan, columns), symbols };
  }
}

/** Conditions that cost the same are evaluated in the order of PostgreSQL: those of a join before those above it. */
function flattenInner(tree: Extract<FromTree, { kind: "inner" }>, inputs: FromTree[], conjuncts: Expression[]): void {
  for (const input of tree.inputs) {
    if (input.kind === "inner") flattenInner(input, inputs, conjuncts);
    else inputs.push(input);
  }
  conjuncts.push(...tree.conjuncts);
}
