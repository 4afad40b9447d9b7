import { FreshetError, SqlState } from "@freshet/base";
import type { AcceptedSocket, ClientSource, ListenWish } from "../listener/client-source.ts";
import type { SchemaNews } from "../front/away-front.ts";
import type { Family } from "./family.ts";
import {
  type Done,
  type ListenAnswer,
  type Step,
  type ToProcess,
  type ToSupervisor,
  readForProcess,
} from "./messages.ts";

/** The messages between this process and its supervisor. */
export interface Channel {
  send(message: ToSupervisor): void;
  /** `connection`: a client's, where the message gives one. */
  listen(receive: (message: unknown, connection: AcceptedSocket | null) => void): void;
}

/** What the supervisor, and the siblings through it, may ask of this process. */
export interface FamilyMember {
  step(step: Step): void;
  cancel(processId: number, secretKey: Buffer): Promise<boolean>;
  schemaNews(news: SchemaNews): void;
  accept(socket: AcceptedSocket, isUnix: boolean): void;
}

/** How long the siblings may take to look for a cancel key. */
const CANCEL_TIMEOUT_MS = 5000;

/** A supervised process's way to its siblings: everything goes by way of the supervisor. */
export class FamilyLink implements Family {
  readonly #channel: Channel;
  readonly clients: ClientSource | null;
  readonly #listening = new Map<number, (answer: ListenAnswer) => void>();
  readonly #asked = new Map<number, (found: boolean) => void>();
  #lastId = 0;

  /** `sharesClients`: the supervisor accepts them. */
  constructor(channel: Channel, sharesClients: boolean) {
    this.#channel = channel;
    this.clients = sharesClients
      ? { listen: (wish) => this.#listen(wish), left: () => channel.send({ kind: "left" }) }
      : null;
  }

  /** Begins to do what is asked of `member`. */
  join(member: FamilyMember): void {
    this.#channel.listen((raw, connection) => {
      const message = readForProcess(raw);
      if (message !== null) this.#receive(message, connection, member);
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

  #listen(wish: ListenWish): Promise<{ readonly host: string; readonly port: number }> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#listening.set(id, ({ failure, host, port }) => {
        this.#listening.delete(id);
        if (failure === null) resolve({ host, port });
        else reject(new FreshetError(SqlState.cannotConnect, failure));
      });
      this.#channel.send({ kind: "listen", id, wish });
    });
  }

  #receive(message: ToProcess, connection: AcceptedSocket | null, member: FamilyMember): void {
    switch (message.kind) {
      case "step":
        member.step(message.step);
        return;
      case "listening":
        this.#listening.get(message.id)?.(message);
        return;
      case "client":
        this.#channel.send({ kind: "took", id: message.id });
        // Null: the client has gone on the way.
        if (connection !== null) member.accept(connection, message.isUnix);
        else this.#channel.send({ kind: "left" });
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
