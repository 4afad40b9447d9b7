import type { ExpandPlan, RowSource } from "@freshet/sql";
import type { ReadTransaction } from "@freshet/store";
import { type ColumnType, packRow, type Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError, EvaluationState } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { compileSetFunction } from "../expression/set-functions/compile-set-function.ts";
import type { Tally } from "../state/tally.ts";
import { ENUMERATED_ROWS } from "./arrange.ts";
import { compileBytes, type CompileContext, compilePredicate } from "./evaluate.ts";
import type { Enumeration } from "./operator.ts";
import { StatelessOperator } from "./stateless.ts";

export type ExpandSpec = Pick<ExpandPlan, "sources" | "ordinality" | "residual" | "outer">;

type Values = readonly (Buffer | null)[];

/** More rows than this of one row are taken for a failure: they would all have to be held at once. */
const MAX_MADE_ROWS = 1_000_000;

interface CompiledSource {
  readonly rows: (view: RowView) => Iterable<Values>;
  /** What stands for it when it has run out. */
  readonly missing: Values;
}

function compileSource(source: RowSource, columns: readonly ColumnType[], context: CompileContext): CompiledSource {
  const missing = source.columns.map(() => null);
  if (source.kind === "rows") {
    const rows = source.rows.map((row) => row.map((expression) => compileBytes(expression, columns, context)));
    return { rows: (view) => rows.map((readers) => readers.map((read) => read(view))), missing };
  }
  const readers = source.args.map((arg) => compileBytes(arg, columns, context));
  const call = compileSetFunction(source, context.codecs);
  return {
    rows: (view) => {
      const args = readers.map((read) => read(view));
      return source.strict && args.includes(null) ? [] : call(args);
    },
    missing,
  };
}

/**
 * Each row once for each row that its sources make, side by side. A row on which a source fails counts as an error and
 * makes none; so does, by itself, a made row on which the residual fails.
 */
export class ExpandOperator extends StatelessOperator {
  readonly repeats = true;
  readonly #sources: readonly CompiledSource[];
  readonly #ordinality: boolean;
  readonly #outer: boolean;
  readonly #residual: ((row: RowView) => boolean) | null;
  readonly #columns: number;
  readonly #padding: Row;
  readonly #view = new RowView();
  readonly #madeView = new RowView();

  constructor(spec: ExpandSpec, columns: readonly ColumnType[], context: CompileContext) {
    super();
    this.#sources = spec.sources.map((source) => compileSource(source, columns, context));
    this.#ordinality = spec.ordinality;
    this.#outer = spec.outer;
    const made = spec.sources.flatMap((source) => source.columns);
    const ordinality: readonly ColumnType[] = spec.ordinality ? [{ typeOid: 20, typmod: -1, collation: 0 }] : [];
    const output = [...columns, ...made, ...ordinality];
    this.#residual = spec.residual === null ? null : compilePredicate(spec.residual, output, context);
    this.#columns = columns.length;
    this.#padding = packRow([...made, ...ordinality].map(() => null));
  }

  protected transform(batch: DeltaBatch, tally: Tally): DeltaBatch {
    const output = new DeltaBatch();
    batch.forEach((row, weight) => {
      const rows = this.#attempt(() => this.#make(row));
      if (rows === undefined) {
        tally.errors += weight;
        return;
      }
      let kept = 0;
      for (const made of rows) {
        const keep = this.#attempt(() => this.#keeps(made));
        if (keep === undefined) tally.errors += weight;
        else if (keep) {
          output.push(made, weight);
          kept++;
        }
      }
      if (kept === 0 && this.#outer) output.push(Buffer.concat([row, this.#padding]), weight);
    });
    return output;
  }

  override *enumerate(reads: ReadTransaction, inputs: readonly (() => Enumeration)[], tally: Tally): Enumeration {
    for (const made of super.enumerate(reads, inputs, tally)) {
      for (let from = 0; from < made.length; from += ENUMERATED_ROWS) {
        const part = new DeltaBatch();
        for (let index = from; index < Math.min(made.length, from + ENUMERATED_ROWS); index++)
          part.push(made.rows[index] as Row, made.weights[index] as number);
        yield part;
      }
    }
  }

  #make(row: Row): Row[] {
    this.#view.set(row, this.#columns);
    const lists = this.#sources.map((source) => source.rows(this.#view)[Symbol.iterator]());
    const rows: Row[] = [];
    for (;;) {
      const next = lists.map((list) => list.next());
      if (next.every(({ done }) => done === true)) return rows;
      if (rows.length === MAX_MADE_ROWS)
        throw new EvaluationError(EvaluationState.programLimitExceeded, "one row makes too many rows", true);
      const values = next.flatMap((result, at): Values => {
        return result.done === true ? (this.#sources[at] as CompiledSource).missing : result.value;
      });
      const made = packRow(this.#ordinality ? [...values, ordinal(rows.length + 1)] : values);
      rows.push(Buffer.concat([row, made]));
    }
  }

  #keeps(made: Row): boolean {
    if (this.#residual === null) return true;
    this.#madeView.set(made, this.#columns + this.#madeColumns);
    return this.#residual(this.#madeView);
  }

  get #madeColumns(): number {
    return this.#padding.length / 4;
  }

  #attempt<T>(body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return undefined;
    }
  }
}

function ordinal(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(number));
  return bytes;
}
