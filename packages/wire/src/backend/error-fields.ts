import { FreshetError, SqlState, errorMessage } from "@freshet/base";
import { BodyReader } from "../body-reader.ts";
import { frame } from "../frame.ts";
import { BackendType, HEADER_BYTES } from "../message-types.ts";

/** Fields of an ErrorResponse or NoticeResponse by their one-letter code. */
export type ErrorFields = ReadonlyMap<string, string>;

export function decodeErrorFields(buffer: Buffer, start: number, end: number): ErrorFields {
  const reader = new BodyReader(buffer, start + HEADER_BYTES, end);
  const fields = new Map<string, string>();
  for (let code = reader.uint8(); code !== 0; code = reader.uint8())
    fields.set(String.fromCharCode(code), reader.cstring());
  reader.finish();
  return fields;
}

export function encodeErrorResponse(error: FreshetError, severity: "ERROR" | "FATAL" = "ERROR"): Buffer {
  const fields = new Map([
    ["S", severity],
    ["V", severity],
    ["C", error.code],
    ["M", error.message],
  ]);
  if (error.detail !== undefined) fields.set("D", error.detail);
  if (error.hint !== undefined) fields.set("H", error.hint);
  if (error.position !== undefined) fields.set("P", String(error.position));
  return frame(BackendType.errorResponse, fieldBytes(fields));
}

export function encodeNoticeResponse(
  message: string,
  detail?: string,
  severity: "NOTICE" | "WARNING" = "NOTICE",
): Buffer {
  const fields = new Map([
    ["S", severity],
    ["V", severity],
    ["C", severity === "NOTICE" ? "00000" : "01000"],
    ["M", message],
  ]);
  if (detail !== undefined) fields.set("D", detail);
  return frame(BackendType.noticeResponse, fieldBytes(fields));
}

/** What to show for anything that was thrown: a FreshetError as it is, all else as an internal error. */
export function toFreshetError(thrown: unknown): FreshetError {
  if (thrown instanceof FreshetError) return thrown;
  return new FreshetError(SqlState.internalError, errorMessage(thrown), { cause: thrown });
}

/** A zero byte would end a field early, so none is let through. */
function fieldBytes(fields: ErrorFields): Buffer {
  const text = [...fields].map(([code, value]) => `${code}${value.replaceAll("\0", "")}\0`).join("");
  return Buffer.from(`${text}\0`);
}
