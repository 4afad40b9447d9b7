import { writeArray } from "./codecs/array-wire.ts";
import { writeNetwork } from "./codecs/network.ts";
import { jsonbToWire } from "./internal-jsonb.ts";
import { jsonpathToWire } from "./internal-jsonpath.ts";
import { numericToWire, type Varlena, varlenaBody } from "./internal-varlena.ts";
import { writeMultirange } from "./codecs/multirange.ts";
import { writeRange } from "./codecs/range-wire.ts";
import { BUILTIN_TYPES, OBJECT_NAME_OIDS, Oid } from "./oids.ts";

/** `pg_type.typbyval` and `typlen`, as a Const node carries them. */
export interface DatumLayout {
  readonly byVal: boolean;
  readonly len: number;
}

const VARLENA = -1;
const DATUM_BYTES = 8;

/** How a type lies in memory: its length (-1: varlena) and the alignment of array elements. */
interface Storage {
  readonly len: number;
  readonly byVal: boolean;
  readonly align: 1 | 2 | 4 | 8;
  /** Send format of the type's own bytes (without varlena header). */
  readonly toWire: (bytes: Buffer) => Buffer | undefined;
}

/** Little-endian machine integers and floats to network order. */
function reversed(bytes: Buffer): Buffer {
  return Buffer.from(bytes).reverse();
}

function copied(bytes: Buffer): Buffer {
  return Buffer.from(bytes);
}

function untilZero(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end));
}

function fixed(len: 1 | 2 | 4 | 8): Storage {
  return { len, byVal: true, align: len, toWire: reversed };
}

/** Machine words of these widths, one behind the other, each to network order. */
function inWords(...widths: readonly number[]): Storage["toWire"] {
  return (bytes) => {
    const wire = Buffer.from(bytes);
    let at = 0;
    for (const width of widths) {
      wire.subarray(at, at + width).reverse();
      at += width;
    }
    return wire;
  };
}

/** int32 number of bits, then the bits. */
function bitsToWire(data: Buffer): Buffer | undefined {
  if (data.length < 4) return undefined;
  const wire = Buffer.from(data);
  wire.subarray(0, 4).reverse();
  return wire;
}

/** uint8 family, uint8 prefix length, then the address. */
function networkToWire(data: Buffer, isCidr: boolean): Buffer | undefined {
  const address = data.subarray(2);
  return address.length === 4 || address.length === 16 ? writeNetwork(isCidr, data[1] as number, address) : undefined;
}

const TEXT: Storage = { len: VARLENA, byVal: false, align: 4, toWire: copied };

const STORAGE: ReadonlyMap<number, Storage> = new Map<number, Storage>([
  [Oid.bool, fixed(1)],
  [Oid.char, fixed(1)],
  [Oid.int2, fixed(2)],
  [Oid.int4, fixed(4)],
  [Oid.oid, fixed(4)],
  [Oid.float4, fixed(4)],
  [Oid.date, fixed(4)],
  [Oid.int8, fixed(8)],
  [Oid.float8, fixed(8)],
  [Oid.timestamp, fixed(8)],
  [Oid.timestamptz, fixed(8)],
  [Oid.text, TEXT],
  [Oid.varchar, TEXT],
  [Oid.bpchar, TEXT],
  [Oid.json, TEXT],
  [Oid.bytea, TEXT],
  [Oid.jsonb, { ...TEXT, toWire: jsonbToWire }],
  [Oid.jsonpath, { ...TEXT, toWire: jsonpathToWire }],
  [Oid.numeric, { ...TEXT, toWire: numericToWire }],
  [Oid.name, { len: 64, byVal: false, align: 1, toWire: untilZero }],
  [Oid.uuid, { len: 16, byVal: false, align: 1, toWire: copied }],
  [Oid.time, fixed(8)],
  [Oid.money, fixed(8)],
  [Oid.xid8, fixed(8)],
  [Oid.pg_lsn, fixed(8)],
  [Oid.xid, fixed(4)],
  [Oid.cid, fixed(4)],
  ...OBJECT_NAME_OIDS.map((oid) => [oid, fixed(4)] as const),
  [Oid.tid, { len: 6, byVal: false, align: 2, toWire: inWords(2, 2, 2) }],
  [Oid.interval, { len: 16, byVal: false, align: 8, toWire: inWords(8, 4, 4) }],
  [Oid.timetz, { len: 12, byVal: false, align: 8, toWire: inWords(8, 4) }],
  [Oid.macaddr, { len: 6, byVal: false, align: 4, toWire: copied }],
  [Oid.macaddr8, { len: 8, byVal: false, align: 4, toWire: copied }],
  [Oid.bit, { ...TEXT, toWire: bitsToWire }],
  [Oid.varbit, { ...TEXT, toWire: bitsToWire }],
  [Oid.inet, { ...TEXT, toWire: (data) => networkToWire(data, false) }],
  [Oid.cidr, { ...TEXT, toWire: (data) => networkToWire(data, true) }],
]);

/** How values of a built-in scalar type lie in memory; undefined for other types. */
export function storageOf(typeOid: number): Storage | undefined {
  return STORAGE.get(typeOid);
}

function partsOfKind(kind: "array" | "range" | "multirange"): ReadonlyMap<number, number> {
  const types = BUILTIN_TYPES.filter((type) => type.kind === kind);
  return new Map(
    types.flatMap(({ oid, elementOid }) => (elementOid === undefined ? [] : [[oid, elementOid] as const])),
  );
}

const ARRAY_ELEMENTS: ReadonlyMap<number, number> = partsOfKind("array");
const RANGE_SUBTYPES: ReadonlyMap<number, number> = partsOfKind("range");
const MULTIRANGE_RANGES: ReadonlyMap<number, number> = partsOfKind("multirange");

/**
 * The send format of a value in the server's memory layout, as Const nodes of analysed trees print it
 * (a 64-bit little-endian server). `bytes` is the Datum itself (8 bytes) for types passed by value, else
 * what it points at, with the varlena header. Undefined for types and forms that are not known here
 * (enums: their Datum is a catalog OID; composites: see internal-record.ts; compressed or external values).
 */
export function decodeInternalDatum(typeOid: number, bytes: Buffer, layout: DatumLayout): Buffer | undefined {
  const elementOid = ARRAY_ELEMENTS.get(typeOid);
  const subtypeOid = RANGE_SUBTYPES.get(typeOid);
  const rangeOid = MULTIRANGE_RANGES.get(typeOid);
  if (elementOid !== undefined || subtypeOid !== undefined || rangeOid !== undefined) {
    const body = layout.len === VARLENA && !layout.byVal ? varlenaBody(bytes) : undefined;
    if (body === undefined || body.length !== bytes.length) return undefined;
    if (elementOid !== undefined) return arrayToWire(body.data, elementOid);
    if (rangeOid !== undefined) return multirangeToWire(body.data, RANGE_SUBTYPES.get(rangeOid) ?? 0);
    return rangeToWire(body.data, subtypeOid ?? 0);
  }
  const storage = STORAGE.get(typeOid);
  if (storage === undefined || storage.byVal !== layout.byVal || storage.len !== layout.len) return undefined;
  if (storage.byVal) return bytes.length === DATUM_BYTES ? storage.toWire(bytes.subarray(0, storage.len)) : undefined;
  if (storage.len !== VARLENA) return bytes.length === storage.len ? storage.toWire(bytes) : undefined;
  const body = varlenaBody(bytes);
  return body === undefined || body.length !== bytes.length ? undefined : storage.toWire(body.data);
}

/** ArrayType behind its varlena header, which counts for offsets and alignment. */
const VARLENA_HEADER = 4;
const ARRAY_HEADER = 16;
const MAX_ALIGN = 8;

function alignUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** int32 ndim, int32 data offset (0: no NULLs), oid element; lengths; lower bounds; NULL bitmap; elements. */
function arrayToWire(data: Buffer, elementOid: number): Buffer | undefined {
  const storage = STORAGE.get(elementOid);
  const bytes = Buffer.concat([Buffer.alloc(VARLENA_HEADER), data]);
  if (storage === undefined || bytes.length < ARRAY_HEADER || bytes.readUInt32LE(12) !== elementOid) return undefined;
  const count = bytes.readInt32LE(4);
  const dataOffset = bytes.readInt32LE(8);
  if (count < 0 || count > 6 || bytes.length < ARRAY_HEADER + 8 * count) return undefined;
  const dimensions = Array.from({ length: count }, (_, index) => ({
    length: bytes.readInt32LE(ARRAY_HEADER + 4 * index),
    lowerBound: bytes.readInt32LE(ARRAY_HEADER + 4 * (count + index)),
  }));
  const total = count === 0 ? 0 : dimensions.reduce((product, { length }) => product * length, 1);
  const bitmap = dataOffset === 0 ? undefined : bytes.subarray(ARRAY_HEADER + 8 * count, dataOffset);
  if (bitmap !== undefined && bitmap.length * 8 < total) return undefined;
  const start = dataOffset === 0 ? alignUp(ARRAY_HEADER + 8 * count, MAX_ALIGN) : dataOffset;
  const read = readElements(bytes, start, total, storage, bitmap);
  return read === undefined ? undefined : writeArray(elementOid, { dimensions, elements: read.elements });
}

const RANGE_HEADER = 8;

/** RangeType: oid, the finite bounds, and at the end the flags, which are the send format's. */
function rangeToWire(data: Buffer, subtypeOid: number): Buffer | undefined {
  const storage = STORAGE.get(subtypeOid);
  const flags = data.at(-1);
  if (storage === undefined || flags === undefined || flags > 0x1f) return undefined;
  const bytes = Buffer.concat([Buffer.alloc(VARLENA_HEADER), data.subarray(0, -1)]);
  return readBounds(bytes, RANGE_HEADER, flags, storage)?.range;
}

/** The range whose finite bounds lie from `start` on, and where they end. */
function readBounds(
  bytes: Buffer,
  start: number,
  flags: number,
  storage: Storage,
): { readonly range: Buffer; readonly end: number } | undefined {
  const [isEmpty, noLower, noUpper] = [(flags & 1) !== 0, (flags & 8) !== 0, (flags & 16) !== 0];
  const count = isEmpty ? 0 : (noLower ? 0 : 1) + (noUpper ? 0 : 1);
  const read = readElements(bytes, start, count, storage, undefined);
  if (read === undefined) return undefined;
  const { elements, end } = read;
  if (isEmpty) return { range: writeRange(null), end };
  const lower = noLower ? null : (elements[0] ?? null);
  const upper = noUpper ? null : (elements.at(-1) ?? null);
  const range = writeRange({
    lower: { value: lower, inclusive: (flags & 2) !== 0 },
    upper: { value: upper, inclusive: (flags & 4) !== 0 },
  });
  return { range, end };
}

const MULTIRANGE_HEADER = 12;

/** MultirangeType: oid, number of ranges, where each but the first begins, the flags of each, and the bounds of each, aligned. */
function multirangeToWire(data: Buffer, subtypeOid: number): Buffer | undefined {
  const storage = STORAGE.get(subtypeOid);
  const bytes = Buffer.concat([Buffer.alloc(VARLENA_HEADER), data]);
  if (storage === undefined || bytes.length < MULTIRANGE_HEADER) return undefined;
  const count = bytes.readUInt32LE(8);
  const flagsAt = MULTIRANGE_HEADER + 4 * Math.max(0, count - 1);
  if (bytes.length < flagsAt + count) return undefined;
  const ranges: Buffer[] = [];
  let at = flagsAt + count;
  for (let index = 0; index < count; index++) {
    const read = readBounds(bytes, alignUp(at, storage.align), bytes[flagsAt + index] ?? 0, storage);
    if (read === undefined) return undefined;
    ranges.push(read.range);
    at = read.end;
  }
  return writeMultirange(ranges);
}

/** The values of one type, or `total` of them, that lie from `start` on, and where they end. */
export function readElements(
  bytes: Buffer,
  start: number,
  total: number,
  storage: Storage,
  bitmap: Buffer | undefined,
): { readonly elements: (Buffer | null)[]; readonly end: number } | undefined {
  const elements: (Buffer | null)[] = [];
  let at = start;
  for (let index = 0; index < total; index++) {
    if (bitmap !== undefined && ((bitmap[index >>> 3] ?? 0) & (1 << (index & 7))) === 0) {
      elements.push(null);
      continue;
    }
    // A byte that is not padding where a varlena may begin is a short header, which is not aligned.
    if (storage.len !== VARLENA || bytes[at] === 0) at = alignUp(at, storage.align);
    const element = storage.len === VARLENA ? varlenaBody(bytes.subarray(at)) : fixedBody(bytes, at, storage.len);
    const wire = element === undefined ? undefined : storage.toWire(element.data);
    if (element === undefined || wire === undefined) return undefined;
    elements.push(wire);
    at += element.length;
  }
  return { elements, end: at };
}

function fixedBody(bytes: Buffer, at: number, length: number): Varlena | undefined {
  return at + length > bytes.length ? undefined : { data: bytes.subarray(at, at + length), length };
}
