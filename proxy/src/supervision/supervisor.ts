import { Backoff, type Logger, type ProcessPlace, errorMessage, must, now, sleep } from "@freshet/base";
import { CancelQuestions } from "./cancel-questions.ts";
import { SharedListeners } from "../listener/shared-listeners.ts";
import { ClientSharing } from "./client-sharing.ts";
import { Member, type MemberProcess } from "./member.ts";
import type { ListenQuestion } from "./messages.ts";

/** How long a process may take for a step. A store that is large, or a build that must end, takes its time. */
const STEP_TIMEOUT_MS = 120_000;
/** After a crash. */
const RESTART_DELAY = { minMs: 200, maxMs: 10_000 };
const FRONT_RESTART_DELAY_MS = 1000;

/**
 * Starts the processes that serve clients: one that has the caches (the core), and beside it as many fronts as there are to be. It replaces them on demand: the
 * new core reads its configuration, then the old one gives the data folder away and forwards, the new one takes it and listens too, new fronts begin beside it, and
 * the old processes serve the clients that they have until they have left. When the new core fails on this way, the old one takes everything back.
 */
export class Supervisor {
  readonly #fork: (place: ProcessPlace) => MemberProcess;
  readonly #fronts: number;
  readonly #logger: Logger;
  readonly #members = new Set<Member>();
  /** Clients of several processes are accepted here; of one, by it. */
  readonly #sharing: ClientSharing | null;
  readonly #listeners: SharedListeners | null;
  readonly #draining = new WeakSet<Member>();
  readonly #questions = new CancelQuestions();
  readonly #stopping = new AbortController();
  /** Which of the cores that were started has the caches. */
  #current: Member | null = null;
  #generation = 0;
  #replacing = false;
  #recovering = false;
  #finish: (status: number) => void = () => undefined;

  /** `fronts`: processes that serve clients, the core among them. */
  constructor(fork: (place: ProcessPlace) => MemberProcess, fronts: number, logger: Logger) {
    this.#fork = fork;
    this.#fronts = fronts;
    this.#logger = logger;
    const sharing = fronts === 1 ? null : new ClientSharing(logger);
    this.#sharing = sharing;
    this.#listeners = sharing && new SharedListeners((socket, isUnix) => sharing.offer(socket, isUnix), logger);
  }

  /** Resolves with the exit status when all is over. */
  run(): Promise<number> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      void this.#first();
    });
  }

  /** Starts new processes in place of those that serve. */
  async replace(): Promise<void> {
    const old = this.#current;
    if (old === null || this.#replacing || this.#stopping.signal.aborted) {
      this.#logger.warn("there is no process that could be replaced at this moment");
      return;
    }
    this.#replacing = true;
    const next = this.#startCore();
    try {
      await this.#succeed(old, next);
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return;
      this.#logger.error(
        { error: errorMessage(thrown), process: old.pid },
        "the new process has failed: the old one goes on",
      );
    } finally {
      this.#replacing = false;
    }
    if (this.#current?.alive === false) void this.#crashed();
  }

  /** Has all processes read again what may change while clients are there. */
  reload(): void {
    for (const member of this.#members) member.signal("SIGHUP");
  }

  /** Ends all processes in good order. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    const current = this.#current;
    for (const member of this.#members) member.signal("SIGTERM");
    await this.#listeners?.close();
    this.#sharing?.close();
    const statuses = await Promise.all([...this.#members].map((member) => member.exited));
    this.#finish((await current?.exited) ?? Math.max(0, ...statuses));
  }

  async #first(): Promise<void> {
    const first = this.#startCore();
    try {
      await this.#begin(first);
    } catch {
      // It has told why.
      first.signal("SIGKILL");
      if (!this.#stopping.signal.aborted) this.#finish(await first.exited);
      return;
    }
    this.#current = first;
    await this.#startFronts(first);
  }

  async #succeed(old: Member, next: Member): Promise<void> {
    try {
      await next.waitFor("ready", STEP_TIMEOUT_MS);
      next.tell("check");
      await next.waitFor("check", STEP_TIMEOUT_MS);
    } catch (thrown) {
      await this.#remove(next);
      throw thrown;
    }
    const began = now();
    try {
      old.tell("hand-over");
      await old.waitFor("hand-over", STEP_TIMEOUT_MS);
      await this.#begin(next);
    } catch (thrown) {
      await this.#remove(next);
      if (old.alive) {
        old.tell("take-back");
        await old.waitFor("take-back", STEP_TIMEOUT_MS);
      }
      throw thrown;
    }
    const withoutCachesMs = Math.round(now() - began);
    this.#current = next;
    await this.#startFronts(next);
    const draining = this.#drainOthers(next);
    this.#logger.info({ process: next.pid, draining, withoutCachesMs }, "a new process serves clients");
  }

  async #begin(member: Member): Promise<void> {
    await member.waitFor("ready", STEP_TIMEOUT_MS);
    member.tell("begin");
    await member.waitFor("begin", STEP_TIMEOUT_MS);
    this.#sharing?.join(member);
  }

  async #remove(member: Member): Promise<void> {
    member.signal("SIGKILL");
    await member.exited;
    await this.#listeners?.release(member.place.generation);
  }

  #startCore(): Member {
    return this.#start({ front: 0, generation: ++this.#generation });
  }

  /** All fronts beside this core; one that fails is tried again, and not waited for. */
  async #startFronts({ place: { generation } }: Member): Promise<void> {
    const places = Array.from({ length: this.#fronts - 1 }, (_, index) => ({ front: index + 1, generation }));
    await Promise.all(
      places.map(async (place) => {
        const front = this.#start(place);
        try {
          await this.#begin(front);
        } catch {
          // It has told why; its end has it started again.
          front.signal("SIGKILL");
        }
      }),
    );
  }

  /** Processes of earlier generations are to end with their clients; tells which. */
  #drainOthers({ place }: Member): readonly number[] {
    const old = [...this.#members].filter(
      (member) => member.place.generation < place.generation && !this.#draining.has(member),
    );
    for (const member of old) {
      this.#draining.add(member);
      this.#sharing?.exclude(member);
      void this.#listeners?.release(member.place.generation);
      member.tell("drain");
    }
    return old.map(({ pid }) => pid);
  }

  #start(place: ProcessPlace): Member {
    const member: Member = new Member(this.#fork(place), place, (message) => {
      switch (message.kind) {
        case "cancel":
          this.#questions.ask(member, message, this.#others(member));
          return;
        case "cancelled":
          this.#questions.answered(member, message.id, message.found);
          return;
        case "schema":
          for (const other of this.#others(member)) other.send(message);
          return;
        case "listen":
          void this.#listen(member, message);
          return;
        case "took":
          this.#sharing?.took(member, message.id);
          return;
        case "left":
          this.#sharing?.left(member);
      }
    });
    this.#members.add(member);
    if (this.#stopping.signal.aborted) member.signal("SIGTERM");
    void member.exited.then((status) => this.#ended(member, status));
    return member;
  }

  async #listen(member: Member, { id, wish }: ListenQuestion): Promise<void> {
    const answer = { kind: "listening", id, failure: null, host: wish.host, port: wish.port } as const;
    try {
      const address = await must(this.#listeners).want(member.place.generation, wish);
      member.send({ ...answer, ...address });
    } catch (thrown) {
      member.send({ ...answer, failure: errorMessage(thrown) });
    }
  }

  #others(member: Member): readonly Member[] {
    return [...this.#members].filter((other) => other !== member);
  }

  #ended(member: Member, status: number): void {
    this.#members.delete(member);
    this.#questions.gone(member);
    this.#sharing?.gone(member);
    if (this.#stopping.signal.aborted) return;
    const isCore = member === this.#current;
    const isFront = member.place.front > 0 && member.place.generation === this.#current?.place.generation;
    if (isCore ? this.#replacing : !isFront) return;
    // It was told to stop, by a signal of its own or on the admin console.
    if (status === 0) void this.stop();
    else if (isCore) void this.#crashed();
    else void this.#frontCrashed(member.place);
  }

  /** A new core, and fronts that were started with it: what the old fronts go by was the old core's. */
  async #crashed(): Promise<void> {
    this.#current = null;
    // A core that crashes while its fronts start is one more turn of the loop below.
    if (this.#recovering) return;
    this.#recovering = true;
    const backoff = new Backoff(RESTART_DELAY);
    while (!this.#stopping.signal.aborted && this.#current === null) {
      this.#logger.error("the process that serves clients has crashed: it is started again");
      const next = this.#startCore();
      try {
        await sleep(backoff.nextDelay(), this.#stopping.signal);
        await this.#begin(next);
        if (!next.alive) continue;
        this.#current = next;
        await this.#startFronts(next);
        if (this.#current === next) this.#drainOthers(next);
      } catch {
        // Its own log tells why.
        next.signal("SIGKILL");
      }
    }
    this.#recovering = false;
  }

  /** One front, beside the same core. */
  async #frontCrashed(place: ProcessPlace): Promise<void> {
    this.#logger.error({ front: place.front }, "a front has crashed: it is started again");
    try {
      await sleep(FRONT_RESTART_DELAY_MS, this.#stopping.signal);
    } catch {
      return;
    }
    if (this.#current?.place.generation !== place.generation) return;
    const front = this.#start(place);
    try {
      await this.#begin(front);
    } catch {
      // Its own log tells why; its end has it started again.
      front.signal("SIGKILL");
    }
  }
}
