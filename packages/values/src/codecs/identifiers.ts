import type { Codec } from "../codec.ts";
import { Oid } from "../oids.ts";
import { bytesCodec } from "./bytes-codec.ts";
import { oidCodec } from "./integer.ts";
import { ascii, trimBlanks } from "./support.ts";

const NUMBER = /^\d{1,20}$/;
const UINT64_END = 1n << 64n;

/**
 * An OID that is shown as the name of a catalog object, which depends on the search_path: only 0 is given as text. Equality and order are oid's.
 */
function objectName(oid: number, name: string): Codec {
  return {
    ...oidCodec,
    oid,
    name,
    toText: (bytes) => (bytes.readUInt32BE(0) === 0 ? ascii("-") : undefined),
    writeText(source, start, _end, out) {
      if (source.readUInt32BE(start) !== 0) return false;
      out.ascii("-");
      return true;
    },
    fromText: (text, settings) => (/^\d{1,10}$/.test(text) ? oidCodec.fromText(text, settings) : undefined),
  };
}

export const OBJECT_NAME_CODECS: readonly Codec[] = [
  objectName(Oid.regproc, "regproc"),
  objectName(Oid.regprocedure, "regprocedure"),
  objectName(Oid.regoper, "regoper"),
  objectName(Oid.regoperator, "regoperator"),
  objectName(Oid.regclass, "regclass"),
  objectName(Oid.regcollation, "regcollation"),
  objectName(Oid.regtype, "regtype"),
  objectName(Oid.regrole, "regrole"),
  objectName(Oid.regnamespace, "regnamespace"),
  objectName(Oid.regconfig, "regconfig"),
  objectName(Oid.regdictionary, "regdictionary"),
];

/** Transaction and command numbers wrap around: they are equal or not, but in no order. */
export const xidCodec: Codec = { ...oidCodec, oid: Oid.xid, name: "xid", ordered: false, fromText: plainNumber };
export const cidCodec: Codec = { ...oidCodec, oid: Oid.cid, name: "cid", ordered: false, fromText: plainNumber };

function plainNumber(text: string, settings: Parameters<Codec["fromText"]>[1]): Buffer | undefined {
  return /^\d{1,10}$/.test(text) ? oidCodec.fromText(text, settings) : undefined;
}

/** uint32 block, uint16 position. */
export const tidCodec: Codec = bytesCodec({
  oid: Oid.tid,
  name: "tid",
  isValid: (bytes) => bytes.length === 6,
  toText: (bytes) => ascii(`(${bytes.readUInt32BE(0)},${bytes.readUInt16BE(4)})`),
  fromText(text) {
    const match = /^\((\d{1,10}),(\d{1,5})\)$/.exec(text);
    if (match === null || Number(match[1]) > 0xffff_ffff || Number(match[2]) > 0xffff) return undefined;
    const bytes = Buffer.allocUnsafe(6);
    bytes.writeUInt32BE(Number(match[1]), 0);
    bytes.writeUInt16BE(Number(match[2]), 4);
    return bytes;
  },
  writeKey: (bytes, out) => out.bytes(bytes),
});

function unsigned64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(value, 0);
  return bytes;
}

export const xid8Codec: Codec = bytesCodec({
  oid: Oid.xid8,
  name: "xid8",
  isValid: (bytes) => bytes.length === 8,
  toText: (bytes) => ascii(bytes.readBigUInt64BE(0).toString()),
  fromText(text) {
    if (!NUMBER.test(text)) return undefined;
    const value = BigInt(text);
    return value < UINT64_END ? unsigned64(value) : undefined;
  },
  writeKey: (bytes, out) => out.bytes(bytes),
});

export const pgLsnCodec: Codec = bytesCodec({
  oid: Oid.pg_lsn,
  name: "pg_lsn",
  // Later versions pad the low word.
  textDependsOn: ["serverVersion"],
  isValid: (bytes) => bytes.length === 8,
  toText(bytes, settings) {
    if (settings.serverVersion >= 190_000) return undefined;
    const [high, low] = [bytes.readUInt32BE(0), bytes.readUInt32BE(4)];
    return ascii(`${high.toString(16)}/${low.toString(16)}`.toUpperCase());
  },
  fromText(text) {
    const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(trimBlanks(text) === text ? text : "");
    if (match === null) return undefined;
    return unsigned64((BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`));
  },
  writeKey: (bytes, out) => out.bytes(bytes),
});
