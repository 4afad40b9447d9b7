import { assert, must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { AggregateCall } from "../plan/aggregate-call.ts";
import type { ColumnExpression, Expression } from "../plan/expression.ts";
import { columnsOf, replaceColumns } from "../plan/expression-walk.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import type { Plan } from "../plan/plan.ts";
import type { SetFunctionCall } from "../plan/row-source.ts";
import type { WindowCall } from "../plan/window.ts";
import type { Catalog } from "./catalog.ts";
import { isSupportedType } from "./catalog-types.ts";
import { planOuters } from "../decorrelation/outer-references.ts";
import type { TreeNode } from "./node-tree.ts";
import type { RelationPrivileges } from "./relation-privileges.ts";
import { Sublinks } from "./sublinks.ts";
import { checkRangeTableEntry, RteKind, WHOLE_ROW } from "./table-checks.ts";
import type { TranslatedQuery } from "./translated-query.ts";
import { unsupported } from "./unsupported.ts";
import type { UpstreamCalls } from "./upstream-expression.ts";

/**
 * A plan whose output columns are named by symbols. While a query is translated, a column expression's
 * `index` is a symbol of its scope; `bind` turns symbols into positions of a relation's row.
 */
export interface Relation {
  readonly plan: Plan;
  readonly symbols: readonly number[];
  /**
   * A smaller relation that this one was made of by joins, among whose rows are all combinations of values of
   * its symbols that occur here. Absent: this one.
   */
  readonly domain?: Relation;
}

/** Replaces symbols by the positions they have in `relation`. */
export function bindColumns(expression: Expression, relation: Relation): Expression {
  return replaceColumns(expression, (column) => {
    const position = relation.symbols.indexOf(column.index);
    return {
      ...column,
      index: must(position < 0 ? undefined : position, "a column is not in the relation that should have it"),
    };
  });
}

/** What translating one statement shares between its query levels. */
export interface TranslationContext {
  readonly catalog: Catalog;
  readonly privileges: RelationPrivileges;
  /** Null: a call without a twin in the engine is refused. */
  readonly upstreamCalls: UpstreamCalls | null;
  /** Parameters that are no keys: their conditions are looked at when the view is read. */
  readonly readParameters: ReadonlySet<number>;
  /** Plans a recursive CTE of the query `owner`. */
  readonly planRecursive: (cte: TreeNode, owner: QueryScope, context: TranslationContext) => Plan;
  /** Translates a nested SELECT. */
  readonly translateQuery: (query: TreeNode, context: TranslationContext, options: QueryOptions) => TranslatedQuery;
}

export interface QueryOptions {
  readonly parent: QueryScope | null;
  /** The outermost query: its parameters are lifted. */
  readonly top: boolean;
  /** A subquery whose order counts: the columns that it is sorted by come behind the visible ones. */
  readonly ordered?: boolean;
  /** Positions (from 1) of the result columns that are used; null: all. */
  readonly used: ReadonlySet<number> | null;
}

/** Turns an analysed expression into one over the scope's symbols. */
type ExpressionTranslator = (node: TreeNode, scope: QueryScope) => Expression;

interface SymbolInfo {
  /** The range table entry it comes from; 0 for an aggregate's result or a group. */
  readonly varno: number;
  readonly attribute: number;
  readonly type: ColumnType;
}

/** A set-returning function of the select list, with a symbol for each column that it makes. */
export interface SetFunctionSymbols {
  readonly call: SetFunctionCall;
  readonly symbols: readonly number[];
}

/**
 * One query level: its range table, and the symbols given to its columns, aggregates and subqueries so far.
 * No two levels of a statement share a symbol.
 */
export class QueryScope {
  readonly query: TreeNode;
  readonly catalog: Catalog;
  /** The query around this one, for the names of its CTEs. */
  readonly parent: QueryScope | null;
  /** What CASE … WHEN compares with, innermost last. */
  readonly caseTests: Expression[] = [];
  /** The aggregates met so far, by the symbol of their result. */
  readonly aggregates: Map<number, AggregateCall> = new Map();
  /** The set-returning functions met in the select list so far, by the symbols of what they make. */
  readonly setFunctions: Map<number, SetFunctionSymbols> = new Map();
  /** The arguments (`tleSortGroupRef`) of each GROUPING(…) met so far, by the symbol of its value. */
  readonly groupings: Map<number, readonly number[]> = new Map();
  /** The subqueries in expressions met so far. */
  readonly sublinks: Sublinks;
  /** The calls of window functions met so far, by the symbol of their result; `window` is the clause's number. */
  readonly windowCalls: Map<number, { readonly window: number; readonly call: WindowCall }> = new Map();
  readonly #translator: ExpressionTranslator;
  readonly #rangeTable: readonly TreeNode[];
  readonly #numbers: { next: number };
  readonly #symbols = new Map<number, SymbolInfo>();
  readonly #columns = new Map<string, number>();
  readonly #aggregateSymbols = new Map<string, number>();
  readonly #context: TranslationContext;
  /** What the operands of a comparison with a subquery stand for, innermost last. */
  readonly #sublinkColumns: (readonly Expression[])[] = [];
  readonly #windowSymbols = new Map<string, number>();

  constructor(
    query: TreeNode,
    context: TranslationContext,
    parent: QueryScope | null,
    translator: ExpressionTranslator,
  ) {
    this.query = query;
    this.#translator = translator;
    this.#context = context;
    this.catalog = context.catalog;
    this.parent = parent;
    this.#numbers = parent === null ? { next: 0 } : parent.#numbers;
    this.sublinks = new Sublinks((type) => this.placeholder(type).index);
    this.#rangeTable = query.nodes("rtable");
    for (const entry of this.#rangeTable) checkRangeTableEntry(entry, this.catalog);
  }

  /** Translates an analysed expression of this query level. */
  translate(node: TreeNode): Expression {
    return this.#translator(node, this);
  }

  get upstreamCalls(): UpstreamCalls | null {
    return this.#context.upstreamCalls;
  }

  /** The query level that lies `levels` around this one. */
  around(levels: number): QueryScope {
    return levels === 0 ? this : must(this.parent, "no query lies around this one").around(levels - 1);
  }

  /** Another query's scope, with the same catalog. */
  over(query: TreeNode): QueryScope {
    return new QueryScope(query, this.#context, null, this.#translator);
  }

  entry(varno: number): TreeNode {
    return must(this.#rangeTable[varno - 1], "a variable points outside its range table");
  }

  /** The symbol of a column of a table, subquery or CTE in FROM. */
  column(varno: number, attribute: number, type: ColumnType): ColumnExpression {
    const key = `${varno}.${attribute}`;
    let symbol = this.#columns.get(key);
    if (symbol === undefined) {
      this.#checkColumn(varno, attribute, type);
      symbol = this.#add({ varno, attribute, type });
      this.#columns.set(key, symbol);
    }
    return { kind: "column", index: symbol, type };
  }

  /** The symbol of an aggregate's result; equal calls share one. */
  aggregate(call: AggregateCall): ColumnExpression {
    const key = canonicalJson(call);
    let symbol = this.#aggregateSymbols.get(key);
    if (symbol === undefined) {
      symbol = this.#add({ varno: 0, attribute: 0, type: call.type });
      this.#aggregateSymbols.set(key, symbol);
      this.aggregates.set(symbol, call);
    }
    return { kind: "column", index: symbol, type: call.type };
  }

  /** The symbols of what a set-returning function of the select list makes, one for each column; equal calls share them. */
  setFunction(call: SetFunctionCall): readonly ColumnExpression[] {
    const text = canonicalJson(call);
    const made =
      [...this.setFunctions.values()].find((known) => canonicalJson(known.call) === text) ?? this.#addSetFunction(call);
    return made.symbols.map((index) => ({ kind: "column", index, type: this.info(index).type }));
  }

  #addSetFunction(call: SetFunctionCall): SetFunctionSymbols {
    const made = { call, symbols: call.columns.map((type) => this.#add({ varno: 0, attribute: 0, type })) };
    for (const symbol of made.symbols) this.setFunctions.set(symbol, made);
    return made;
  }

  /** The symbol of a GROUPING(…). */
  grouping(references: readonly number[], type: ColumnType): ColumnExpression {
    const text = references.join();
    for (const [symbol, known] of this.groupings)
      if (known.join() === text) return { kind: "column", index: symbol, type };
    const symbol = this.#add({ varno: 0, attribute: 0, type });
    this.groupings.set(symbol, references);
    return { kind: "column", index: symbol, type };
  }

  /** The symbol of a window function's result; equal calls share one. */
  window(window: number, call: WindowCall): ColumnExpression {
    const key = canonicalJson([window, call]);
    let symbol = this.#windowSymbols.get(key);
    if (symbol === undefined) {
      symbol = this.#add({ varno: 0, attribute: 0, type: call.type });
      this.#windowSymbols.set(key, symbol);
      this.windowCalls.set(symbol, { window, call });
    }
    return { kind: "column", index: symbol, type: call.type };
  }

  /** A symbol for a value that is made somewhere else: of a GROUP BY expression, or by a subquery. */
  placeholder(type: ColumnType): ColumnExpression {
    return { kind: "column", index: this.#add({ varno: 0, attribute: 0, type }), type };
  }

  info(symbol: number): SymbolInfo {
    return must(this.#symbols.get(symbol), "an unknown symbol");
  }

  /** The symbols that the expressions and the subqueries in them need of the FROM clause or the groups. */
  needs(...expressions: readonly Expression[]): Set<number> {
    const found = new Set<number>();
    const visit = (symbol: number): void => {
      const sublink = this.sublinks.get(symbol);
      if (sublink === undefined) found.add(symbol);
      else for (const outer of this.ownOuters(sublink.plan)) visit(outer);
    };
    for (const symbol of columnsOf(...expressions)) visit(symbol);
    return found;
  }

  /** The symbols of this level that a plan inside it reads from outside. */
  ownOuters(plan: Plan): number[] {
    return [...planOuters(plan).keys()].filter((symbol) => this.#symbols.has(symbol));
  }

  /** The range table entries that the expressions and the subqueries in them read. */
  sources(...expressions: readonly Expression[]): Set<number> {
    return new Set([...this.needs(...expressions)].map((symbol) => this.info(symbol).varno));
  }

  /** The plan of a subquery in an expression; `used` as in QueryOptions. */
  planSublink(query: TreeNode, used: ReadonlySet<number> | null): Plan {
    return this.#context.translateQuery(query, this.#context, { parent: this, top: false, used }).plan;
  }

  /** A subquery in an expression whose rows are wanted in its order. */
  planOrdered(query: TreeNode): TranslatedQuery {
    const options = { parent: this, top: false, used: null, ordered: true };
    return this.#context.translateQuery(query, this.#context, options);
  }

  /** Translates with the result columns of a subquery standing for `columns`. */
  withSublinkColumns(columns: readonly Expression[], translate: () => Expression): Expression {
    this.#sublinkColumns.push(columns);
    const translated = translate();
    this.#sublinkColumns.pop();
    return translated;
  }

  /** What result column `position` (from 1) of the subquery being compared stands for. */
  sublinkColumn(position: number): Expression {
    return must(this.#sublinkColumns.at(-1)?.[position - 1], "a subquery has no such column");
  }

  /** The column's name as an error message gives it. */
  describe(varno: number, attribute: number): string {
    const entry = this.entry(varno);
    const names = entry.node("eref");
    return `${names.text("aliasname")}.${names.names("colnames")[attribute - 1] ?? `column ${attribute}`}`;
  }

  typeName(oid: number): string {
    return this.catalog.types.get(oid)?.sqlName ?? `type ${oid}`;
  }

  #add(info: SymbolInfo): number {
    const symbol = this.#numbers.next++;
    this.#symbols.set(symbol, info);
    return symbol;
  }

  #checkColumn(varno: number, attribute: number, type: ColumnType): void {
    const entry = this.entry(varno);
    const name = (): string => this.describe(varno, attribute);
    if (entry.int("rtekind") === RteKind.relation) {
      const relation = must(this.catalog.relations.get(entry.int("relid")));
      assert(attribute <= 0 || relation.columns.has(attribute), () => `column ${name()} is not in the catalog`);
    }
    if (isSupportedType(this.catalog.types, type.typeOid)) return;
    const fields = attribute === WHOLE_ROW ? (this.catalog.types.get(type.typeOid)?.fields ?? []) : [];
    const field = fields.find(({ typeOid }) => !isSupportedType(this.catalog.types, typeOid));
    const where = field === undefined ? name() : this.describe(varno, field.attribute);
    const typeName = this.typeName((field ?? type).typeOid);
    throw unsupported(`column ${where} has type ${typeName}, which is not supported`);
  }
}
