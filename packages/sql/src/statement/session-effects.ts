import type { Node, VariableSetStmt } from "libpg-query";
import { isTreeObject, type TreeObject, walkTree } from "../parser/tree.ts";
import { isHarmlessFunction } from "./harmless-functions.ts";
import { namePath } from "./tree-facts.ts";

/** What a statement may leave behind in its session, for whoever shares a server connection between sessions. */
export interface SessionEffects {
  /** It may change something that outlives its transaction: a setting, a temporary table, a lock … */
  readonly lasting: boolean;
  /** It calls what nobody knows here, so that even the names of the settings it changes are unknown. */
  readonly unknown: boolean;
  /** It may change how later statements of the same transaction are read (search_path, TimeZone …). */
  readonly rereads: boolean;
  /** Names of the settings that it sets, as far as they are written in it; lower case. */
  readonly settings: readonly string[];
}

export const NO_EFFECTS: SessionEffects = { lasting: false, unknown: false, rereads: false, settings: [] };
/** Of a text that could not be read. */
export const UNKNOWN_EFFECTS: SessionEffects = { lasting: true, unknown: true, rereads: true, settings: [] };

/** Statements whose own kind leaves nothing behind; the functions they call are looked at. */
const PASSING = new Set([
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "CopyStmt",
  "TruncateStmt",
  "TransactionStmt",
  "VariableShowStmt",
  "ConstraintsSetStmt",
  "LockStmt",
  "NotifyStmt",
  "FetchStmt",
  "VacuumStmt",
  "CheckPointStmt",
  "CommentStmt",
  "ExplainStmt",
  "IndexStmt",
  "GrantStmt",
]);

/** Functions beyond the harmless ones whose effects end with their transaction or are no session's. */
const PASSING_FUNCTIONS = new Set(
  `nextval setval currval lastval pg_sleep pg_sleep_for pg_sleep_until txid_current pg_current_xact_id pg_notify
  pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared
  pg_cancel_backend pg_terminate_backend pg_logical_emit_message pg_switch_wal pg_current_wal_insert_lsn pg_current_wal_lsn
  pg_stat_clear_snapshot pg_stat_reset pg_reload_conf pg_export_snapshot lo_create lo_creat lo_unlink lo_import lo_export lo_get
  lo_put lo_from_bytea pg_backend_pid pg_postmaster_start_time inet_server_addr inet_server_port setseed`
    .split(/\s+/)
    .filter((name) => name !== ""),
);

/** Settings that change no statement's meaning. Custom settings (with a dot) do not either. */
const MEANINGLESS =
  /^(?:.*_timeout|application_name|work_mem|maintenance_work_mem|temp_buffers|synchronous_commit|client_min_messages|log_.*|enable_.*|jit.*|.*_cost|track_.*|random_page_cost|.*\..*)$/;

const HOLD = 0x20;

export function sessionEffects(tree: Node): SessionEffects {
  if ("VariableSetStmt" in tree) return setEffects(tree.VariableSetStmt);
  const node = Object.keys(tree)[0] ?? "";
  if ("DeclareCursorStmt" in tree && ((tree.DeclareCursorStmt.options ?? 0) & HOLD) === 0) return calledEffects(tree);
  if (!PASSING.has(node) && !isLastingTable(tree, node)) {
    const unknown = ["DoStmt", "CallStmt", "ExecuteStmt", "LoadStmt"].includes(node);
    return { ...NO_EFFECTS, lasting: true, unknown, rereads: unknown || node === "DiscardStmt" };
  }
  return calledEffects(tree);
}

/** Of several statements in one text. */
export function joinEffects(parts: readonly SessionEffects[]): SessionEffects {
  return {
    lasting: parts.some(({ lasting }) => lasting),
    unknown: parts.some(({ unknown }) => unknown),
    rereads: parts.some(({ rereads }) => rereads),
    settings: parts.flatMap(({ settings }) => settings),
  };
}

function setEffects(statement: VariableSetStmt): SessionEffects {
  const name = (statement.name ?? "").toLowerCase();
  // SET TRANSACTION and SET SESSION CHARACTERISTICS are written as settings of several values.
  const isTransaction = name === "transaction";
  const lasting = statement.is_local !== true && !isTransaction;
  return {
    lasting,
    unknown: false,
    rereads: !isTransaction && !MEANINGLESS.test(name),
    settings: name === "" || isTransaction ? [] : [name],
  };
}

/** CREATE TABLE and CREATE TABLE AS of a table that is not temporary. */
function isLastingTable(tree: Node, node: string): boolean {
  if (node !== "CreateStmt" && node !== "CreateTableAsStmt") return false;
  let temporary = false;
  walkTree(tree, (object) => {
    temporary ||= isTemporaryRelation(object);
    return true;
  });
  return !temporary;
}

function isTemporaryRelation(object: TreeObject): boolean {
  const schema = object["schemaname"];
  return object["relpersistence"] === "t" || (typeof schema === "string" && schema.startsWith("pg_temp"));
}

function calledEffects(tree: Node): SessionEffects {
  let lasting = false;
  let unknown = false;
  let rereads = false;
  const settings: string[] = [];
  walkTree(tree, (object) => {
    if (isTreeObject(object["intoClause"])) {
      walkTree(object["intoClause"], (inner) => {
        lasting ||= isTemporaryRelation(inner);
        return true;
      });
    }
    const call = object["FuncCall"];
    if (!isTreeObject(call)) return true;
    const path = namePath(call["funcname"]);
    const name = path.at(-1) ?? "";
    if (isHarmlessFunction(path) || (isBuiltIn(path) && PASSING_FUNCTIONS.has(name))) return true;
    if (isBuiltIn(path) && name === "set_config") {
      const setting = constantText(call["args"]);
      lasting = true;
      rereads ||= setting === null || !MEANINGLESS.test(setting);
      if (setting === null) unknown = true;
      else settings.push(setting);
      return true;
    }
    lasting = true;
    unknown ||= !(isBuiltIn(path) && name.startsWith("pg_"));
    return true;
  });
  return { lasting, unknown, rereads, settings };
}

function isBuiltIn(path: readonly string[]): boolean {
  return path.length === 1 || (path.length === 2 && path[0] === "pg_catalog");
}

/** The first argument when it is a plain string; lower case. */
function constantText(args: unknown): string | null {
  const first: unknown = Array.isArray(args) ? args[0] : undefined;
  const constant = isTreeObject(first) ? first["A_Const"] : undefined;
  const string = isTreeObject(constant) ? constant["sval"] : undefined;
  const text = isTreeObject(string) ? string["sval"] : undefined;
  return typeof text === "string" ? text.toLowerCase() : null;
}
