import { HEADER_BYTES } from "./message-types.ts";

/** One message: type byte, length word, body. */
export function frame(type: number, ...parts: readonly Uint8Array[]): Buffer {
  let size = HEADER_BYTES;
  for (const part of parts) size += part.length;
  const message = Buffer.allocUnsafe(size);
  message[0] = type;
  message.writeUInt32BE(size - 1, 1);
  let at = HEADER_BYTES;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}
