import { Backoff, type Logger, SqlState, assert, errorMessage, sleep } from "@freshet/base";
import type { CallOutcome, UpstreamCallRequest, UpstreamCaller } from "@freshet/contract";
import type { Row } from "@freshet/values";
import type { CallConnection, StatementOutcome } from "./call-connection.ts";

export interface CallClientOptions {
  readonly open: () => Promise<Pick<CallConnection, "run" | "usable" | "close">>;
  /** Calls of one statement. */
  readonly batch: number;
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
  readonly clock: () => number;
  readonly logger: Logger;
}

/** What a statement's parameters and result columns allow, and its text stays short. */
const MAX_PARAMETERS = 32_000;
/** Bytes of arguments in one statement, unless one list has more. */
const MAX_STATEMENT_BYTES = 4 << 20;

/** So many calls of one request may be too slow by themselves; the others that are left are not tried any more. */
const MAX_SLOW_CALLS = 3;

/** The upstream's own trouble, which is over some time: it says nothing of the call. */
const PASSING = /^(?:08|53|57P|40|25006$|55P03$)/;

/** Makes the engine's calls upstream, one statement after the other. */
export class CallClient implements UpstreamCaller {
  readonly #options: CallClientOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #connection: Pick<CallConnection, "run" | "usable" | "close"> | null = null;
  calls = 0;
  failures = 0;
  statements = 0;
  seconds = 0;

  constructor(options: CallClientOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.reconnect);
  }

  async call(request: UpstreamCallRequest): Promise<readonly CallOutcome[]> {
    const started = this.#options.clock();
    const run = new RequestRun(request, this.#options.batch, (lists) => this.#statement({ ...request, lists }));
    const outcomes = await run.outcomes();
    this.seconds += (this.#options.clock() - started) / 1000;
    this.calls += outcomes.length;
    for (const outcome of outcomes) if ("failure" in outcome) this.failures++;
    return outcomes;
  }

  /** What is being asked, and whatever is asked later, is rejected. */
  stop(): void {
    this.#stopping.abort(new Error("Freshet is shutting down"));
    this.#connection?.close();
  }

  /** One statement's outcome, however often the upstream goes away meanwhile. */
  async #statement(request: UpstreamCallRequest): Promise<StatementOutcome> {
    for (;;) {
      this.#stopping.signal.throwIfAborted();
      try {
        if (this.#connection?.usable !== true) this.#connection = await this.#options.open();
        const outcome = await this.#connection.run(request);
        this.statements++;
        if (!("failure" in outcome) || !PASSING.test(outcome.failure)) {
          this.#backoff.reset();
          return outcome;
        }
        this.#options.logger.warn({ sqlState: outcome.failure }, "functions cannot be evaluated upstream now");
      } catch (thrown) {
        this.#stopping.signal.throwIfAborted();
        this.#options.logger.warn({ error: errorMessage(thrown) }, "no connection to evaluate functions upstream");
      }
      await sleep(this.#backoff.nextDelay(), this.#stopping.signal);
    }
  }
}

/** The statements of one request. */
class RequestRun {
  readonly #request: UpstreamCallRequest;
  readonly #batch: number;
  readonly #statement: (lists: readonly Row[]) => Promise<StatementOutcome>;
  #slow = 0;

  constructor(
    request: UpstreamCallRequest,
    batch: number,
    statement: (lists: readonly Row[]) => Promise<StatementOutcome>,
  ) {
    this.#request = request;
    const { length } = request.argumentTypes;
    this.#batch = Math.max(1, Math.min(batch, Math.floor(MAX_PARAMETERS / Math.max(1, length))));
    this.#statement = statement;
  }

  async outcomes(): Promise<readonly CallOutcome[]> {
    const outcomes: CallOutcome[] = [];
    const { lists } = this.#request;
    while (outcomes.length < lists.length) outcomes.push(...(await this.#many(this.#next(outcomes.length))));
    return outcomes;
  }

  #next(from: number): readonly Row[] {
    const { lists } = this.#request;
    let bytes = 0;
    let to = from;
    while (to < lists.length && to - from < this.#batch) {
      bytes += lists[to]?.length ?? 0;
      if (to > from && bytes > MAX_STATEMENT_BYTES) break;
      to++;
    }
    return lists.slice(from, to);
  }

  /** A list that fails must fail alone: the others are tried by halves, after a time-out one by one. */
  async #many(lists: readonly Row[]): Promise<readonly CallOutcome[]> {
    if (this.#slow >= MAX_SLOW_CALLS) return lists.map(() => ({ failure: SqlState.queryCanceled }));
    const outcome = await this.#statement(lists);
    if ("values" in outcome) {
      assert(outcome.values.length === lists.length, "a statement has a result for each call");
      return outcome.values.map((value) => ({ value }));
    }
    const isSlow = outcome.failure === SqlState.queryCanceled;
    if (lists.length === 1) {
      if (isSlow) this.#slow++;
      return [{ failure: outcome.failure }];
    }
    const size = isSlow ? 1 : Math.ceil(lists.length / 2);
    const outcomes: CallOutcome[] = [];
    for (let from = 0; from < lists.length; from += size)
      outcomes.push(...(await this.#many(lists.slice(from, from + size))));
    return outcomes;
  }
}
