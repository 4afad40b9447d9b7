import { numericCodec } from "./codecs/numeric.ts";
import { jsonbCodec } from "./codecs/json.ts";
import { DEFAULT_TEXT_SETTINGS } from "./codec.ts";
import { numericToWire, varlenaBody } from "./internal-varlena.ts";

const COUNT_MASK = 0x0fff_ffff;
const SCALAR_FLAG = 0x1000_0000;
const OBJECT_FLAG = 0x2000_0000;
const ENTRY_TYPE_MASK = 0x7000_0000;
const HAS_OFFSET = 0x8000_0000;
const EntryType = {
  string: 0,
  numeric: 0x1000_0000,
  false: 0x2000_0000,
  true: 0x3000_0000,
  null: 0x4000_0000,
  container: 0x5000_0000,
} as const;
const ALIGNMENT = 4;

/** The send format of a jsonb value in the server's memory (JsonbContainer behind its varlena header). */
export function jsonbToWire(data: Buffer): Buffer | undefined {
  const text = containerText(data);
  return text === undefined ? undefined : jsonbCodec.encode(text);
}

/** A child's JEntry and its bytes, from which padding in front is cut. */
interface Child {
  readonly type: number;
  readonly bytes: Buffer;
}

/** A JEntry holds its child's length, or now and then the offset of its end, from the end of all entries on. */
function childrenOf(container: Buffer, count: number): readonly Child[] | undefined {
  const base = 4 + 4 * count;
  if (container.length < base) return undefined;
  const children: Child[] = [];
  let end = 0;
  for (let index = 0; index < count; index++) {
    const entry = container.readUInt32LE(4 + 4 * index);
    const start = end;
    const size = entry & COUNT_MASK;
    end = (entry & HAS_OFFSET) === 0 ? start + size : size;
    if (end < start || base + end > container.length) return undefined;
    const type = entry & ENTRY_TYPE_MASK;
    const isAligned = type === EntryType.numeric || type === EntryType.container;
    const from = isAligned ? Math.ceil(start / ALIGNMENT) * ALIGNMENT : start;
    children.push({ type, bytes: container.subarray(base + Math.min(from, end), base + end) });
  }
  return children;
}

function containerText(container: Buffer): string | undefined {
  if (container.length < 4) return undefined;
  const header = container.readUInt32LE(0);
  const count = header & COUNT_MASK;
  const isObject = (header & OBJECT_FLAG) !== 0;
  const texts = childrenOf(container, isObject ? 2 * count : count)?.map(childText);
  if (texts === undefined || texts.includes(undefined)) return undefined;
  if ((header & SCALAR_FLAG) !== 0) return texts[0];
  if (!isObject) return `[${texts.join(", ")}]`;
  const pairs = texts.slice(0, count).map((key, index) => `${key ?? ""}: ${texts[count + index] ?? ""}`);
  return `{${pairs.join(", ")}}`;
}

function childText({ type, bytes }: Child): string | undefined {
  switch (type) {
    case EntryType.string:
      return JSON.stringify(bytes.toString("utf8"));
    case EntryType.numeric: {
      const body = varlenaBody(bytes);
      const wire = body === undefined ? undefined : numericToWire(body.data);
      return wire === undefined ? undefined : numericCodec.toText(wire, DEFAULT_TEXT_SETTINGS)?.toString("latin1");
    }
    case EntryType.true:
      return "true";
    case EntryType.false:
      return "false";
    case EntryType.null:
      return "null";
    case EntryType.container:
      return containerText(bytes);
    default:
      return undefined;
  }
}
