import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { bytesCodec } from "./bytes-codec.ts";
import { ascii } from "./support.ts";

const HEADER = 4;

/** The bits as `0` and `1`. */
function bitText(bytes: Buffer): string {
  const length = bytes.readInt32BE(0);
  let text = "";
  for (let at = HEADER; at < bytes.length; at++) text += (bytes[at] as number).toString(2).padStart(8, "0");
  return text.slice(0, length);
}

/** The send format of a text of `0` and `1`. */
function bitsFromText(text: string): Buffer | undefined {
  if (!/^[01]*$/.test(text)) return undefined;
  const bytes = Buffer.alloc(HEADER + Math.ceil(text.length / 8));
  bytes.writeInt32BE(text.length, 0);
  for (let at = HEADER; at < bytes.length; at++) {
    const start = 8 * (at - HEADER);
    bytes[at] = Number.parseInt(text.slice(start, start + 8).padEnd(8, "0"), 2);
  }
  return bytes;
}

function isValid(bytes: Buffer): boolean {
  if (bytes.length < HEADER) return false;
  const length = bytes.readInt32BE(0);
  if (length < 0 || bytes.length !== HEADER + Math.ceil(length / 8)) return false;
  const unused = 8 * (bytes.length - HEADER) - length;
  return unused === 0 || ((bytes.at(-1) ?? 0) & ((1 << unused) - 1)) === 0;
}

/** int32 number of bits, then the bits; ordered by the bytes, of a common beginning the shorter first. */
function bitCodec(oid: number, name: string): Codec {
  return bytesCodec({
    oid,
    name,
    isValid,
    toText: (bytes) => ascii(bitText(bytes)),
    fromText: bitsFromText,
    writeKey(bytes, out) {
      out.escaped(bytes.subarray(HEADER));
      out.uint32(bytes.readInt32BE(0));
    },
  });
}

export const bitStringCodec: Codec = bitCodec(Oid.bit, "bit");
export const varbitCodec: Codec = bitCodec(Oid.varbit, "varbit");
