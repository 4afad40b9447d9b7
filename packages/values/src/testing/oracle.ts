import type { withClient } from "@freshet/postgres";
import type { Codec, TextSettings } from "../codec.ts";
import { KeyWriter } from "../key-writer.ts";

export type Client = Parameters<Parameters<typeof withClient<void>>[1]>[0];

/** How a type is called in SQL. */
export interface SqlType {
  readonly name: string;
  readonly send: string;
  /** ` COLLATE "C"` for collatable types. */
  readonly collate?: string;
  /** False for types without a btree operator class. */
  readonly sortable?: boolean;
}

/** What PostgreSQL says of one value. */
export interface OracleValue {
  readonly input: string;
  readonly text: string;
  readonly bytes: Buffer;
  /** Dense rank in the type's btree order: equal values share it. */
  readonly rank: number;
}

/** Reads each spelling as a value of the type. */
export async function askValues(client: Client, type: SqlType, inputs: readonly string[]): Promise<OracleValue[]> {
  const rank = type.sortable === false ? "0" : `dense_rank() OVER (ORDER BY v${type.collate ?? ""})::int`;
  const result = await client.query<{ text: string; bytes: Buffer; rank: number }>(
    `SELECT format('%s', v) AS text, ${type.send}(v) AS bytes, ${rank} AS rank
     FROM (SELECT s::${type.name} AS v, n FROM unnest($1::text[]) WITH ORDINALITY AS t(s, n)) AS x ORDER BY n`,
    [inputs],
  );
  return result.rows.map((row, index) => ({ input: inputs[index] ?? "", ...row }));
}

/** Whether PostgreSQL takes the spelling, and as what. */
export async function askSpelling(client: Client, type: SqlType, input: string): Promise<Buffer | undefined> {
  try {
    return (await askValues(client, type, [input]))[0]?.bytes;
  } catch (error) {
    if (error instanceof Error && "code" in error && /^(?:22|42)/.test(String(error.code))) return undefined;
    throw error;
  }
}

export function keyOf(codec: Codec, bytes: Buffer): Buffer {
  const out = new KeyWriter();
  codec.writeKey(bytes, out);
  return out.take();
}

function differs(label: string, actual: Buffer | undefined, expected: Buffer): string[] {
  if (actual?.equals(expected) === true) return [];
  return [`${label}: ${actual?.toString("hex") ?? "undefined"} instead of ${expected.toString("hex")}`];
}

/** Where text, binary form and input of a value are not PostgreSQL's. */
export function formDifferences(codec: Codec, values: readonly OracleValue[], settings: TextSettings): string[] {
  return values.flatMap(({ input, text, bytes }) => {
    const label = `${codec.name} ${JSON.stringify(input)} ${bytes.toString("hex")}`;
    const understood = codec.fromText(input, settings);
    return [
      ...(codec.isValid(bytes) ? [] : [`${label} is not valid`]),
      ...differs(`${label} as text`, codec.toText(bytes, settings), Buffer.from(text)),
      ...differs(`${label} decoded and encoded`, codec.encode(codec.decode(bytes)), bytes),
      ...(understood === undefined ? [] : differs(`${label} read`, understood, bytes)),
    ];
  });
}

/** Where PostgreSQL's own output is not understood as input. */
export function inputDifferences(codec: Codec, values: readonly OracleValue[], settings: TextSettings): string[] {
  return values.flatMap(({ text, bytes }) => differs(`${codec.name} ${text}`, codec.fromText(text, settings), bytes));
}

/**
 * Where keys are not equal exactly as PostgreSQL's `=` says, not in its order (if the codec claims one),
 * or one is the prefix of another; the same for inverted keys in descending order.
 */
export function keyDifferences(codec: Codec, values: readonly OracleValue[]): string[] {
  const keyed = values.map((value) => ({
    ...value,
    key: keyOf(codec, value.bytes),
    inverted: invertedKeyOf(codec, value.bytes),
  }));
  const differences: string[] = [];
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  const seenRanks = new Set<number>();
  keyed.forEach((value, index) => {
    const before = keyed[index - 1];
    const label = `${codec.name} ${value.text} (key ${value.key.toString("hex")}) behind ${before?.text ?? "nothing"}`;
    if (before !== undefined && before.key.equals(value.key)) {
      if (before.rank !== value.rank) differences.push(`${label}: equal keys of different values`);
      return;
    }
    if (seenRanks.has(value.rank)) differences.push(`${label}: another key of an equal value`);
    seenRanks.add(value.rank);
    if (before === undefined) return;
    if (value.key.subarray(0, before.key.length).equals(before.key)) differences.push(`${label}: has it as prefix`);
    if (codec.ordered && value.rank < before.rank) differences.push(`${label}: in another order`);
    if (Buffer.compare(before.inverted, value.inverted) <= 0) differences.push(`${label}: inverted keys ascend`);
  });
  return differences;
}

function invertedKeyOf(codec: Codec, bytes: Buffer): Buffer {
  const out = new KeyWriter();
  out.byte(0);
  codec.writeKey(bytes, out);
  out.invertFrom(1);
  return out.take();
}
