import { assert, FreshetError, must, SqlState, isTransient } from "@freshet/base";
import type { TimeZoneTable } from "@freshet/values";
import { loadParser } from "../parser/load-parser.ts";
import { outersIn } from "../decorrelation/outer-references.ts";
import { parametersOf } from "../plan/expression-walk.ts";
import { planExpressions, walkPlan } from "../plan/plan-walk.ts";
import type { Plan } from "../plan/plan.ts";
import type { QueryPlan } from "../plan/query-plan.ts";
import { inspectStatement } from "../statement/inspect-statement.ts";
import type { Literal, SelectShape, Slot } from "../statement/shape.ts";
import { type SubstitutedStatement, substituteSlots } from "../statement/substitute-slots.ts";
import { analyseSelect, parameterTypeNames, refusedAnalysis } from "./analysed-tree.ts";
import type { AnalysisConnection } from "./analysis-connection.ts";
import { inAnalysis } from "./analysis-transaction.ts";
import { type Catalog, loadCatalog } from "./catalog.ts";
import { isSupportedType } from "./catalog-types.ts";
import { resolveDomains } from "./resolve-domains.ts";
import { missingKeyRow } from "./missing-key-row.ts";
import { referencedObjects, resultColumns, tableDependencies, viewParameters } from "./query-plan-parts.ts";
import { RelationPrivileges } from "./relation-privileges.ts";
import { checkSlotItems, type InferredTypes } from "./slot-types.ts";
import { watchFailingConditions } from "./failing-conditions.ts";
import { countsRows, limitWindows } from "./limit-windows.ts";
import { planRecursive } from "./recursive-query.ts";
import { limitPlan, translateQuery } from "./translate-query.ts";
import type { TranslationContext } from "./query-scope.ts";
import type { TranslatedQuery } from "./translated-query.ts";
import { IMPLIED_TYPES } from "./type-support.ts";
import { collectOids, someNode, type TreeOids } from "./tree-oids.ts";
import { tryPlanning } from "./try-planning.ts";
import { UpstreamCallLifter } from "./lift-upstream-calls.ts";
import { UnliftableParameter, unsupported } from "./unsupported.ts";
import { loadUpstreamCatalog, type UpstreamCallPlanning } from "./upstream-catalog.ts";
import { calledFunctions, checkUpstreamCalls } from "./upstream-check.ts";
import { UpstreamCalls } from "./upstream-expression.ts";
import { loadZoneTable } from "./zone-table.ts";
import { ZoneWanted } from "./zoned-call.ts";

/** What to plan. */
export interface PlanRequest {
  /** One SELECT. */
  readonly text: string;
  /** Schemas that unqualified names are looked up in (the creating session's `current_schemas(false)`). */
  readonly searchPath: readonly string[];
  /** False for write-back caches: literals stay constants, and explicit parameters are refused. */
  readonly liftLiterals: boolean;
  /** Null: what the engine does not compute is refused. */
  readonly upstreamCalls?: UpstreamCallPlanning | null;
}

/** How a slot of the statement's shape is served. */
export type SlotBinding =
  /** Becomes view parameter `parameter`. */
  | { readonly kind: "parameter"; readonly parameter: number }
  /** Stays what it is: a statement matches only with the same items. */
  | { readonly kind: "fixed"; readonly items: readonly Literal[] };

export interface PlannedStatement {
  readonly plan: QueryPlan;
  readonly shapeKey: string;
  /** One per slot of the shape. */
  readonly slots: readonly SlotBinding[];
  /** Types of the statement's own `$n`, as PostgreSQL inferred them, for ParameterDescription. */
  readonly parameterTypes: readonly number[];
  /** Notes for EXPLAIN CREATE CACHE, e.g. why a literal was not lifted. */
  readonly notes: readonly string[];
}

/**
 * Plans one SELECT by what PostgreSQL understands it to mean. Runs in a transaction of its own on
 * `connection`, which it rolls back. Rejects with a FreshetError: 0A000 with the reason for what the engine
 * cannot maintain, or PostgreSQL's own error where the statement is wrong.
 */
export async function planStatement(connection: AnalysisConnection, request: PlanRequest): Promise<PlannedStatement> {
  await loadParser();
  const { shape } = inspectStatement(request.text);
  return inAnalysis(connection, request.searchPath, async () => {
    const { parameters } = await connection.describe(shape?.text ?? request.text);
    if (shape === null) throw unsupported("it is not a plain SELECT");
    if (!request.liftLiterals && shape.parameterCount > 0)
      throw unsupported("a query with parameters has no single result to write to a table");
    return new StatementPlanner(connection, shape, parameters, request).plan();
  });
}

/** Tries with every slot a parameter, then with ever more of the literals left as they are. */
class StatementPlanner {
  readonly #connection: AnalysisConnection;
  readonly #shape: SelectShape;
  readonly #statementTypes: readonly number[];
  readonly #liftLiterals: boolean;
  readonly #request: PlanRequest;
  readonly #fixed: boolean[];
  readonly #notes: string[] = [];
  /** Slots of `$n` that are no keys of the view, and why; their conditions are looked at when it is read. */
  readonly #atRead = new Map<number, string>();
  readonly #zones = new Map<string, TimeZoneTable>();

  constructor(
    connection: AnalysisConnection,
    shape: SelectShape,
    statementTypes: readonly number[],
    request: PlanRequest,
  ) {
    this.#connection = connection;
    this.#shape = shape;
    this.#statementTypes = statementTypes;
    this.#request = request;
    this.#liftLiterals = request.liftLiterals;
    this.#fixed = shape.slots.map(() => !request.liftLiterals);
  }

  async plan(): Promise<PlannedStatement> {
    for (;;) {
      const substituted = substituteSlots(this.#shape, this.#fixed);
      await this.#connection.query("SAVEPOINT freshet_attempt");
      try {
        const plan = await this.#attempt(substituted);
        return {
          plan,
          shapeKey: this.#shape.shapeKey,
          slots: this.#shape.slots.map((slot, index) => bindingOf(slot, substituted.slotParameter[index] ?? null)),
          parameterTypes: this.#statementTypes,
          notes: this.#notes,
        };
      } catch (error) {
        if (error instanceof ZoneWanted) {
          await this.#connection.query("ROLLBACK TO SAVEPOINT freshet_attempt");
          this.#zones.set(error.zone, await this.#loadZone(error.zone));
          continue;
        }
        this.#giveWay(error, substituted);
        await this.#connection.query("ROLLBACK TO SAVEPOINT freshet_attempt");
      }
    }
  }

  async #loadZone(name: string): Promise<TimeZoneTable> {
    try {
      return await loadZoneTable(this.#connection, name);
    } catch (error) {
      if (error instanceof FreshetError && error.code === SqlState.invalidParameterValue)
        throw unsupported(`the server does not know the time zone '${name}'`);
      throw error;
    }
  }

  /** Marks as fixed what made the attempt fail, or throws what cannot be helped that way. */
  #giveWay(error: unknown, substituted: SubstitutedStatement): void {
    if (error instanceof UnliftableParameter) {
      const index = substituted.slotParameter.indexOf(error.parameter);
      const slot = must(this.#shape.slots[index], "a parameter that stands for no slot");
      const own = slot.items.find((item) => item.kind === "parameter");
      if (own !== undefined) {
        const known = this.#atRead.get(index);
        if (known !== undefined || !mayBeReadLate(slot))
          throw unsupported(
            `parameter $${own.number} ${known ?? error.reason}`,
            known === undefined || known === error.reason
              ? {}
              : { detail: `As a condition at read time it ${error.reason}.` },
          );
        this.#atRead.set(index, error.reason);
        return;
      }
      this.#fix(index, error.reason);
      return;
    }
    if (!(error instanceof FreshetError) || error.code === SqlState.featureNotSupported || isTransient(error))
      throw error;
    const literals = this.#shape.slots.flatMap((slot, index) => {
      return this.#fixed[index] !== true && slot.items.every((item) => item.kind === "literal") ? [index] : [];
    });
    if (literals.length === 0) throw refusedAnalysis(error);
    for (const index of literals) this.#fix(index, `has no type of its own as a parameter (${error.message})`);
  }

  #fix(index: number, reason: string): void {
    this.#fixed[index] = true;
    const { start, end } = must(this.#shape.slots[index]);
    const text = Buffer.from(this.#shape.text, "utf8").subarray(start, end).toString("utf8");
    this.#notes.push(`the literal ${text} stays a constant of the cache: it ${reason}`);
  }

  async #attempt(substituted: SubstitutedStatement): Promise<QueryPlan> {
    const connection = this.#connection;
    const described = await connection.describe(substituted.text);
    const typeNames = await parameterTypeNames(connection, described.parameters);
    const analysed = await analyseSelect(connection, substituted.text, typeNames);
    const types = [...IMPLIED_TYPES, ...described.parameters, ...described.columns.map((column) => column.typeOid)];
    const oids = collectOids(analysed.tree, { types });
    const catalog = await loadCatalog(connection, oids, this.#zones);
    const upstreamCalls = await this.#upstreamCalls(catalog, oids);
    const query = resolveDomains(analysed.query, catalog.types);
    const inferred: InferredTypes = { statement: this.#statementTypes, slots: described.parameters };
    this.#shape.slots.forEach((slot, index) => {
      const parameter = substituted.slotParameter[index] ?? null;
      if (parameter !== null) checkSlotItems(slot, parameter, inferred, catalog);
    });
    const privileges = new RelationPrivileges();
    const context: TranslationContext = {
      ...{ catalog, privileges, upstreamCalls, readParameters: this.#readParameters(substituted) },
      ...{ planRecursive, translateQuery },
    };
    const whole = translateQuery(query, context, { parent: null, top: true, used: null });
    this.#keepRowCounts(whole, substituted);
    const keys = whole.rangeColumn === null ? whole.equalityColumns : [...whole.equalityColumns, whole.rangeColumn];
    const watched = limitWindows(watchFailingConditions(whole.plan, keys));
    const translated = { ...whole, plan: await this.#lifted(watched, catalog) };
    const parameters = viewParameters(translated, described.parameters.length);
    checkWholePlan(translated.plan);
    await tryPlanning(connection, substituted.text, typeNames);
    const body = {
      ...parameters,
      ...this.#limited(translated),
      result: resultColumns(described.columns, translated),
      sort: translated.sort,
      resultKey: translated.resultKey,
      tables: tableDependencies(translated.plan, catalog),
      privileges: context.privileges.list(),
      missingKeyRow: null,
      ...functionsOf(translated.plan),
    };
    const plan: QueryPlan = { ...body, ...referencedObjects(body, catalog) };
    const [first] = plan.equality;
    if (!translated.scalar || first === undefined) return plan;
    if (query.nodeOrNull("havingQual") !== null) {
      // A key whose one row HAVING drops would look like a key without rows, whose row it may keep.
      throw new UnliftableParameter(
        first.parameter + 1,
        "is compared in an aggregate without GROUP BY but with HAVING",
      );
    }
    if (query.nodes("targetList").some((entry) => someNode(entry, (node) => node.type === "SUBLINK"))) {
      // The row of a key without rows would change with the subquery's tables.
      throw new UnliftableParameter(
        first.parameter + 1,
        "is compared in an aggregate without GROUP BY that has a subquery in its select list",
      );
    }
    const sendFunctions = plan.result.map((column) => must(catalog.types.get(column.typeOid)?.sendFunction));
    const row = await missingKeyRow(connection, { text: substituted.text, parameterTypes: typeNames, sendFunctions });
    return { ...plan, missingKeyRow: row };
  }

  #readParameters({ slotParameter }: SubstitutedStatement): ReadonlySet<number> {
    const slots = [...this.#atRead.keys()];
    return new Set(slots.map((index) => must(slotParameter[index], "a client's parameter stays one")));
  }

  async #upstreamCalls(catalog: Catalog, oids: TreeOids): Promise<UpstreamCalls | null> {
    const { upstreamCalls: planning = null } = this.#request;
    if (planning === null) return null;
    const found = await loadUpstreamCatalog(this.#connection, catalog.functions.keys(), oids.collations);
    return new UpstreamCalls(planning, found, catalog.types.values());
  }

  /** The plan with nodes for what only PostgreSQL can evaluate. */
  async #lifted(plan: Plan, catalog: Catalog): Promise<Plan> {
    const { upstreamCalls: planning = null, searchPath } = this.#request;
    if (planning === null) return plan;
    const checkType = (typeOid: number): void => {
      if (isSupportedType(catalog.types, typeOid)) return;
      throw unsupported(`values of type ${catalog.types.get(typeOid)?.sqlName ?? typeOid} are not supported`);
    };
    const lifted = new UpstreamCallLifter({ role: planning.role, searchPath }, checkType).lift(plan);
    checkParameters(lifted);
    await checkUpstreamCalls(this.#connection, lifted, planning.role);
    return lifted;
  }

  /** A literal that keeps only the first rows of each partition is worth more as a constant than as a key. */
  #keepRowCounts({ plan, lifted, equalityColumns, rangeColumn }: TranslatedQuery, from: SubstitutedStatement): void {
    const upper = lifted.range?.upper ?? null;
    const bounds = [
      ...lifted.equality.map(({ parameter, list }, index) => ({
        parameter,
        column: list ? null : equalityColumns[index],
      })),
      ...(upper === null ? [] : [{ parameter: upper.parameter, column: rangeColumn }]),
    ];
    for (const { parameter, column } of bounds) {
      const slot = this.#shape.slots[from.slotParameter.indexOf(parameter)];
      const isLiteral = slot?.items.every((item) => item.kind === "literal") === true;
      if (isLiteral && typeof column === "number" && countsRows(plan, column))
        throw new UnliftableParameter(parameter, "says how many rows of each partition are kept");
    }
  }

  /** A write-back table holds the exact result: its LIMIT is part of the plan. A view's is cut when it is read. */
  #limited(
    translated: TranslatedQuery,
  ): { readonly plan: Plan } | { readonly plan: Plan; readonly limit: null; readonly offset: null } {
    return this.#liftLiterals ? { plan: translated.plan } : { plan: limitPlan(translated), limit: null, offset: null };
  }
}

/** Left out where there are none. */
function functionsOf(plan: Plan): Pick<QueryPlan, "functions"> {
  const functions = calledFunctions(plan);
  return functions.length === 0 ? {} : { functions };
}

const MAX_PLAN_NODES = 2000;

/** After lifting, no parameter may be left in the plan. A plan repeats what subqueries read from outside them. */
function checkWholePlan(plan: Plan): void {
  let nodes = 0;
  walkPlan(plan, (node) => {
    if (++nodes > MAX_PLAN_NODES) throw unsupported("its subqueries refer to each other in too many ways");
    const outer = outersIn(planExpressions(node)).size;
    assert(outer === 0, "a reference to a row around a subquery is left in the plan");
  });
  checkParameters(plan);
}

function checkParameters(plan: Plan): void {
  walkPlan(plan, (node) => {
    for (const expression of planExpressions(node)) {
      const [number] = parametersOf(expression);
      if (number !== undefined)
        throw new UnliftableParameter(
          number,
          "stands outside the conditions of the outermost WHERE clause and inner joins",
        );
    }
  });
}

/** A list's members, and row counts, are more than a value in a condition. */
function mayBeReadLate({ role, items }: Slot): boolean {
  return items.length === 1 && (role === "equality" || role === "range" || role === "other");
}

function bindingOf(slot: Slot, parameter: number | null): SlotBinding {
  if (parameter !== null) return { kind: "parameter", parameter: parameter - 1 };
  return { kind: "fixed", items: slot.items.flatMap((item) => (item.kind === "literal" ? [item.literal] : [])) };
}
