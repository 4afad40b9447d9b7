import type { ExplainStmt, Node } from "libpg-query";
import type { StatementInfo } from "./shape.ts";
import { type TreeFacts, treeFacts } from "./tree-facts.ts";

/** What one parsed statement is; the fields are those of StatementInfo. */
export interface Classification extends Pick<StatementInfo, "kind" | "pure" | "changesSchema"> {
  /** A plain SELECT: no row locks, no INTO, nothing modified. */
  readonly plainSelect: boolean;
}

const KIND_BY_NODE: ReadonlyMap<string, StatementInfo["kind"]> = new Map([
  ["SelectStmt", "select"],
  ["InsertStmt", "write"],
  ["UpdateStmt", "write"],
  ["DeleteStmt", "write"],
  ["MergeStmt", "write"],
  ["CopyStmt", "write"],
  ["TruncateStmt", "write"],
  ["TransactionStmt", "transaction"],
  ["VariableSetStmt", "set"],
  ["DiscardStmt", "set"],
]);

/** Statements that change neither schema nor privileges. All others may, also those unknown here. */
const KEEPS_SCHEMA = new Set([
  ...KIND_BY_NODE.keys(),
  "VariableShowStmt",
  "ConstraintsSetStmt",
  "PrepareStmt",
  "ExecuteStmt",
  "DeallocateStmt",
  "DeclareCursorStmt",
  "FetchStmt",
  "ClosePortalStmt",
  "ListenStmt",
  "UnlistenStmt",
  "NotifyStmt",
  "LockStmt",
  "CheckPointStmt",
  "VacuumStmt",
  "CommentStmt",
]);

export function classify(tree: Node): Classification {
  if ("ExplainStmt" in tree) return classifyExplain(tree.ExplainStmt);
  const node = Object.keys(tree)[0] ?? "";
  const facts = treeFacts(tree);
  const changesSchema = (!KEEPS_SCHEMA.has(node) || facts.into) && !createsTemporary(tree);
  if (node === "SelectStmt") return { ...classifySelect(facts), changesSchema };
  const kind = "CopyStmt" in tree && tree.CopyStmt.is_from !== true ? "utility" : (KIND_BY_NODE.get(node) ?? "utility");
  return { kind, pure: node === "VariableShowStmt", changesSchema, plainSelect: false };
}

/** Temporary relations concern their own session alone, whose facts tell of them. */
function createsTemporary(tree: Node): boolean {
  if ("CreateStmt" in tree) return tree.CreateStmt.relation?.relpersistence === "t";
  if ("CreateTableAsStmt" in tree) return tree.CreateTableAsStmt.into?.rel?.relpersistence === "t";
  return "ViewStmt" in tree && tree.ViewStmt.view?.relpersistence === "t";
}

function classifySelect(facts: TreeFacts): Omit<Classification, "changesSchema"> {
  const plainSelect = !facts.locks && !facts.into && !facts.modifies;
  return {
    kind: facts.into || facts.modifies ? "write" : "select",
    pure: plainSelect && facts.harmless,
    plainSelect,
  };
}

/** EXPLAIN is as harmless as what it explains; with ANALYZE it also does what it explains. */
function classifyExplain(statement: ExplainStmt): Classification {
  const { query, options = [] } = statement;
  const inner = query === undefined ? null : classify(query);
  const runs = options.some((option) => "DefElem" in option && option.DefElem.defname === "analyze");
  return {
    kind: runs && inner?.kind === "write" ? "write" : "utility",
    pure: inner?.pure === true,
    changesSchema: runs && inner?.changesSchema !== false,
    plainSelect: false,
  };
}
