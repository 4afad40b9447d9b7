import { BackendType, FrontendType } from "../message-types.ts";
import { MessageScanner } from "./message-scanner.ts";

/** PostgreSQL's limit on any message (MaxAllocSize). */
export const MAX_MESSAGE_LENGTH = 0x3fffffff;
/** A client's message up to this size is looked into; a larger one is streamed through. */
export const INSPECTED_BYTES: number = 1 << 20;
/** Enough for the names at the beginning of Parse and Bind. */
const PREFIX_BYTES = 8192;

/** For what a client sends: everything but CopyData comes whole, unless it is very large. */
export function frontendScanner(): MessageScanner {
  return new MessageScanner({
    maxLength: MAX_MESSAGE_LENGTH,
    isWhole: (type, bytes) => type !== FrontendType.copyData && bytes <= INSPECTED_BYTES,
    prefixBytes: PREFIX_BYTES,
  });
}

/** Rows up to this size are put together where chunks cut them. */
const SMALL_ROW_BYTES = 16_384;

/** For what a server sends: large rows and copied data come in pieces, everything else whole. */
export function backendScanner(): MessageScanner {
  return new MessageScanner({
    maxLength: MAX_MESSAGE_LENGTH,
    isWhole: (type, bytes) =>
      bytes <= (type === BackendType.dataRow || type === BackendType.copyData ? SMALL_ROW_BYTES : INSPECTED_BYTES),
    prefixBytes: 5,
  });
}

/** For what a client sends during login: small messages only. */
export function loginScanner(): MessageScanner {
  return new MessageScanner({ maxLength: INSPECTED_BYTES, isWhole: () => true, prefixBytes: PREFIX_BYTES });
}
