import { textRows } from "../harness/raw-client.ts";
import type { RawClient, Reply } from "../harness/raw-client.ts";
import type { AskMode, OracleCache, OracleQuery, ParameterValues } from "./oracle-case.ts";
import type { RankedRows } from "./compare.ts";
import { boundText, literalText } from "./query-text.ts";
import { succeeded } from "../harness/raw-client.ts";

/** Binary forms of parameter values, as PostgreSQL itself makes them. */
export class BinaryValues {
  readonly #known = new Map<string, Buffer>();

  async of(direct: RawClient, type: string, value: string | null): Promise<Buffer | null> {
    if (value === null) return null;
    const key = `${type} ${value}`;
    let bytes = this.#known.get(key);
    if (bytes === undefined) {
      const reply = await direct.extended({
        text: `SELECT $1::${type}`,
        values: [value],
        formats: [0],
        resultFormats: [1],
      });
      bytes = succeeded(reply).rows[0]?.[0] ?? Buffer.alloc(0);
      this.#known.set(key, bytes);
    }
    return bytes;
  }
}

/** The binary form of a value of a type. */
export type ValueBytes = (type: string, value: string | null) => Promise<Buffer | null>;

/** Asks `client` the cache's query in one of the ways that the protocol has. */
export async function ask(
  client: RawClient,
  cache: OracleCache,
  mode: AskMode,
  values: ParameterValues,
  binary: ValueBytes,
): Promise<Reply> {
  const { query } = cache;
  if (mode.protocol === "simple") return client.simple(literalText(query, values));
  const statement = mode.named ? { statement: `${cache.name}_${mode.bound ? "bound" : "literal"}` } : {};
  if (!mode.bound) {
    if (mode.named) await client.closeStatement(statement.statement ?? "");
    return client.extended({
      text: literalText(query, values),
      values: [],
      formats: [],
      resultFormats: mode.resultFormats,
      ...statement,
    });
  }
  const { text, values: sent, types } = boundText(query, values);
  const hasLists = query.parameters.some(({ form }) => form === "list");
  // The text of an IN list changes with its length.
  if (mode.named && hasLists) await client.closeStatement(statement.statement ?? "");
  const bytes: (Buffer | string | null)[] = [];
  for (const [index, value] of sent.entries())
    bytes.push(mode.binaryValues ? await binary(types[index] ?? "", value) : value);
  return client.extended({
    text,
    values: bytes,
    formats: [mode.binaryValues ? 1 : 0],
    resultFormats: mode.resultFormats,
    ...statement,
  });
}

/** The rows of an ordered query without LIMIT and OFFSET, with their ranks. */
export async function askRanked(
  direct: RawClient,
  query: OracleQuery,
  values: ParameterValues,
  resultFormats: readonly number[],
): Promise<RankedRows> {
  const { text, values: sent } = boundText(query, values, "core");
  const names = Array.from({ length: query.columns }, (_, index) => `c${index + 1}`).join(", ");
  const order = query.order.join(", ");
  const reply = await direct.extended({
    text: `SELECT dense_rank() OVER (ORDER BY ${order}), q.* FROM (${text}) AS q(${names})`,
    values: sent,
    formats: [0],
    resultFormats: [0, ...Array.from({ length: query.columns }, (_, index) => formatOf(resultFormats, index))],
  });
  const { rows } = succeeded(reply);
  return { rows: rows.map((row) => row.slice(1)), ranks: rows.map(([rank]) => Number(rank?.toString())) };
}

function formatOf(formats: readonly number[], column: number): number {
  return formats.length === 1 ? (formats[0] ?? 0) : (formats[column] ?? 0);
}

export interface LastStatement {
  readonly destination: string;
  readonly reason: string;
  readonly cache: string | null;
  readonly lsn: string | null;
}

/** Where the session's last statement was answered. */
export async function lastStatement(proxied: RawClient): Promise<LastStatement> {
  const [row = []] = textRows(await proxied.simple("EXPLAIN LAST STATEMENT"));
  return { destination: row[0] ?? "", reason: row[1] ?? "", cache: row[2] ?? null, lsn: row[3] ?? null };
}
