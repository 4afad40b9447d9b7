import type { Logger } from "@freshet/base";
import type { AcceptedSocket } from "../listener/client-source.ts";
import type { Member } from "./member.ts";

/** Clients that wait while no process can take one; more are turned away. */
const MAX_WAITING = 10_000;

interface Client {
  readonly socket: AcceptedSocket;
  readonly isUnix: boolean;
}

interface Offered extends Client {
  readonly to: Member;
}

/**
 * Gives each client to the process that has the fewest. The connection stays open here until the process has said that it has it: one that
 * dies meanwhile loses no client, the next one gets it.
 */
export class ClientSharing {
  readonly #logger: Logger;
  /** Processes that take clients, and how many each has. */
  readonly #clients = new Map<Member, number>();
  readonly #offered = new Map<number, Offered>();
  #waiting: Client[] = [];
  #lastId = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** From now on the process takes clients. */
  join(member: Member): void {
    this.#clients.set(member, 0);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { socket, isUnix } of waiting) this.offer(socket, isUnix);
  }

  /** It is to get no more; what it was offered it still takes. */
  exclude(member: Member): void {
    this.#clients.delete(member);
  }

  /** It has ended. */
  gone(member: Member): void {
    this.#clients.delete(member);
    for (const [id, { to, socket, isUnix }] of this.#offered) {
      if (to !== member) continue;
      this.#offered.delete(id);
      this.offer(socket, isUnix);
    }
  }

  offer(socket: AcceptedSocket, isUnix: boolean): void {
    const to = this.#next();
    if (to === null) {
      this.#wait({ socket, isUnix });
      return;
    }
    const id = ++this.#lastId;
    this.#clients.set(to, (this.#clients.get(to) ?? 0) + 1);
    this.#offered.set(id, { socket, isUnix, to });
    to.give({ kind: "client", id, isUnix }, socket);
  }

  /** The process has the connection: this one's hold on it ends. */
  took(member: Member, id: number): void {
    const offered = this.#offered.get(id);
    if (offered?.to !== member) return;
    this.#offered.delete(id);
    offered.socket.destroy();
  }

  left(member: Member): void {
    const clients = this.#clients.get(member);
    if (clients !== undefined) this.#clients.set(member, Math.max(0, clients - 1));
  }

  close(): void {
    for (const { socket } of this.#waiting) socket.destroy();
    this.#waiting = [];
  }

  #wait(client: Client): void {
    if (this.#waiting.length >= MAX_WAITING) {
      client.socket.destroy();
      return;
    }
    if (this.#waiting.length === 0) this.#logger.warn("clients wait for a process that takes them");
    this.#waiting.push(client);
  }

  /** Of the latest generation that takes clients, who has the fewest; of several the one that was not chosen last. */
  #next(): Member | null {
    const latest = Math.max(...[...this.#clients.keys()].map(({ place }) => place.generation));
    let fewest: Member | null = null;
    let clients = Number.POSITIVE_INFINITY;
    for (const [member, count] of this.#clients) {
      if (member.place.generation !== latest || count >= clients) continue;
      fewest = member;
      clients = count;
    }
    if (fewest !== null) {
      this.#clients.delete(fewest);
      this.#clients.set(fewest, clients);
    }
    return fewest;
  }
}
