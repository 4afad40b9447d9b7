import { must } from "@freshet/base";
import type { QueryPlan } from "@freshet/sql";
import { type CodecSet, type Row, locateColumns } from "@freshet/values";
import type { ParameterValues } from "./parameters.ts";

/** Compiles a plan's conditions at read time; what it returns throws a FreshetError for a row on which one fails. */
export type CompileRead = (
  query: QueryPlan,
  codecs: CodecSet,
) => (parameters: readonly (Buffer | null)[]) => (row: Row) => boolean;

/** Which of the view's rows are in an answer, and what is shown of them. */
export class ReadFilter {
  readonly #meets: ReturnType<CompileRead>;
  readonly #isList: readonly boolean[];
  readonly #visible: number;
  readonly #stored: number;
  readonly #offsets: Int32Array;

  constructor(query: QueryPlan, codecs: CodecSet, compile: CompileRead) {
    this.#meets = compile(query, codecs);
    this.#isList = query.parameters.map(({ list }) => list);
    this.#visible = query.result.length;
    this.#stored = must(query.read).stored;
    this.#offsets = new Int32Array(this.#stored + 1);
  }

  /** The visible part of rows that meet the conditions; undefined for others. */
  bind(parameters: ParameterValues): (row: Row) => Row | undefined {
    // Lists are keys, which conditions at read time do not name.
    const meets = this.#meets(this.#isList.map((list, index) => (list ? null : (parameters[index]?.[0] ?? null))));
    return (row) => (meets(row) ? this.#shown(row) : undefined);
  }

  #shown(row: Row): Row {
    if (this.#stored === this.#visible) return row;
    locateColumns(row, this.#stored, this.#offsets);
    return row.subarray(0, this.#offsets[this.#visible]);
  }
}
