import { frame } from "../frame.ts";
import { BackendType, type TransactionStatus } from "../message-types.ts";

/** Messages without contents, made once. Never written to. */
export const PARSE_COMPLETE: Buffer = frame(BackendType.parseComplete);
export const BIND_COMPLETE: Buffer = frame(BackendType.bindComplete);
export const CLOSE_COMPLETE: Buffer = frame(BackendType.closeComplete);
export const NO_DATA: Buffer = frame(BackendType.noData);
export const EMPTY_QUERY_RESPONSE: Buffer = frame(BackendType.emptyQueryResponse);
export const PORTAL_SUSPENDED: Buffer = frame(BackendType.portalSuspended);

const READY: Readonly<Record<TransactionStatus, Buffer>> = {
  I: frame(BackendType.readyForQuery, Buffer.from("I")),
  T: frame(BackendType.readyForQuery, Buffer.from("T")),
  E: frame(BackendType.readyForQuery, Buffer.from("E")),
};

export function readyForQuery(status: TransactionStatus): Buffer {
  return READY[status];
}

export function encodeCommandComplete(tag: string): Buffer {
  return frame(BackendType.commandComplete, Buffer.from(`${tag}\0`));
}

const SELECT_TAGS: (Buffer | undefined)[] = [];
const REMEMBERED_TAGS = 64;

/** CommandComplete of a SELECT with that many rows; never written to. */
export function selectComplete(rows: number): Buffer {
  const known = SELECT_TAGS[rows];
  if (known !== undefined) return known;
  const made = encodeCommandComplete(`SELECT ${rows}`);
  if (rows < REMEMBERED_TAGS) SELECT_TAGS[rows] = made;
  return made;
}

export function encodeParameterStatus(name: string, value: string): Buffer {
  return frame(BackendType.parameterStatus, Buffer.from(`${name}\0${value}\0`));
}
