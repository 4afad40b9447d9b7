import { FreshetError, isTransient } from "@freshet/base";
import { parameterTypeNames, readTree, refusedAnalysis } from "../analysis/analysed-tree.ts";
import type { AnalysisConnection } from "../analysis/analysis-connection.ts";
import { inAnalysis } from "../analysis/analysis-transaction.ts";
import type { NodeValue } from "../analysis/node-tree.ts";
import { RelationPrivileges } from "../analysis/relation-privileges.ts";
import { TABLE_OID_ATTRIBUTE } from "../analysis/table-checks.ts";
import { collectOids, someNode } from "../analysis/tree-oids.ts";
import { unsupported } from "../analysis/unsupported.ts";
import { loadParser } from "../parser/load-parser.ts";
import { inspectStatement } from "../statement/inspect-statement.ts";
import type { SelectShape, Slot } from "../statement/shape.ts";
import { substituteSlots } from "../statement/substitute-slots.ts";
import { checkCalls, checkWritten } from "./check-calls.ts";
import type { InvalidationPlan, InvalidationSlot } from "./invalidation-plan.ts";
import { collectCalls } from "./tree-functions.ts";
import { type FoundThreshold, collectThresholds, nameThresholds } from "./clock-thresholds.ts";
import { rowGuards } from "./row-guards.ts";
import { TypeInputs } from "./type-inputs.ts";
import { watchedRelations } from "./watched-relations.ts";

export interface InvalidationRequest {
  /** One SELECT. */
  readonly text: string;
  /** As in PlanRequest. */
  readonly searchPath: readonly string[];
}

/** Names in the catalog as values: regproc, regprocedure, regoper, regoperator, regclass, regtype, regrole … */
const CATALOG_NAME_TYPES: readonly number[] = [24, 2202, 2203, 2204, 2205, 2206, 4089, 4096, 4191];

/** Types whose constants the clock has no part in: it may have in those of date and time, and of types made of them. */
const TIMELESS_CONSTANTS: ReadonlySet<number> = new Set([
  16, 17, 18, 19, 20, 21, 23, 25, 26, 114, 142, 650, 700, 701, 705, 774, 790, 829, 869, 1000, 1005, 1007, 1009, 1014,
  1015, 1016, 1021, 1022, 1042, 1043, 1186, 1231, 1560, 1562, 1700, 2950, 2951, 3614, 3615, 3734, 3769, 3802, 4072,
]);
const TIMETZ = 1266;

/**
 * Finds out what the answer of one SELECT depends on, whatever it does. Rejects with a FreshetError: 0A000 with
 * the reason when it depends on more than tables, parameters and settings, or PostgreSQL's own error.
 */
export async function planInvalidation(
  connection: AnalysisConnection,
  request: InvalidationRequest,
): Promise<InvalidationPlan> {
  await loadParser();
  const { shape } = inspectStatement(request.text);
  return inAnalysis(connection, request.searchPath, async () => {
    const described = await connection.describe(shape?.text ?? request.text);
    if (shape === null) throw unsupported("it is not a plain SELECT");
    const typeNames = await parameterTypeNames(connection, described.parameters);
    const tree = await readTree(connection, shape.text, typeNames).catch((error: unknown) => {
      throw error instanceof FreshetError ? refusedAnalysis(error) : error;
    });
    checkConstants(tree, shape.text);
    checkColumns(tree);
    const places = await slotPlaces(connection, shape);
    const slots = shape.slots.map((slot, index) => ({
      typeOid: places?.slotTypes[index] ?? null,
      literalKinds: literalKinds(slot),
    }));
    const inputs = [...described.parameters, ...slots.flatMap(({ typeOid }) => typeOid ?? [])];
    const calls = collectCalls(tree);
    const written = described.columns.map(({ typeOid }) => typeOid);
    const used = collectOids(tree, { types: [...inputs, ...written, ...calls.read, ...calls.written] }).types;
    const types = await TypeInputs.load(connection, used);
    const checked = await checkCalls(connection, calls, types);
    checkNames(used, types);
    for (const oid of written) checkWritten(oid, types);
    const { tables, members } = await watchedRelations(connection, tree);
    const thresholds = fixedThresholds(tree, places);
    return {
      shapeKey: shape.shapeKey,
      slots,
      parameterTypes: described.parameters,
      textInputs: [...new Set(inputs)].sort((a, b) => a - b).map((oid) => [oid, types.textInput(oid)] as const),
      result: described.columns,
      tables,
      guards: places === null ? [] : await rowGuards(connection, places.tree, members, places.slotOf, shape.slots),
      privileges: privilegesOf(tree),
      enums: types.enums,
      thresholds: await nameThresholds(connection, thresholds),
      ...checked,
    };
  });
}

/** Refuses system columns: VACUUM FULL and freezing change them, and nothing of that is in the stream. */
function checkColumns(tree: NodeValue): void {
  const found = someNode(tree, (node) => {
    return node.type === "VAR" && node.int("varattno") < 0 && node.int("varattno") !== TABLE_OID_ATTRIBUTE;
  });
  if (found) throw unsupported("system columns (ctid, xmin and the like) change without a change of the row");
}

/** Refuses constants that stand for the current time; in views they were made when the view was. */
function checkConstants(tree: NodeValue, text: string): void {
  if (someNode(tree, (node) => node.type === "CONST" && node.int("consttype") === TIMETZ && !node.flag("constisnull")))
    throw unsupported("the offset of its time with time zone constants may be that of the current date");
  if (!/\b(now|today|tomorrow|yesterday)\b(?!\s*\()/i.test(text)) return;
  const timed = someNode(tree, (node) => {
    return node.type === "CONST" && !node.flag("constisnull") && !TIMELESS_CONSTANTS.has(node.int("consttype"));
  });
  if (timed) throw unsupported("it has a constant that may stand for the current date or time");
}

/** Those of the statement, which must be those of all statements of its shape. */
function fixedThresholds(tree: NodeValue, places: SlotPlaces | null): FoundThreshold[] {
  const thresholds = collectThresholds(tree);
  if (thresholds.length === 0) return thresholds;
  if (places === null || JSON.stringify(collectThresholds(places.tree)) !== JSON.stringify(thresholds))
    throw unsupported("now() is STABLE, and how far from it is not the same for all values");
  return thresholds;
}

function checkNames(used: ReadonlySet<number>, types: TypeInputs): void {
  const name = CATALOG_NAME_TYPES.find((oid) => used.has(oid));
  if (name !== undefined) throw unsupported(`the text form of ${types.name(name)} depends on names in the catalog`);
}

function literalKinds(slot: Slot): InvalidationSlot["literalKinds"] {
  return [...new Set(slot.items.flatMap((item) => (item.kind === "literal" ? [item.literal.kind] : [])))].sort();
}

/** The statement with a parameter in each slot's place, as PostgreSQL understands it. */
interface SlotPlaces {
  /** By slot, the type of the parameter in its place; of an IN list that of its members. */
  readonly slotTypes: readonly number[];
  readonly tree: NodeValue;
  readonly slotOf: (parameter: number) => number | undefined;
}

/**
 * Null where PostgreSQL infers no types of parameters in the slots' places: then statements must hold literals like
 * those of this one, and their own parameters.
 */
async function slotPlaces(connection: AnalysisConnection, shape: SelectShape): Promise<SlotPlaces | null> {
  const substituted = substituteSlots(
    shape,
    shape.slots.map(() => false),
  );
  await connection.query("SAVEPOINT freshet_slots");
  try {
    const { parameters } = await connection.describe(substituted.text);
    const members = await elementTypes(connection, parameters);
    const tree = await readTree(connection, substituted.text, await parameterTypeNames(connection, parameters));
    return {
      slotTypes: parameters.map((type, index) => (isList(shape.slots[index]) ? (members.get(type) ?? type) : type)),
      tree,
      slotOf: (parameter) => {
        const index = substituted.slotParameter.indexOf(parameter);
        return index < 0 ? undefined : index;
      },
    };
  } catch (error) {
    if (!(error instanceof FreshetError) || isTransient(error)) throw error;
    return null;
  } finally {
    await connection.query("ROLLBACK TO SAVEPOINT freshet_slots");
  }
}

/** An IN list, whose members stand in the statement one by one. */
function isList(slot: Slot | undefined): boolean {
  return slot?.role === "list";
}

async function elementTypes(connection: AnalysisConnection, types: readonly number[]): Promise<Map<number, number>> {
  const rows = await connection.query(
    `SELECT oid, typelem FROM pg_catalog.pg_type WHERE typelem <> 0 AND typlen = -1 AND oid IN (${["0", ...types].join(",")})`,
  );
  return new Map(rows.map((row) => [Number(row[0]), Number(row[1])]));
}

function privilegesOf(tree: NodeValue): InvalidationPlan["privileges"] {
  const privileges = new RelationPrivileges();
  someNode(tree, (node) => {
    if (node.type === "QUERY") privileges.collect(node);
    return false;
  });
  return privileges.list();
}
