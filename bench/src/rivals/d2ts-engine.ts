import { loadThirdParty } from "../third-party.ts";
import { byValue, type DataflowOperators, dataflowPipeline, type Operator, type Stream } from "./dataflow-pipelines.ts";
import { LineMultiset, type RivalEngine } from "./engine.ts";
import type { Dim, Fact, FactChange, RivalQuery } from "./workload.ts";

interface LinesMessage {
  readonly type: number;
  readonly data: { readonly collection: { getInner(): readonly (readonly [string, number])[] } };
}

interface Input extends Stream {
  sendData(version: number, data: object): void;
  sendFrontier(version: number): void;
}

interface D2ts extends DataflowOperators {
  readonly D2: new (options: { readonly initialFrontier: number }) => {
    newInput(): Input;
    finalize(): void;
    run(): void;
  };
  readonly MultiSet: new (data: readonly (readonly [unknown, number])[]) => object;
  readonly MessageType: { readonly DATA: number };
  innerJoin(other: Stream): Operator;
  topK(compare: (a: Fact, b: Fact) => number, options: { readonly limit: number }): Operator;
  output(receive: (message: LinesMessage) => void): Operator;
}

/** ElectricSQL's @electric-sql/d2ts: differential dataflow in memory; each commit is a version. */
export async function openD2ts(): Promise<RivalEngine | string> {
  const library = await loadThirdParty<D2ts>("d2ts");
  return typeof library === "string" ? library : new D2tsEngine(library);
}

interface Running {
  readonly facts: Input;
  readonly dims: Input;
  readonly result: LineMultiset;
  readonly run: () => void;
}

class D2tsEngine implements RivalEngine {
  readonly #library: D2ts;
  #running: Running | null = null;
  #version = 0;

  constructor(library: D2ts) {
    this.#library = library;
  }

  async build(query: RivalQuery, facts: readonly Fact[], dims: readonly Dim[]): Promise<void> {
    const library = this.#library;
    const { D2, MessageType, MultiSet, map } = library;
    this.#version = 0;
    const graph = new D2({ initialFrontier: 0 });
    const [factInput, dimInput] = [graph.newInput(), graph.newInput()];
    const dialect = {
      join: (left: Stream, right: Stream): Stream => left.pipe(library.innerJoin(right)),
      topTen: (input: Stream): Stream =>
        input.pipe(
          map((fact: Fact) => [0, fact]),
          library.topK(byValue, { limit: 10 }),
          map(([, fact]: readonly [number, Fact]) => `${fact[0]}|${fact[2]}`),
        ),
    };
    const result = new LineMultiset();
    const take = library.output((message) => {
      if (message.type !== MessageType.DATA) return;
      for (const [line, weight] of message.data.collection.getInner()) result.add(line, weight);
    });
    dataflowPipeline(query, library, dialect, factInput, dimInput).pipe(take);
    graph.finalize();
    this.#running = { facts: factInput, dims: dimInput, result, run: () => graph.run() };
    dimInput.sendData(0, new MultiSet(dims.map((dim) => [[dim[0], dim], 1])));
    this.#send(facts.map((fact) => [fact, 1]));
  }

  async apply(changes: readonly FactChange[]): Promise<void> {
    this.#send(changes.flatMap((change) => [[change.old, -1] as const, [change.new, 1] as const]));
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

  #send(data: readonly (readonly [Fact, number])[]): void {
    const { facts, dims, run } = this.#query();
    facts.sendData(this.#version, new this.#library.MultiSet(data));
    this.#version++;
    for (const input of [facts, dims]) input.sendFrontier(this.#version);
    run();
  }

  #query(): Running {
    if (this.#running === null) throw new Error("there is no query");
    return this.#running;
  }
}
