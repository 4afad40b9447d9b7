import { BodyReader } from "../body-reader.ts";
import { protocolViolation } from "../protocol-violation.ts";

/** PostgreSQL's MAX_STARTUP_PACKET_LENGTH. */
export const MAX_STARTUP_BYTES = 10_000;

/** Cancel keys have 4 bytes in protocol 3.0 and up to this many from 3.2 on. */
export const MAX_CANCEL_KEY_BYTES = 256;

/** `major << 16 | minor`: the newest version that Freshet speaks itself. */
export const NEWEST_PROTOCOL_VERSION: number = (3 << 16) | 2;
export const OLDEST_PROTOCOL_VERSION: number = 3 << 16;

/** Parameters of a startup packet that ask for extensions of the protocol. */
export const PROTOCOL_OPTION_PREFIX = "_pq_.";

const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** What a connection's first packets say. */
export type StartupPacket =
  | { readonly kind: "ssl-request" }
  | { readonly kind: "gssenc-request" }
  | { readonly kind: "cancel-request"; readonly processId: number; readonly secretKey: Buffer }
  /** `version` is major << 16 | minor; parameters as sent, latin1-decoded where not UTF-8. */
  | { readonly kind: "startup"; readonly version: number; readonly parameters: ReadonlyMap<string, string> };

/**
 * Size of the packet at the beginning of `bytes`, or null when its length word is not complete.
 * Throws a protocol violation on an impossible length, before anything is kept.
 */
export function startupPacketSize(bytes: Buffer): number | null {
  if (bytes.length < 4) return null;
  const length = bytes.readUInt32BE(0);
  if (length < 8 || length > MAX_STARTUP_BYTES) throw protocolViolation("invalid length of startup packet");
  return length;
}

/** Decodes one whole packet. */
export function decodeStartupPacket(packet: Buffer): StartupPacket {
  const reader = new BodyReader(packet, 4, packet.length);
  const code = reader.uint32();
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
    reader.finish();
    return { kind: code === SSL_REQUEST ? "ssl-request" : "gssenc-request" };
  }
  if (code === CANCEL_REQUEST) {
    const keyBytes = reader.remaining - 4;
    if (keyBytes < 4 || keyBytes > MAX_CANCEL_KEY_BYTES) {
      throw protocolViolation("invalid length of cancel request packet");
    }
    return { kind: "cancel-request", processId: reader.uint32(), secretKey: Buffer.from(reader.bytes(keyBytes)) };
  }
  return { kind: "startup", version: code, parameters: code >>> 16 === 3 ? readParameters(reader) : new Map() };
}

function readParameters(reader: BodyReader): Map<string, string> {
  const parameters = new Map<string, string>();
  for (;;) {
    const name = reader.cstring();
    if (name === "") break;
    parameters.set(name, reader.cstring());
  }
  if (reader.remaining !== 0) {
    throw protocolViolation("invalid startup packet layout: expected terminator as last byte");
  }
  return parameters;
}

export function encodeStartupMessage(version: number, parameters: ReadonlyMap<string, string>): Buffer {
  const text = [...parameters].map(([name, value]) => `${name}\0${value}\0`).join("");
  const body = Buffer.from(`${text}\0`);
  const packet = Buffer.allocUnsafe(8 + body.length);
  packet.writeUInt32BE(packet.length, 0);
  packet.writeUInt32BE(version, 4);
  packet.set(body, 8);
  return packet;
}

/** A CancelRequest for the connection whose BackendKeyData carried `processId` and `secretKey`. */
export function encodeCancelRequest(processId: number, secretKey: Buffer): Buffer {
  const packet = Buffer.allocUnsafe(12 + secretKey.length);
  packet.writeUInt32BE(packet.length, 0);
  packet.writeUInt32BE(CANCEL_REQUEST, 4);
  packet.writeUInt32BE(processId, 8);
  packet.set(secretKey, 12);
  return packet;
}

export function encodeSslRequest(): Buffer {
  return requestPacket(SSL_REQUEST);
}

export function encodeGssencRequest(): Buffer {
  return requestPacket(GSSENC_REQUEST);
}

function requestPacket(code: number): Buffer {
  const packet = Buffer.allocUnsafe(8);
  packet.writeUInt32BE(8, 0);
  packet.writeUInt32BE(code, 4);
  return packet;
}
