import type { TableTouch } from "@freshet/contract";
import { type Pin, valueKey } from "./row-guard.ts";

/** Answers by the value that one column has in all rows that matter for them. */
interface PinnedColumn<A> {
  readonly column: string;
  readonly typeOid: number;
  readonly byKey: Map<string, Set<A>>;
}

/** The answers that read one table, so that a change of some rows finds those that it may concern without looking at all. */
export class TableAnswers<A> {
  readonly #unpinned = new Set<A>();
  readonly #columns = new Map<string, PinnedColumn<A>>();

  get empty(): boolean {
    return this.#unpinned.size === 0 && this.#columns.size === 0;
  }

  add(answer: A, pin: Pin | null): void {
    if (pin === null) {
      this.#unpinned.add(answer);
      return;
    }
    const name = columnName(pin);
    let pinned = this.#columns.get(name);
    if (pinned === undefined) {
      pinned = { column: pin.column, typeOid: pin.typeOid, byKey: new Map() };
      this.#columns.set(name, pinned);
    }
    for (const key of pin.keys) {
      const text = key.toString("latin1");
      const answers = pinned.byKey.get(text);
      if (answers === undefined) pinned.byKey.set(text, new Set([answer]));
      else answers.add(answer);
    }
  }

  delete(answer: A, pin: Pin | null): void {
    if (pin === null) {
      this.#unpinned.delete(answer);
      return;
    }
    const name = columnName(pin);
    const pinned = this.#columns.get(name);
    for (const key of pin.keys) {
      const text = key.toString("latin1");
      const answers = pinned?.byKey.get(text);
      answers?.delete(answer);
      if (answers?.size === 0) pinned?.byKey.delete(text);
    }
    if (pinned?.byKey.size === 0) this.#columns.delete(name);
  }

  /** Those that the change may concern; linear in the rows that it tells, and in what it finds. */
  candidates(touch: TableTouch): ReadonlySet<A> {
    if (this.#columns.size === 0) return this.#unpinned;
    const found = new Set(this.#unpinned);
    for (const pinned of this.#columns.values()) addPinned(pinned, touch, found);
    return found;
  }
}

function columnName({ column, typeOid }: Pin): string {
  return `${typeOid} ${column}`;
}

function addPinned<A>({ column, typeOid, byKey }: PinnedColumn<A>, touch: TableTouch, found: Set<A>): void {
  const position = touch.columns.indexOf(column);
  for (const row of touch.rows ?? [[]]) {
    const value = row[position];
    if (value === null) continue;
    if (value === undefined) {
      for (const answers of byKey.values()) for (const answer of answers) found.add(answer);
      return;
    }
    for (const answer of byKey.get(valueKey(typeOid, value).toString("latin1")) ?? []) found.add(answer);
  }
}
