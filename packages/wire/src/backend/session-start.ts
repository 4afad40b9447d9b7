import { BodyReader } from "../body-reader.ts";
import { frame } from "../frame.ts";
import { BackendType, HEADER_BYTES } from "../message-types.ts";
import { AuthenticationKind, type BackendKeyData } from "./decode.ts";

/** What a server sends between the startup packet and its first ReadyForQuery. */

export const AUTHENTICATION_OK: Buffer = encodeAuthentication(AuthenticationKind.ok);

/** An Authentication message of a kind, with what that kind carries. */
export function encodeAuthentication(kind: number, body: Uint8Array = new Uint8Array()): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(kind);
  return frame(BackendType.authentication, word, body);
}

/** AuthenticationSASL: the mechanisms, the preferred one first. */
export function encodeSaslMechanisms(mechanisms: readonly string[]): Buffer {
  return encodeAuthentication(
    AuthenticationKind.sasl,
    Buffer.from(`${mechanisms.map((name) => `${name}\0`).join("")}\0`),
  );
}

export function decodeSaslMechanisms(buffer: Buffer, start: number, end: number): string[] {
  const reader = new BodyReader(buffer, start + HEADER_BYTES + 4, end);
  const mechanisms: string[] = [];
  for (let name = reader.cstring(); name !== ""; name = reader.cstring()) mechanisms.push(name);
  return mechanisms;
}

/** The data of AuthenticationSASLContinue, AuthenticationSASLFinal and AuthenticationMD5Password. */
export function authenticationData(buffer: Buffer, start: number, end: number): Buffer {
  const reader = new BodyReader(buffer, start + HEADER_BYTES, end);
  reader.uint32();
  return reader.bytes(reader.remaining);
}

export function encodeBackendKeyData(key: BackendKeyData): Buffer {
  const processId = Buffer.alloc(4);
  processId.writeUInt32BE(key.processId);
  return frame(BackendType.backendKeyData, processId, key.secretKey);
}

/** NegotiateProtocolVersion: the newest version that is spoken, and the protocol options that are not known. */
export function encodeNegotiateProtocolVersion(version: number, unknownOptions: readonly string[]): Buffer {
  const words = Buffer.alloc(8);
  words.writeUInt32BE(version, 0);
  words.writeUInt32BE(unknownOptions.length, 4);
  return frame(
    BackendType.negotiateProtocolVersion,
    words,
    Buffer.from(unknownOptions.map((name) => `${name}\0`).join("")),
  );
}

export function decodeNegotiateProtocolVersion(
  buffer: Buffer,
  start: number,
  end: number,
): { readonly version: number; readonly unknownOptions: readonly string[] } {
  const reader = new BodyReader(buffer, start + HEADER_BYTES, end);
  const version = reader.uint32();
  const count = reader.uint32();
  const unknownOptions: string[] = [];
  for (let index = 0; index < count; index++) unknownOptions.push(reader.cstring());
  reader.finish();
  return { version, unknownOptions };
}
