import type { SchemaNews } from "../front/away-front.ts";
import type { Family } from "./family.ts";
import { type Done, type Step, type ToProcess, type ToSupervisor, readForProcess } from "./messages.ts";

/** The messages between this process and its supervisor. */
export interface Channel {
  send(message: ToSupervisor): void;
  listen(receive: (message: unknown) => void): void;
}

/** What the supervisor, and the siblings through it, may ask of this process. */
export interface FamilyMember {
  step(step: Step): void;
  cancel(processId: number, secretKey: Buffer): Promise<boolean>;
  schemaNews(news: SchemaNews): void;
}

/** How long the siblings may take to look for a cancel key. */
const CANCEL_TIMEOUT_MS = 5000;

/** A supervised process's way to its siblings: everything goes by way of the supervisor. */
export class FamilyLink implements Family {
  readonly #channel: Channel;
  readonly #asked = new Map<number, (found: boolean) => void>();
  #lastId = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Begins to do what is asked of `member`. */
  join(member: FamilyMember): void {
    this.#channel.listen((raw) => {
      const message = readForProcess(raw);
      if (message !== null) this.#receive(message, member);
    });
    this.done("ready");
  }

  done(step: Done): void {
    this.#channel.send({ kind: "done", step });
  }

  cancel(processId: number, secretKey: Buffer): Promise<boolean> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#asked.get(id)?.(false), CANCEL_TIMEOUT_MS);
      this.#asked.set(id, (found) => {
        clearTimeout(timer);
        this.#asked.delete(id);
        resolve(found);
      });
      this.#channel.send({ kind: "cancel", id, processId, secretKey: secretKey.toString("hex") });
    });
  }

  schemaNews(news: SchemaNews): void {
    this.#channel.send({ kind: "schema", news });
  }

  #receive(message: ToProcess, member: FamilyMember): void {
    switch (message.kind) {
      case "step":
        member.step(message.step);
        return;
      case "cancelled":
        this.#asked.get(message.id)?.(message.found);
        return;
      case "schema":
        member.schemaNews(message.news);
        return;
      case "cancel": {
        const { id, processId, secretKey } = message;
        void member
          .cancel(processId, Buffer.from(secretKey, "hex"))
          .then((found) => this.#channel.send({ kind: "cancelled", id, found }));
      }
    }
  }
}
