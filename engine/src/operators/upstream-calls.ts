import { assert, must } from "@freshet/base";
import { type CallOutcome, decodeOutcome, encodeOutcome, type UpstreamCallRequest } from "@freshet/contract";
import type { UpstreamCall, UpstreamCallsPlan } from "@freshet/sql";
import type { ReadTransaction, WriteTransaction } from "@freshet/store";
import { type ColumnType, packRow, type Row } from "@freshet/values";
import { DeltaBatch } from "../delta/delta-batch.ts";
import { EvaluationError } from "../expression/evaluation-error.ts";
import { RowView } from "../expression/row-view.ts";
import { digest } from "../state/multiset.ts";
import type { Tally } from "../state/tally.ts";
import { compileBytes, type BytesReader, type CompileContext, requireCodec } from "./evaluate.ts";
import type { Enumeration, Operator } from "./operator.ts";

export type UpstreamCallsSpec = Pick<UpstreamCallsPlan, "calls" | "role" | "searchPath">;

/** Longer lists of arguments are known by their digest. */
const MAX_PLAIN_BYTES = 700;
const PLAIN = 0;
const DIGEST = 1;
const COUNT_BYTES = 6;

/**
 * The remembered outcomes of calls, in one arrangement:
 *   number of the call, tag, list of arguments or its SHA-256 -> uint48 rows that need it, outcome
 * A list is what PostgreSQL is given, byte for byte: equal values that look different are different lists.
 */
interface Remembered {
  readonly rows: number;
  readonly outcome: CallOutcome;
}

/** A list of arguments that rows of a batch have. */
interface WantedList {
  readonly key: Buffer;
  readonly list: Row;
  /** Rows that the batch adds less those that it takes away. */
  weight: number;
}

interface CompiledCall {
  readonly request: Omit<UpstreamCallRequest, "lists">;
  readonly args: readonly BytesReader[];
}

/**
 * Puts the results of calls that PostgreSQL makes behind each row. Outcomes are kept for as long as a row needs them; a batch
 * asks at once for those that are not known. An argument that fails makes the call fail. Costs one look-up for each
 * row and call, whatever the size of the state, and one round trip for the lists that are new.
 */
export class UpstreamCallsOperator implements Operator {
  readonly repeats = false;
  readonly #calls: readonly CompiledCall[];
  readonly #make: NonNullable<CompileContext["upstreamCalls"]> | null;
  readonly #columns: number;
  readonly #arrangement: number;
  readonly #view = new RowView();

  constructor(
    { calls, role, searchPath }: UpstreamCallsSpec,
    columns: readonly ColumnType[],
    arrangement: number,
    context: CompileContext,
  ) {
    this.#calls = calls.map((call) => ({
      request: { parts: call.parts, argumentTypes: call.args.map((arg) => arg.type.typeOid), role, searchPath },
      args: readers(call, columns, context),
    }));
    this.#make = context.upstreamCalls ?? null;
    this.#columns = columns.length;
    this.#arrangement = arrangement;
  }

  apply(transaction: WriteTransaction, inputs: readonly DeltaBatch[], tally: Tally): DeltaBatch {
    const batch = inputs[0] as DeltaBatch;
    batch.forEach((_row, weight) => {
      tally.rows += weight;
    });
    const outcomes = this.#calls.map((call, number) => this.#outcomes(transaction, batch, call, number, tally));
    const output = new DeltaBatch();
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      output.push(
        this.#extended(row, (number, key) => must(must(outcomes[number]).get(nameOf(key)))),
        weight,
      );
    });
    return output;
  }

  *enumerate(reads: ReadTransaction, inputs: readonly (() => Enumeration)[]): Enumeration {
    for (const batch of (inputs[0] as () => Enumeration)()) {
      const output = new DeltaBatch();
      batch.forEach((row, weight) => {
        this.#view.set(row, this.#columns);
        output.push(
          this.#extended(row, (_number, key) => this.#remembered(reads, key)),
          weight,
        );
      });
      yield output;
    }
  }

  /** The outcomes of one call for all rows of a batch, and brings what is remembered to the state behind it. */
  #outcomes(
    transaction: WriteTransaction,
    batch: DeltaBatch,
    call: CompiledCall,
    number: number,
    tally: Tally,
  ): ReadonlyMap<string, CallOutcome> {
    const wanted = this.#wantedLists(batch, call, number);
    const known = new Map<string, Remembered>();
    const unknown: [string, WantedList][] = [];
    for (const [name, item] of wanted) {
      const stored = transaction.get(this.#arrangement, item.key);
      if (stored === undefined) unknown.push([name, item]);
      else known.set(name, { rows: stored.readUIntBE(0, COUNT_BYTES), outcome: copied(stored) });
    }
    if (unknown.length > 0) {
      const made = this.#ask(
        call,
        unknown.map(([, { list }]) => list),
      );
      unknown.forEach(([name], index) => known.set(name, { rows: 0, outcome: must(made[index]) }));
    }
    for (const [name, { key, weight }] of wanted)
      this.#remember(transaction, key, must(known.get(name)), weight, tally);
    return new Map(Array.from(known, ([name, { outcome }]) => [name, outcome]));
  }

  #wantedLists(batch: DeltaBatch, call: CompiledCall, number: number): Map<string, WantedList> {
    const wanted = new Map<string, WantedList>();
    batch.forEach((row, weight) => {
      this.#view.set(row, this.#columns);
      const list = this.#list(call);
      if (!Buffer.isBuffer(list)) return;
      const key = keyOf(number, list);
      const name = nameOf(key);
      const known = wanted.get(name);
      if (known === undefined) wanted.set(name, { key, list, weight });
      else known.weight += weight;
    });
    return wanted;
  }

  #ask({ request }: CompiledCall, lists: readonly Row[]): readonly CallOutcome[] {
    // A plain error ends the work and leaves the state as it was: nothing is wrong with the node.
    if (this.#make === null) throw new Error("there is no connection for calls that PostgreSQL makes");
    const outcomes = this.#make({ ...request, lists });
    assert(outcomes.length === lists.length, "each call has an outcome");
    return outcomes;
  }

  #remember(
    transaction: WriteTransaction,
    key: Buffer,
    { rows, outcome }: Remembered,
    weight: number,
    tally: Tally,
  ): void {
    const now = rows + weight;
    assert(now >= 0, "a call is needed by less than no rows");
    if (now === rows) return;
    const encoded = encodeOutcome(outcome);
    const bytes = key.length + COUNT_BYTES + encoded.length;
    if (now === 0) {
      transaction.remove(this.#arrangement, key);
      tally.bytes -= bytes;
      return;
    }
    const value = Buffer.allocUnsafe(COUNT_BYTES + encoded.length);
    value.writeUIntBE(now, 0, COUNT_BYTES);
    value.set(encoded, COUNT_BYTES);
    transaction.put(this.#arrangement, key, value);
    if (rows === 0) tally.bytes += bytes;
  }

  #remembered(reads: ReadTransaction, key: Buffer): CallOutcome {
    return copied(must(reads.get(this.#arrangement, key), "the outcome of a call is not remembered"));
  }

  /** The row in the view, with value and failure of each call. */
  #extended(row: Row, outcomeOf: (number: number, key: Buffer) => CallOutcome): Row {
    const values = this.#calls.flatMap((call, number): (Buffer | null)[] => {
      const list = this.#list(call);
      const outcome = Buffer.isBuffer(list) ? outcomeOf(number, keyOf(number, list)) : list;
      return "failure" in outcome ? [null, Buffer.from(outcome.failure, "latin1")] : [outcome.value, null];
    });
    return Buffer.concat([row, packRow(values)]);
  }

  /** The arguments of the row in the view, or why they have none. */
  #list({ args }: CompiledCall): Row | { readonly failure: string } {
    try {
      return packRow(args.map((read) => read(this.#view)));
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return { failure: error.code };
    }
  }
}

function readers(call: UpstreamCall, columns: readonly ColumnType[], context: CompileContext): readonly BytesReader[] {
  requireCodec(context, call.type);
  return call.args.map((arg) => compileBytes(arg, columns, context));
}

function keyOf(number: number, list: Row): Buffer {
  const long = list.length > MAX_PLAIN_BYTES;
  const head = Buffer.from([number >> 8, number & 0xff, long ? DIGEST : PLAIN]);
  return Buffer.concat([head, long ? digest(list) : list]);
}

function nameOf(key: Buffer): string {
  return key.toString("latin1");
}

/** What the store shows may be gone with the transaction. */
function copied(stored: Buffer): CallOutcome {
  return decodeOutcome(Buffer.from(stored.subarray(COUNT_BYTES)));
}
