import { now } from "@freshet/base";
import type { Connection } from "@freshet/postgres";
import type { OracleCase, OracleStep } from "./oracle-case.ts";
import type { OracleFailure } from "./oracle-failure.ts";
import { runCase } from "./run-case.ts";
import type { CaseResult } from "./run-case.ts";

export interface ShrunkCase {
  readonly oracleCase: OracleCase;
  readonly failure: OracleFailure;
}

const budgetMs = 180_000;

/** The smallest case with the same kind of failure that can be found in the time allowed. */
export async function shrink(server: Connection, oracleCase: OracleCase, result: CaseResult): Promise<ShrunkCase> {
  if (result.failure === undefined) throw new RangeError("only a case that fails can be made smaller");
  const shrinker = new Shrinker(server, { oracleCase, failure: result.failure });
  await shrinker.run(result.done);
  return shrinker.smallest;
}

class Shrinker {
  smallest: ShrunkCase;
  readonly #server: Connection;
  readonly #deadline = now() + budgetMs;

  constructor(server: Connection, failing: ShrunkCase) {
    this.#server = server;
    this.smallest = failing;
  }

  async run(done: number): Promise<void> {
    const { oracleCase, failure } = this.smallest;
    const steps = oracleCase.steps.slice(0, done);
    const last = steps.at(-1);
    await this.#try({ ...oracleCase, steps });
    if (failure.cache !== undefined) {
      const caches = oracleCase.caches.filter(({ name }) => name === failure.cache);
      await this.#try({ ...this.smallest.oracleCase, caches });
    }
    await this.#try(
      withSteps(
        this.smallest.oracleCase,
        steps.filter((step) => step === last || !isCheck(step)),
      ),
    );
    await this.#tryWithoutOtherTables();
    await this.#reduce(stepsOf, withSteps);
    await this.#reduceStatements();
    await this.#reduce(
      (small) => small.schema,
      (small, schema) => ({ ...small, schema }),
    );
  }

  /** Without the statements on tables that no cache reads, all at once. */
  async #tryWithoutOtherTables(): Promise<void> {
    const { oracleCase } = this.smallest;
    const read = new Set(oracleCase.caches.flatMap(({ query }) => tablesIn(query.core)));
    const isNeeded = (statement: string): boolean => {
      const [table] = tablesIn(statement);
      return table === undefined || read.has(table);
    };
    const steps = oracleCase.steps.map((step): OracleStep =>
      step.kind === "transaction" ? { ...step, statements: step.statements.filter(isNeeded) } : step,
    );
    await this.#try({ ...oracleCase, schema: oracleCase.schema.filter(isNeeded), steps });
  }

  /** Whether the case still fails in the same way; if so it is the smallest now. */
  async #try(oracleCase: OracleCase): Promise<boolean> {
    if (now() > this.#deadline) return false;
    const { failure } = await runCaseQuietly(this.#server, oracleCase);
    if (failure?.kind !== this.smallest.failure.kind) return false;
    this.smallest = { oracleCase, failure };
    return true;
  }

  /** Takes away runs of items, half of them first, then smaller ones, as long as the case still fails. */
  async #reduce<T>(
    read: (oracleCase: OracleCase) => readonly T[],
    write: (oracleCase: OracleCase, items: readonly T[]) => OracleCase,
  ): Promise<void> {
    for (let size = Math.ceil(read(this.smallest.oracleCase).length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let start = 0; start < read(this.smallest.oracleCase).length;) {
        const items = read(this.smallest.oracleCase);
        const fewer = [...items.slice(0, start), ...items.slice(start + size)];
        if (!(await this.#try(write(this.smallest.oracleCase, fewer)))) start += size;
        if (now() > this.#deadline) return;
      }
    }
  }

  async #reduceStatements(): Promise<void> {
    for (let index = 0; index < this.smallest.oracleCase.steps.length; index += 1) {
      const step = this.smallest.oracleCase.steps[index];
      if (step?.kind !== "transaction" || step.statements.length < 2) continue;
      await this.#reduce(
        (small) => statementsAt(small, index),
        (small, statements) => withSteps(small, small.steps.with(index, { kind: "transaction", statements })),
      );
    }
  }
}

function statementsAt(oracleCase: OracleCase, index: number): readonly string[] {
  const step = oracleCase.steps[index];
  return step?.kind === "transaction" ? step.statements : [];
}

/** Generated tables are called t1, t2, … */
function tablesIn(statement: string): string[] {
  return [...statement.matchAll(/\bt\d+\b/g)].map(([name]) => name);
}

function stepsOf(oracleCase: OracleCase): readonly OracleStep[] {
  return oracleCase.steps;
}

function withSteps(oracleCase: OracleCase, steps: readonly OracleStep[]): OracleCase {
  return { ...oracleCase, steps };
}

function isCheck(step: OracleStep): boolean {
  return step.kind === "check" || step.kind === "check write-back";
}

/** A schema that lost what others need makes no case. */
async function runCaseQuietly(server: Connection, oracleCase: OracleCase): Promise<Pick<CaseResult, "failure">> {
  try {
    return await runCase(server, oracleCase);
  } catch {
    return { failure: undefined };
  }
}
