import { isUtf8 } from "node:buffer";
import { declined } from "../evaluation-error.ts";
import type { FunctionTable } from "./scalar-function.ts";

const BASE64_LINE = 76;
const BACKSLASH = 0x5c;

function encodeEscape(bytes: Buffer): string {
  let text = "";
  for (const byte of bytes) {
    if (byte === 0 || byte >= 0x80) text += `\\${byte.toString(8).padStart(3, "0")}`;
    else text += byte === BACKSLASH ? "\\\\" : String.fromCharCode(byte);
  }
  return text;
}

/** `encode(bytea, format)`. */
function encode(bytes: Buffer, format: string): string {
  switch (format.toLowerCase()) {
    case "hex":
      return bytes.toString("hex");
    case "base64":
      return bytes.toString("base64").replace(new RegExp(`.{${BASE64_LINE}}(?=.)`, "g"), "$&\n");
    case "escape":
      return encodeEscape(bytes);
    default:
      throw declined(`the encoding "${format}"`);
  }
}

const HEX = /^(?:[0-9a-f]{2})*$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const ESCAPED = /^(?:[^\\]|\\\\|\\[0-3][0-7]{2})*$/;

function decodeEscape(text: string): Buffer {
  const plain = Buffer.from(text, "utf8").toString("latin1");
  const decoded = plain.replace(/\\(?:\\|([0-3][0-7]{2}))/g, (_match, octal: string | undefined) => {
    return octal === undefined ? "\\" : String.fromCharCode(Number.parseInt(octal, 8));
  });
  return Buffer.from(decoded, "latin1");
}

/** `decode(text, format)` of well-formed text; the rest is PostgreSQL's to complain about. */
function decode(text: string, format: string): Buffer {
  const packed = text.replace(/[ \t\n\r]/g, "");
  switch (format.toLowerCase()) {
    case "hex":
      if (packed === text && HEX.test(text)) return Buffer.from(text, "hex");
      break;
    case "base64":
      if (BASE64.test(packed)) return Buffer.from(packed, "base64");
      break;
    case "escape":
      if (ESCAPED.test(text)) return decodeEscape(text);
      break;
  }
  throw declined(`decode() of this text as "${format}"`);
}

/** `convert_to` and `convert_from` name a character set; databases are in UTF8 here. */
function checkUtf8(name: string): void {
  if (name.toLowerCase().replace(/[^a-z0-9]/g, "") !== "utf8") throw declined(`the character set "${name}"`);
}

function convertFrom(bytes: Buffer, name: string): string {
  checkUtf8(name);
  if (bytes.includes(0) || !isUtf8(bytes)) throw declined("convert_from() of bytes that are not UTF8");
  return bytes.toString("utf8");
}

function convertTo(text: string, name: string): Buffer {
  checkUtf8(name);
  return Buffer.from(text, "utf8");
}

export const ENCODINGS: FunctionTable = {
  binary_encode: encode,
  binary_decode: decode,
  pg_convert_from: convertFrom,
  pg_convert_to: convertTo,
};
