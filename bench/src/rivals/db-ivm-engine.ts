import { loadThirdParty } from "../third-party.ts";
import { byValue, type DataflowOperators, dataflowPipeline, type Operator, type Stream } from "./dataflow-pipelines.ts";
import { LineMultiset, type RivalEngine } from "./engine.ts";
import type { Dim, Fact, FactChange, RivalQuery } from "./workload.ts";

interface Lines {
  getInner(): readonly (readonly [string, number])[];
}

interface Input extends Stream {
  sendData(data: object): void;
}

interface DbIvm extends DataflowOperators {
  readonly D2: new () => { newInput(): Input; finalize(): void; run(): void };
  readonly MultiSet: new (data: readonly (readonly [unknown, number])[]) => object;
  join(other: Stream, type: "inner"): Operator;
  topKWithFractionalIndex(compare: (a: Fact, b: Fact) => number, options: { readonly limit: number }): Operator;
  output(receive: (lines: Lines) => void): Operator;
}

/** TanStack's @tanstack/db-ivm: differential dataflow in memory, without versions. */
export async function openDbIvm(): Promise<RivalEngine | string> {
  const library = await loadThirdParty<DbIvm>("db-ivm");
  return typeof library === "string" ? library : new DbIvmEngine(library);
}

interface Running {
  readonly facts: Input;
  readonly result: LineMultiset;
  readonly run: () => void;
}

class DbIvmEngine implements RivalEngine {
  readonly #library: DbIvm;
  #running: Running | null = null;

  constructor(library: DbIvm) {
    this.#library = library;
  }

  async build(query: RivalQuery, facts: readonly Fact[], dims: readonly Dim[]): Promise<void> {
    const library = this.#library;
    const { D2, MultiSet, map } = library;
    const graph = new D2();
    const [factInput, dimInput] = [graph.newInput(), graph.newInput()];
    const dialect = {
      join: (left: Stream, right: Stream): Stream => left.pipe(library.join(right, "inner")),
      topTen: (input: Stream): Stream =>
        input.pipe(
          map((fact: Fact) => [fact[0], fact]),
          library.topKWithFractionalIndex(byValue, { limit: 10 }),
          map(([, [fact]]: readonly [number, readonly [Fact, string]]) => `${fact[0]}|${fact[2]}`),
        ),
    };
    const result = new LineMultiset();
    const take = library.output((lines) => {
      for (const [line, weight] of lines.getInner()) result.add(line, weight);
    });
    dataflowPipeline(query, library, dialect, factInput, dimInput).pipe(take);
    graph.finalize();
    dimInput.sendData(new MultiSet(dims.map((dim) => [[dim[0], dim], 1])));
    factInput.sendData(new MultiSet(facts.map((fact) => [fact, 1])));
    graph.run();
    this.#running = { facts: factInput, result, run: () => graph.run() };
  }

  async apply(changes: readonly FactChange[]): Promise<void> {
    const { facts, run } = this.#query();
    const data = changes.flatMap((change) => [[change.old, -1] as const, [change.new, 1] as const]);
    facts.sendData(new this.#library.MultiSet(data));
    run();
  }

  async result(): Promise<readonly string[]> {
    return this.#query().result.lines();
  }

  async drop(): Promise<void> {
    this.#running = null;
  }

  forgetTables(): Promise<void> {
    return this.drop();
  }

  close(): Promise<void> {
    return this.drop();
  }

  #query(): Running {
    if (this.#running === null) throw new Error("there is no query");
    return this.#running;
  }
}
