import { BodyReader } from "../body-reader.ts";
import { HEADER_BYTES, type TransactionStatus } from "../message-types.ts";
import { protocolViolation } from "../protocol-violation.ts";
import type { FieldDescription } from "./row-description.ts";

/** All decoders take a whole message with its header at `start`. */
export function decodeReadyForQuery(buffer: Buffer, start: number, end: number): TransactionStatus {
  const reader = body(buffer, start, end);
  const status = String.fromCharCode(reader.uint8());
  reader.finish();
  if (status === "I" || status === "T" || status === "E") return status;
  throw protocolViolation("invalid transaction status in ReadyForQuery");
}

export function decodeParameterStatus(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly name: string; readonly value: string } {
  const reader = body(buffer, start, end);
  const name = reader.cstring();
  const value = reader.cstring();
  reader.finish();
  return { name, value };
}

export interface BackendKeyData {
  readonly processId: number;
  /** 4 bytes in protocol 3.0, up to 256 from 3.2 on. */
  readonly secretKey: Buffer;
}

export function decodeBackendKeyData(buffer: Buffer, start: number, end: number): BackendKeyData {
  const reader = body(buffer, start, end);
  const processId = reader.uint32();
  return { processId, secretKey: Buffer.from(reader.bytes(reader.remaining)) };
}

/** Kinds of Authentication messages (their first word). */
export const AuthenticationKind = {
  ok: 0,
  cleartextPassword: 3,
  md5Password: 5,
  gss: 7,
  gssContinue: 8,
  sspi: 9,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const;

export function decodeAuthenticationKind(buffer: Buffer, start: number, end: number): number {
  return body(buffer, start, end).uint32();
}

/** The salt of an md5 request. */
export function decodeMd5Salt(buffer: Buffer, start: number, end: number): Buffer {
  const reader = body(buffer, start, end);
  reader.uint32();
  return reader.bytes(4);
}

export function decodeCommandComplete(buffer: Buffer, start: number, end: number): string {
  const reader = body(buffer, start, end);
  const tag = reader.cstring();
  reader.finish();
  return tag;
}

/** Columns of a DataRow as views on the message. */
export function decodeDataRow(buffer: Buffer, start: number, end: number): (Buffer | null)[] {
  const reader = body(buffer, start, end);
  const values: (Buffer | null)[] = [];
  for (let count = reader.uint16(); count > 0; count--) {
    const length = reader.int32();
    values.push(length === -1 ? null : reader.bytes(length));
  }
  reader.finish();
  return values;
}

export function decodeRowDescription(buffer: Buffer, start: number, end: number): FieldDescription[] {
  const reader = body(buffer, start, end);
  const fields: FieldDescription[] = [];
  for (let count = reader.uint16(); count > 0; count--) {
    fields.push({
      name: reader.cstring(),
      tableOid: reader.uint32(),
      attribute: reader.int16(),
      typeOid: reader.uint32(),
      typeLength: reader.int16(),
      typmod: reader.int32(),
      format: reader.uint16(),
    });
  }
  reader.finish();
  return fields;
}

export function decodeParameterDescription(buffer: Buffer, start: number, end: number): number[] {
  const reader = body(buffer, start, end);
  const types: number[] = [];
  for (let count = reader.uint16(); count > 0; count--) types.push(reader.uint32());
  reader.finish();
  return types;
}

function body(buffer: Buffer, start: number, end: number): BodyReader {
  return new BodyReader(buffer, start + HEADER_BYTES, end);
}
