import process from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import { loadParser } from "@freshet/sql";
import { decodeDataRow } from "@freshet/wire";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { ViewFront } from "../front/cache-front.ts";
import type { Answer, Miss, PreparedRoute } from "../session/front-ports.ts";
import { INT_TABLE_FACTS, INT_TABLE_TEXT, IntTable } from "../testing/int-table.ts";

const numRuns = 30 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);
const KEYS = 3;

beforeAll(() => loadParser());

/** A front to which every answer that has rows is a large one. */
class LargeAnswers {
  readonly #table: IntTable;
  readonly #front: ViewFront;
  readonly #route: PreparedRoute;
  readonly #open: Promise<void>[] = [];
  /** Answers that were sent again. */
  served = 0;

  constructor(table: IntTable, keptBytes: number) {
    this.#table = table;
    this.#front = table.front(keptBytes, 0);
    this.#route = this.#front.prepare(INT_TABLE_TEXT);
  }

  /** Begins to ask; what comes is checked when it comes. */
  ask(key: number, format: 0 | 1): void {
    this.#table.time += 1;
    const { lsn } = this.#table;
    const asked = this.#front.execute(this.#route, INT_TABLE_FACTS, lsn, this.#table.bind(key), [format]);
    if (asked instanceof Promise) this.#open.push(asked.then((answer) => this.#check(answer, key, format, lsn)));
    else {
      if (asked.kind === "hit" && asked.rowCount > 0) this.served++;
      this.#check(asked, key, format, lsn);
    }
  }

  async finish(): Promise<void> {
    await Promise.all(this.#open.splice(0));
  }

  /** The answer is the table's rows as of its LSN, which is not before what had been committed when it was asked for. */
  #check(answer: Answer | Miss, key: number, format: 0 | 1, since: bigint): void {
    if (answer.kind === "miss") {
      // The cache was made anew meanwhile.
      expect(["cache_building", "no_cache"]).toContain(answer.reason);
      return;
    }
    expect(answer.lsn).toBeGreaterThanOrEqual(since);
    const pieces = answer.pieces?.(0, answer.rowCount) ?? [answer.dataRows([format], 0, answer.rowCount)];
    const rows = dataRows(Buffer.concat([...pieces])).map((row) => row.map((value) => number(value, format)));
    expect(rows).toEqual(this.#table.rowsAt(answer.lsn, key).map((c0) => [c0, key]));
  }
}

function dataRows(bytes: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    rows.push(decodeDataRow(bytes, at, end));
    at = end;
  }
  return rows;
}

function number(value: Buffer | null, format: 0 | 1): number {
  if (value === null) return Number.NaN;
  return format === 1 ? value.readInt32BE(0) : Number(value.toString("latin1"));
}

const key = fc.nat(KEYS - 1);
const change = fc.tuple(fc.nat(12), fc.option(key, { nil: null }));
const step = fc.oneof(
  { weight: 24, arbitrary: fc.record({ ask: key, format: fc.constantFrom(0 as const, 1 as const) }) },
  { weight: 8, arbitrary: fc.constant("turn" as const) },
  { weight: 4, arbitrary: fc.record({ commit: fc.array(change, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.constant({ commit: "all" as const }) },
  { weight: 1, arbitrary: fc.constant("restart" as const) },
  { weight: 1, arbitrary: fc.constant("recreate" as const) },
);

test("a large answer that is sent again is that of its LSN, whatever is committed while others are read", async () => {
  let served = 0;
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 120, size: "max" }),
    fc.constantFrom(100, 1 << 20),
    async (steps, keptBytes) => {
      const table = new IntTable();
      try {
        await table.start();
        await table.commit(Array.from({ length: 13 }, (_none, c0) => [c0, c0 % KEYS] as const));
        const answers = new LargeAnswers(table, keptBytes);
        for (const one of steps) {
          if (one === "turn") await turn();
          else if (one === "restart") await table.restart();
          else if (one === "recreate") await table.recreate();
          else if ("commit" in one) await table.commit(one.commit);
          else answers.ask(one.ask, one.format);
        }
        await answers.finish();
        served += answers.served;
      } finally {
        table.end();
      }
    },
  );
  await fc.assert(property, { numRuns });
  expect(served).toBeGreaterThan(numRuns);
});
