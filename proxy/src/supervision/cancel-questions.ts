import type { Member } from "./member.ts";
import type { CancelQuestion } from "./messages.ts";

interface Open {
  readonly asking: Member;
  readonly id: number;
  /** Who has not answered yet. */
  readonly asked: Set<Member>;
}

/** Cancel requests that came to one process and are looked for in the others. */
export class CancelQuestions {
  readonly #open = new Map<number, Open>();
  #lastId = 0;

  ask(asking: Member, { id, processId, secretKey }: CancelQuestion, others: readonly Member[]): void {
    if (others.length === 0) {
      asking.send({ kind: "cancelled", id, found: false });
      return;
    }
    const own = ++this.#lastId;
    this.#open.set(own, { asking, id, asked: new Set(others) });
    for (const other of others) other.send({ kind: "cancel", id: own, processId, secretKey });
  }

  answered(by: Member, id: number, found: boolean): void {
    const open = this.#open.get(id);
    if (open?.asked.delete(by) !== true) return;
    if (!found && open.asked.size > 0) return;
    this.#open.delete(id);
    open.asking.send({ kind: "cancelled", id: open.id, found });
  }

  /** A process that is gone has the key no more. */
  gone(member: Member): void {
    for (const [id, open] of this.#open) {
      if (open.asking === member) this.#open.delete(id);
      else this.answered(member, id, false);
    }
  }
}
