import type { withClient } from "@freshet/postgres";
import { expect } from "vitest";
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

/** Text, binary form and input of every value agree with PostgreSQL's. */
export function expectSameForms(codec: Codec, values: readonly OracleValue[], settings: TextSettings): void {
  for (const { input, text, bytes } of values) {
    const label = `${codec.name} ${JSON.stringify(input)} ${bytes.toString("hex")}`;
    expect(codec.isValid(bytes), `${label} is valid`).toBe(true);
    expect(codec.toText(bytes, settings)?.toString("utf8"), `${label} as text`).toBe(text);
    expect(codec.encode(codec.decode(bytes)).toString("hex"), `${label} decoded`).toBe(bytes.toString("hex"));
    const understood = codec.fromText(input, settings);
    if (understood !== undefined) expect(understood.toString("hex"), `${label} read`).toBe(bytes.toString("hex"));
  }
}

/** PostgreSQL's own output is always understood as input. */
export function expectReadsOutput(codec: Codec, values: readonly OracleValue[], settings: TextSettings): void {
  for (const { text, bytes } of values) {
    expect(codec.fromText(text, settings)?.toString("hex"), `${codec.name} ${text}`).toBe(bytes.toString("hex"));
  }
}

/** Keys are equal where PostgreSQL's `=` is true, in its order where there is one, and prefix-free. */
export function expectSameKeys(codec: Codec, values: readonly OracleValue[]): void {
  const keyed = values.map((value) => ({ ...value, key: keyOf(codec, value.bytes) }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  const rankOfKey = new Map<string, number>();
  const seenRanks = new Set<number>();
  keyed.forEach((value, index) => {
    const hex = value.key.toString("hex");
    const label = `${codec.name} ${value.text} key ${hex}`;
    const known = rankOfKey.get(hex);
    if (known !== undefined) {
      expect(value.rank, `${label} is equal`).toBe(known);
      return;
    }
    expect(seenRanks.has(value.rank), `${label} is another value`).toBe(false);
    rankOfKey.set(hex, value.rank);
    seenRanks.add(value.rank);
    const before = keyed[index - 1];
    if (before === undefined) return;
    expect(value.key.subarray(0, before.key.length).equals(before.key), `${label} has a prefix`).toBe(false);
    if (codec.ordered) expect(value.rank, `${label} follows ${before.text}`).toBeGreaterThan(before.rank);
  });
}
