import type { StatementInfo } from "@freshet/sql";

/** How a transaction control statement bears on a read-only block: it begins one, ends one, or says why a block is the primary's. */
export type BlockStatement = "begin" | "end" | { readonly obstacle: string };

const BEGIN = /^(?:begin(?: work| transaction)?|start transaction)\b/i;
const END = /^(?:commit|end|rollback|abort)(?: work| transaction)?(?: and no chain)?$/i;
const MODE =
  /^[ ,]*(?:(isolation level read (?:un)?committed)|(isolation level (?:repeatable read|serializable))|(read only)|(read write)|(?:not )?deferrable)(?![a-z])/i;

/**
 * Reads a statement of kind `transaction`. A block may be begun on a standby when it surely only reads and each of its statements sees what is there when it begins
 * (READ COMMITTED): then it can go on elsewhere at any statement. `readOnlyDefault`: the session's default_transaction_read_only.
 */
export function blockStatement(
  { normalized }: Pick<StatementInfo, "normalized">,
  readOnlyDefault: boolean,
): BlockStatement {
  if (END.test(normalized)) return "end";
  const begin = BEGIN.exec(normalized);
  if (begin === null) return { obstacle: "not only reads" };
  let readOnly = readOnlyDefault;
  let rest = normalized.slice(begin[0].length);
  for (let mode = MODE.exec(rest); mode !== null; mode = MODE.exec(rest)) {
    const [all, , isolation, only, write] = mode;
    if (isolation !== undefined) return { obstacle: "isolation level of the transaction block" };
    if (only !== undefined || write !== undefined) readOnly = only !== undefined;
    rest = rest.slice(all.length);
  }
  if (rest.trim() !== "") return { obstacle: "not only reads" };
  return readOnly ? "begin" : { obstacle: "transaction block that may write" };
}

/** Whatever tells the time of the transaction, also as a value (`'now'::timestamptz`): within one transaction it must stay the same. */
const TIMELY = /now|today|tomorrow|yesterday|current_|localtime|transaction_timestamp|\bage\s*\(/i;

/** Whether these bytes of the client's may ask for the time of their transaction. */
export function mayAskTheTime(bytes: Buffer): boolean {
  return TIMELY.test(bytes.toString("latin1"));
}
