import { FrontendType, HEADER_BYTES } from "../message-types.ts";
import { frame } from "../frame.ts";

export function encodeQuery(text: string): Buffer {
  return frame(FrontendType.query, Buffer.from(`${text}\0`));
}

export function encodeParse(name: string, text: string, typeOids: readonly number[] = []): Buffer {
  const types = Buffer.alloc(2 + 4 * typeOids.length);
  types.writeUInt16BE(typeOids.length, 0);
  typeOids.forEach((oid, index) => types.writeUInt32BE(oid, 2 + 4 * index));
  return frame(FrontendType.parse, Buffer.from(`${name}\0`, "latin1"), Buffer.from(`${text}\0`), types);
}

export interface BindFields {
  readonly portal?: string;
  readonly statement?: string;
  readonly formats?: readonly number[];
  readonly values?: readonly (Buffer | string | null)[];
  readonly resultFormats?: readonly number[];
}

export function encodeBind(fields: BindFields): Buffer {
  const values = (fields.values ?? []).map((value) => {
    const length = Buffer.alloc(4);
    if (value === null) {
      length.writeInt32BE(-1, 0);
      return length;
    }
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    length.writeInt32BE(bytes.length, 0);
    return Buffer.concat([length, bytes]);
  });
  const names = Buffer.from(`${fields.portal ?? ""}\0${fields.statement ?? ""}\0`, "latin1");
  const count = encodeShorts([values.length]);
  return frame(
    FrontendType.bind,
    names,
    formatList(fields.formats),
    count,
    ...values,
    formatList(fields.resultFormats),
  );
}

export function encodeDescribe(target: "statement" | "portal", name: string): Buffer {
  return frame(FrontendType.describe, targetBody(target, name));
}

export function encodeClose(target: "statement" | "portal", name: string): Buffer {
  return frame(FrontendType.close, targetBody(target, name));
}

export function encodeExecute(portal: string, maxRows = 0): Buffer {
  const limit = Buffer.alloc(4);
  limit.writeInt32BE(maxRows, 0);
  return frame(FrontendType.execute, Buffer.from(`${portal}\0`, "latin1"), limit);
}

export function encodeSync(): Buffer {
  return frame(FrontendType.sync);
}

export function encodeFlush(): Buffer {
  return frame(FrontendType.flush);
}

export function encodeTerminate(): Buffer {
  return frame(FrontendType.terminate);
}

export function encodePassword(password: string): Buffer {
  return frame(FrontendType.password, Buffer.from(`${password}\0`));
}

export function encodeCopyData(data: Buffer): Buffer {
  const message = Buffer.allocUnsafe(HEADER_BYTES + data.length);
  message[0] = FrontendType.copyData;
  message.writeUInt32BE(4 + data.length, 1);
  message.set(data, HEADER_BYTES);
  return message;
}

export function encodeCopyDone(): Buffer {
  return frame(FrontendType.copyDone);
}

export function encodeCopyFail(reason: string): Buffer {
  return frame(FrontendType.copyFail, Buffer.from(`${reason}\0`));
}

function targetBody(target: "statement" | "portal", name: string): Buffer {
  return Buffer.from(`${target === "statement" ? "S" : "P"}${name}\0`, "latin1");
}

function formatList(formats: readonly number[] = []): Buffer {
  return encodeShorts([formats.length, ...formats]);
}

function encodeShorts(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16BE(value, 2 * index));
  return bytes;
}
