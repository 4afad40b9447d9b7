import { loadThirdParty } from "../third-party.ts";
import { type RivalEngine, Unsupported } from "./engine.ts";
import { type Dim, type Fact, type FactChange, HALF_OF_VALUES, type RivalQuery } from "./workload.ts";

interface Row {
  readonly [column: string]: number;
}

type Change = readonly [type: 0, row: Row, extra: null] | readonly [type: 2, row: Row, old: Row];

interface Source {
  push(change: Change): Iterable<"yield">;
}

interface View {
  readonly data: readonly (Row & { readonly dims?: readonly Row[] })[];
  flush(): void;
}

interface Delegate {
  getSource(name: string): Source;
  createStorage(): object;
  decorateInput<T>(input: T): T;
  decorateFilterInput<T>(input: T): T;
  decorateSourceInput<T>(input: T): T;
  addEdge(): void;
}

interface Zql {
  readonly MemorySource: new (table: string, columns: object, primaryKey: readonly string[]) => Source;
  readonly MemoryStorage: new () => object;
  readonly ArrayView: new (input: object, format: object, complete: true, updateTtl: () => void) => View;
  readonly buildPipeline: (ast: object, delegate: Delegate, queryId: string) => object;
}

const ADD = 0;
const EDIT = 2;
const flat = { singular: false, relationships: {} };

/** Rocicorp's ZQL, the engine within @rocicorp/zero, with its sources and its view in memory. */
export async function openZql(): Promise<RivalEngine | string> {
  const library = await loadThirdParty<Zql>("zql");
  return typeof library === "string" ? library : new ZqlEngine(library);
}

interface Running {
  readonly facts: Source;
  readonly view: View;
  readonly line: (row: View["data"][number]) => readonly string[];
}

class ZqlEngine implements RivalEngine {
  readonly #library: Zql;
  #running: Running | null = null;

  constructor(library: Zql) {
    this.#library = library;
  }

  async build(query: RivalQuery, facts: readonly Fact[], dims: readonly Dim[]): Promise<void> {
    const { ast, format, line } = queryOf(query);
    const { MemorySource, MemoryStorage, ArrayView, buildPipeline } = this.#library;
    const number = { type: "number" };
    const factSource = new MemorySource("facts", { id: number, grp: number, val: number, dim: number }, ["id"]);
    const dimSource = new MemorySource("dims", { id: number, weight: number }, ["id"]);
    for (const [id, weight] of dims) push(dimSource, [ADD, { id, weight }, null]);
    for (const fact of facts) push(factSource, [ADD, rowOf(fact), null]);
    const input = buildPipeline(
      ast,
      {
        getSource: (name) => (name === "facts" ? factSource : dimSource),
        createStorage: () => new MemoryStorage(),
        decorateInput: (of) => of,
        decorateFilterInput: (of) => of,
        decorateSourceInput: (of) => of,
        addEdge: () => undefined,
      },
      query,
    );
    const view = new ArrayView(input, format, true, () => undefined);
    this.#running = { facts: factSource, view, line };
  }

  async apply(changes: readonly FactChange[]): Promise<void> {
    const { facts, view } = this.#query();
    for (const change of changes) push(facts, [EDIT, rowOf(change.new), rowOf(change.old)]);
    view.flush();
  }

  async result(): Promise<readonly string[]> {
    const { view, line } = this.#query();
    return view.data.flatMap(line);
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

/** Pulls the generator to its end: that is what makes the change. */
function push(source: Source, change: Change): void {
  const steps = source.push(change)[Symbol.iterator]();
  while (steps.next().done !== true);
}

function rowOf([id, grp, val, dim]: Fact): Row {
  return { id, grp, val, dim };
}

interface ZqlQuery {
  readonly ast: object;
  readonly format: object;
  readonly line: Running["line"];
}

function queryOf(query: RivalQuery): ZqlQuery {
  const line: Running["line"] = ({ id, val }) => [`${id}|${val}`];
  const byId = { table: "facts", orderBy: [["id", "asc"]] };
  switch (query) {
    case "filter": {
      const left = { type: "column", name: "val" };
      const where = { type: "simple", op: "<", left, right: { type: "literal", value: HALF_OF_VALUES } };
      return { ast: { ...byId, where }, format: flat, line };
    }
    case "join": {
      const subquery = { table: "dims", alias: "dims", orderBy: [["id", "asc"]] };
      const related = [{ correlation: { parentField: ["dim"], childField: ["id"] }, subquery }];
      return {
        ast: { ...byId, related },
        format: { singular: false, relationships: { dims: flat } },
        line: ({ id, val, dims = [] }) => dims.map(({ weight }) => `${id}|${val}|${weight}`),
      };
    }
    case "top 10": {
      const orderBy = [
        ["val", "asc"],
        ["id", "asc"],
      ];
      return { ast: { table: "facts", orderBy, limit: 10 }, format: flat, line };
    }
    default:
      throw new Unsupported("ZQL has no aggregates, window functions or DISTINCT");
  }
}
