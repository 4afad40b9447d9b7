import { assert, must } from "@freshet/base";
import type { ColumnType } from "@freshet/values";
import type { AggregateCall } from "../plan/aggregate-call.ts";
import type { ColumnExpression, Expression } from "../plan/expression.ts";
import { columnsOf, mapExpression } from "../plan/expression-walk.ts";
import { canonicalJson } from "../plan/plan-hash.ts";
import type { Plan } from "../plan/plan.ts";
import type { SetFunctionCall } from "../plan/row-source.ts";
import type { Catalog } from "./catalog.ts";
import { isSupportedType } from "./catalog-types.ts";
import type { TreeNode } from "./node-tree.ts";
import { checkRangeTableEntry, RteKind } from "./table-checks.ts";
import { unsupported } from "./unsupported.ts";

/**
 * A plan whose output columns are named by symbols. While a query is translated, a column expression's
 * `index` is a symbol of its scope; `bind` turns symbols into positions of a relation's row.
 */
export interface Relation {
  readonly plan: Plan;
  readonly symbols: readonly number[];
}

/** Replaces symbols by the positions they have in `relation`. */
export function bindColumns(expression: Expression, relation: Relation): Expression {
  return rewriteColumns(expression, (index) => {
    const position = relation.symbols.indexOf(index);
    return must(position < 0 ? undefined : position, "a column is not in the relation that should have it");
  });
}

/** Turns an analysed expression into one over the scope's symbols. */
type ExpressionTranslator = (node: TreeNode, scope: QueryScope) => Expression;

interface SymbolInfo {
  /** The range table entry it comes from; 0 for an aggregate's result or a group. */
  readonly varno: number;
  readonly attribute: number;
  readonly type: ColumnType;
}

/** One query level: its range table, and the symbols given to its columns and aggregates so far. */
export class QueryScope {
  readonly query: TreeNode;
  readonly catalog: Catalog;
  /** The query around this one, for the names of its CTEs. */
  readonly parent: QueryScope | null;
  /** What CASE … WHEN compares with, innermost last. */
  readonly caseTests: Expression[] = [];
  /** The aggregates met so far, by the symbol of their result. */
  readonly aggregates: Map<number, AggregateCall> = new Map();
  /** The set-returning functions met in the select list so far, by the symbol of their result. */
  readonly setFunctions: Map<number, SetFunctionCall> = new Map();
  readonly #translator: ExpressionTranslator;
  readonly #rangeTable: readonly TreeNode[];
  readonly #symbols: SymbolInfo[] = [];
  readonly #columns = new Map<string, number>();
  readonly #aggregateSymbols = new Map<string, number>();

  constructor(query: TreeNode, catalog: Catalog, parent: QueryScope | null, translator: ExpressionTranslator) {
    this.query = query;
    this.#translator = translator;
    this.catalog = catalog;
    this.parent = parent;
    this.#rangeTable = query.nodes("rtable");
    for (const entry of this.#rangeTable) checkRangeTableEntry(entry, catalog);
  }

  /** Translates an analysed expression of this query level. */
  translate(node: TreeNode): Expression {
    return this.#translator(node, this);
  }

  /** Another query's scope, with the same catalog. */
  over(query: TreeNode): QueryScope {
    return new QueryScope(query, this.catalog, null, this.#translator);
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

  /** The symbol of what a set-returning function of the select list makes; equal calls share one. */
  setFunction(call: SetFunctionCall): ColumnExpression {
    const text = canonicalJson(call);
    if (call.columns.length > 1)
      throw unsupported(`${call.name}() makes rows of several columns; in the select list it is not supported`);
    const type = must(call.columns[0]);
    for (const [symbol, known] of this.setFunctions)
      if (canonicalJson(known) === text) return { kind: "column", index: symbol, type };
    const symbol = this.#add({ varno: 0, attribute: 0, type });
    this.setFunctions.set(symbol, call);
    return { kind: "column", index: symbol, type };
  }

  /** A symbol for the value of a GROUP BY expression. */
  group(type: ColumnType): ColumnExpression {
    return { kind: "column", index: this.#add({ varno: 0, attribute: 0, type }), type };
  }

  info(symbol: number): SymbolInfo {
    return must(this.#symbols[symbol], "an unknown symbol");
  }

  /** The range table entries that the expressions read. */
  sources(...expressions: readonly Expression[]): Set<number> {
    return new Set([...columnsOf(...expressions)].map((symbol) => this.info(symbol).varno));
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
    return this.#symbols.push(info) - 1;
  }

  #checkColumn(varno: number, attribute: number, type: ColumnType): void {
    const entry = this.entry(varno);
    const name = (): string => this.describe(varno, attribute);
    if (entry.int("rtekind") === RteKind.relation) {
      const relation = must(this.catalog.relations.get(entry.int("relid")));
      assert(attribute < 0 || relation.columns.has(attribute), () => `column ${name()} is not in the catalog`);
    }
    if (!isSupportedType(this.catalog.types, type.typeOid)) {
      throw unsupported(`column ${name()} has type ${this.typeName(type.typeOid)}, which is not supported`);
    }
  }
}

function rewriteColumns(expression: Expression, position: (index: number) => number): Expression {
  return mapExpression(expression, (node) =>
    node.kind === "column" ? { ...node, index: position(node.index) } : undefined,
  );
}
