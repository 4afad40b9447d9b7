import { isAscii, isUtf8 } from "node:buffer";
import { BodyReader } from "../body-reader.ts";
import { HEADER_BYTES } from "../message-types.ts";
import { protocolViolation } from "../protocol-violation.ts";

/** SQL text as sent. `other`: neither ASCII nor valid UTF-8, so `text` is not what the server reads. */
export interface SqlText {
  readonly text: string;
  readonly encoding: "ascii" | "utf8" | "other";
}

/** Names are decoded byte for byte (latin1), so that equal names are equal bytes. */
export interface ParseMessage {
  readonly name: string;
  readonly query: SqlText;
  readonly typeOids: readonly number[];
}

export interface BindMessage {
  readonly portal: string;
  readonly statement: string;
  /** One per value. */
  readonly formats: readonly number[];
  /** Views on the message's memory. */
  readonly values: readonly (Buffer | null)[];
  /** As sent: none, one for all, or one per column. */
  readonly resultFormats: readonly number[];
}

export type BindNames = Pick<BindMessage, "portal" | "statement">;

export interface TargetMessage {
  readonly target: "statement" | "portal";
  readonly name: string;
}

export interface ExecuteMessage {
  readonly portal: string;
  readonly maxRows: number;
}

/** All decoders take a whole message with its header at `start`. */
export function decodeQuery(buffer: Buffer, start: number, end: number): SqlText {
  const reader = body(buffer, start, end);
  const query = readSql(reader);
  reader.finish();
  return query;
}

export function decodeParse(buffer: Buffer, start: number, end: number): ParseMessage {
  const reader = body(buffer, start, end);
  const name = reader.cstring("latin1");
  const query = readSql(reader);
  const typeOids: number[] = [];
  for (let count = reader.uint16(); count > 0; count--) typeOids.push(reader.uint32());
  reader.finish();
  return { name, query, typeOids };
}

/** Name of the statement that a Parse defines; works on a prefix of the message. */
export function decodeParseName(buffer: Buffer, start: number, end: number): string {
  return body(buffer, start, end).cstring("latin1");
}

/** `names`: what decodeBindNames gave, where that is known. */
export function decodeBind(buffer: Buffer, start: number, end: number, names?: BindNames): BindMessage {
  const { portal, statement } = names ?? decodeBindNames(buffer, start, end);
  const reader = body(buffer, start, end);
  reader.skipCstring();
  reader.skipCstring();
  const sentFormats = readFormats(reader);
  const values: (Buffer | null)[] = [];
  for (let count = reader.uint16(); count > 0; count--) {
    const length = reader.int32();
    values.push(length === -1 ? null : reader.bytes(length));
  }
  if (sentFormats.length > 1 && sentFormats.length !== values.length) {
    throw protocolViolation(`bind message has ${sentFormats.length} parameter formats but ${values.length} parameters`);
  }
  const resultFormats = readFormats(reader);
  reader.finish();
  const formats = sentFormats.length === values.length ? sentFormats : values.map(() => sentFormats[0] ?? 0);
  return { portal, statement, formats, values, resultFormats };
}

/** Portal and statement of a Bind; works on a prefix of the message. */
export function decodeBindNames(buffer: Buffer, start: number, end: number): BindNames {
  const reader = body(buffer, start, end);
  return { portal: reader.cstring("latin1"), statement: reader.cstring("latin1") };
}

/** Describe and Close. */
export function decodeTarget(buffer: Buffer, start: number, end: number): TargetMessage {
  const reader = body(buffer, start, end);
  const kind = reader.uint8();
  const name = reader.cstring("latin1");
  reader.finish();
  if (kind === 0x53) return { target: "statement", name };
  if (kind === 0x50) return { target: "portal", name };
  throw protocolViolation(`invalid DESCRIBE or CLOSE message subtype ${kind}`);
}

export function decodeExecute(buffer: Buffer, start: number, end: number): ExecuteMessage {
  const reader = body(buffer, start, end);
  const portal = reader.cstring("latin1");
  const maxRows = reader.int32();
  reader.finish();
  return { portal, maxRows };
}

function body(buffer: Buffer, start: number, end: number): BodyReader {
  return new BodyReader(buffer, start + HEADER_BYTES, end);
}

function readFormats(reader: BodyReader): number[] {
  const formats: number[] = [];
  for (let count = reader.uint16(); count > 0; count--) formats.push(reader.uint16());
  return formats;
}

function readSql(reader: BodyReader): SqlText {
  const short = reader.shortAscii();
  if (short !== null) return { text: short, encoding: "ascii" };
  const bytes = reader.cstringBytes();
  if (isAscii(bytes)) return { text: bytes.toString("latin1"), encoding: "ascii" };
  return { text: bytes.toString("utf8"), encoding: isUtf8(bytes) ? "utf8" : "other" };
}
