import process from "node:process";
import { assert, must } from "@freshet/base";
import { loadParser } from "@freshet/sql";
import { DEFAULT_TEXT_SETTINGS, type TextSettings } from "@freshet/values";
import { BIND_COMPLETE, HEADER_BYTES, encodeBind, readyForQuery, selectComplete } from "@freshet/wire";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { ViewFront } from "../front/cache-front.ts";
import type { Keep, PointReads, PreparedRoute, SessionFacts } from "../session/front-ports.ts";
import { INT_TABLE_FACTS, INT_TABLE_TEXT, IntTable } from "../testing/int-table.ts";
import { intValue } from "../testing/int-view.ts";

const numRuns = 30 * Number(process.env["FC_RUNS_MULTIPLIER"] ?? 1);
const KEYS = 3;

beforeAll(() => loadParser());

/** A front that keeps answers beside one that does not. */
class Twins {
  readonly #table: IntTable;
  readonly #kept: ViewFront;
  readonly #plain: ViewFront;
  readonly #route: PreparedRoute;
  readonly #points = new Map<TextSettings, PointReads>();
  served = 0;

  constructor(table: IntTable, maxBytes: number) {
    this.#table = table;
    this.#kept = table.front(maxBytes);
    this.#plain = table.front(0);
    this.#route = this.#kept.prepare(INT_TABLE_TEXT);
  }

  /** Privileges are asked for with the first statement. */
  async warmUp(): Promise<void> {
    for (const front of [this.#kept, this.#plain])
      await front.execute(this.#route, INT_TABLE_FACTS, 0n, this.#table.bind(0), []);
  }

  /** The kept answer, or else the one that is made; and the one of the other front, and of the rows themselves. */
  ask(key: number, formats: readonly number[], text: TextSettings): void {
    this.#table.time += 1;
    const facts = { ...INT_TABLE_FACTS, text };
    const expected = this.#execute(this.#plain, key, formats, facts, null);
    const question = `${key} ${formats.join()}`;
    const questions = must(this.#kept.kept(INT_TABLE_TEXT, facts, []));
    const hit = questions.find(question, this.#table.lsn);
    if (hit !== null) this.served++;
    const answer = hit?.bytes ?? this.#execute(this.#kept, key, formats, facts, { questions, key: question });
    expect(Buffer.from(answer, "latin1").toString("hex")).toBe(Buffer.from(expected, "latin1").toString("hex"));
    const count = this.#table.rowsAt(this.#table.lsn, key).length;
    expect(answer.endsWith(`SELECT ${count}\0${readyForQuery("I").toString("latin1")}`)).toBe(true);
    if (hit !== null) expect(hit.lsn).toBe(this.#table.lsn);
    const keep = hit === null ? { questions, key: question } : null;
    expect(this.#lookUp(key, formats, facts, keep)).toBe(Buffer.from(expected, "latin1").toString("hex"));
  }

  /** The same on the short way, of a session that has been there all the time. */
  #lookUp(key: number, formats: readonly number[], facts: SessionFacts, keep: Keep | null): string {
    const { text } = facts;
    const points = this.#points.get(text) ?? must(this.#kept.points(this.#route, facts, []));
    this.#points.set(text, points);
    const isBinary = key % 2 === 0;
    const values = [isBinary ? intValue(key) : Buffer.from(String(key))];
    const bind = encodeBind({ values, formats: isBinary ? [1] : [], resultFormats: formats });
    const { lsn } = this.#table;
    const hit = points.answer(bind, HEADER_BYTES + 2, bind.length, true, lsn, keep);
    assert(hit !== null, "a key's rows in one list are read on the short way");
    expect(hit.lsn).toBe(lsn);
    return hit.bytes.take().toString("hex");
  }

  #execute(
    front: ViewFront,
    key: number,
    formats: readonly number[],
    facts: SessionFacts,
    keep: Parameters<ViewFront["execute"]>[5],
  ): string {
    const answer = front.execute(this.#route, facts, this.#table.lsn, this.#table.bind(key), formats, keep);
    assert(!(answer instanceof Promise) && answer.kind === "hit", "every question is answered from the view");
    const rows = answer.rowCount === 0 ? [] : [answer.dataRows(formats, 0, answer.rowCount)];
    const parts = [BIND_COMPLETE, answer.rowDescription(formats), ...rows, selectComplete(answer.rowCount)];
    return Buffer.concat([...parts, readyForQuery("I")]).toString("latin1");
  }
}

const key = fc.nat(KEYS - 1);
const change = fc.tuple(fc.nat(12), fc.option(key, { nil: null }));
const step = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      ask: key,
      formats: fc.constantFrom([], [1]),
      other: fc.nat(5).map((number) => number === 0),
    }),
  },
  { weight: 4, arbitrary: fc.record({ commit: fc.array(change, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.constant({ commit: "all" as const }) },
  { weight: 1, arbitrary: fc.constant("restart" as const) },
  { weight: 1, arbitrary: fc.constant("recreate" as const) },
);

test("what is kept is what would be read, whatever is committed", async () => {
  let served = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 120, size: "max" }),
      fc.constantFrom(80_000, 1 << 20),
      async (steps, maxBytes) => {
        const table = new IntTable();
        try {
          await table.start();
          const twins = new Twins(table, maxBytes);
          await twins.warmUp();
          for (const one of steps) {
            if (one === "restart") await table.restart();
            else if (one === "recreate") {
              await table.recreate();
              await twins.warmUp();
            } else if ("commit" in one) await table.commit(one.commit);
            else twins.ask(one.ask, one.formats, one.other ? OTHER_TEXT : DEFAULT_TEXT_SETTINGS);
          }
          served += twins.served;
        } finally {
          table.end();
        }
      },
    ),
    { numRuns },
  );
  expect(served).toBeGreaterThan(numRuns);
});

const OTHER_TEXT: TextSettings = { ...DEFAULT_TEXT_SETTINGS, extraFloatDigits: 0 };
