import { FreshetError, SqlState } from "@freshet/base";
import type {
  Answer,
  CacheFront,
  CommandColumn,
  CommandRunner,
  DescribedStatement,
  Miss,
  PreparedRoute,
} from "../session/front-ports.ts";

/** What a front knows without any caches. */
type Inspecting = Pick<CacheFront, "prepare" | "candidate" | "epoch">;

/** A statement that may have changed the schema came back, or one that ended a transaction. */
export type SchemaNews = "schema" | "transaction";

export function isSchemaNews(value: unknown): value is SchemaNews {
  return value === "schema" || value === "transaction";
}

/**
 * The caching side where the caches belong to another process: everything goes upstream, and whoever has the caches is
 * told of what may have changed the schema.
 */
export class AwayFront implements CacheFront {
  readonly #inspecting: Inspecting;
  readonly #tell: (news: SchemaNews) => void;

  constructor(inspecting: Inspecting, tell: (news: SchemaNews) => void) {
    this.#inspecting = inspecting;
    this.#tell = tell;
  }

  get epoch(): number {
    return this.#inspecting.epoch;
  }

  prepare(text: string): PreparedRoute {
    return this.#inspecting.prepare(text);
  }

  candidate(route: PreparedRoute): Miss | null {
    const miss = this.#inspecting.candidate(route);
    return miss === null || miss.cache !== null ? this.#miss(miss?.cache ?? null) : miss;
  }

  describe(): DescribedStatement | null {
    return null;
  }

  execute(): Answer | Miss {
    return this.#miss(null);
  }

  kept(): null {
    return null;
  }

  points(): null {
    return null;
  }

  forwarded(route: PreparedRoute, _miss: Miss, _elapsedMs: number, succeeded: boolean): void {
    if (route.info.changesSchema && succeeded) this.#tell("schema");
    else if (route.info.kind === "transaction") this.#tell("transaction");
  }

  #miss(cache: string | null): Miss {
    return { kind: "miss", reason: "replication_down", detail: "another process has the caches now", cache };
  }
}

/** The commands of sessions whose process has the caches no more. */
export class AwayCommands implements CommandRunner {
  readonly #columns: CommandRunner["columns"];

  constructor(columns: CommandRunner["columns"]) {
    this.#columns = columns;
  }

  columns(...command: Parameters<CommandRunner["columns"]>): readonly CommandColumn[] {
    return this.#columns(...command);
  }

  run(): Promise<never> {
    return Promise.reject(
      new FreshetError(SqlState.cannotConnectNow, "another process has the caches now", {
        hint: "Freshet is being restarted: connect again.",
      }),
    );
  }
}
