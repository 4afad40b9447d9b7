import { Backoff, type Logger, errorMessage, now, sleep } from "@freshet/base";
import { CancelQuestions } from "./cancel-questions.ts";
import { Member, type MemberProcess } from "./member.ts";

/** How long a process may take for a step. A store that is large, or a build that must end, takes its time. */
const STEP_TIMEOUT_MS = 120_000;
/** After a crash. */
const RESTART_DELAY = { minMs: 200, maxMs: 10_000 };

/**
 * Starts the process that serves clients, and replaces it on demand: the new one reads its configuration, then the old one gives the data
 * folder away and forwards, the new one takes it and listens too, and the old one serves the clients that it has until they have left. When
 * the new one fails on this way, the old one takes everything back.
 */
export class Supervisor {
  readonly #fork: () => MemberProcess;
  readonly #logger: Logger;
  readonly #members = new Set<Member>();
  readonly #questions = new CancelQuestions();
  readonly #stopping = new AbortController();
  #current: Member | null = null;
  #replacing = false;
  #finish: (status: number) => void = () => undefined;

  constructor(fork: () => MemberProcess, logger: Logger) {
    this.#fork = fork;
    this.#logger = logger;
  }

  /** Resolves with the exit status when all is over. */
  run(): Promise<number> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      void this.#first();
    });
  }

  /** Starts a new process in place of the one that serves. */
  async replace(): Promise<void> {
    const old = this.#current;
    if (old === null || this.#replacing || this.#stopping.signal.aborted) {
      this.#logger.warn("there is no process that could be replaced at this moment");
      return;
    }
    this.#replacing = true;
    const next = this.#start();
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
    const statuses = await Promise.all([...this.#members].map((member) => member.exited));
    this.#finish((await current?.exited) ?? Math.max(0, ...statuses));
  }

  async #first(): Promise<void> {
    const first = this.#start();
    try {
      await this.#begin(first);
      this.#current = first;
    } catch {
      // It has told why.
      first.signal("SIGKILL");
      if (!this.#stopping.signal.aborted) this.#finish(await first.exited);
    }
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
    this.#current = next;
    old.tell("drain");
    this.#logger.info(
      { process: next.pid, draining: old.pid, withoutCachesMs: Math.round(now() - began) },
      "a new process serves clients",
    );
  }

  async #begin(member: Member): Promise<void> {
    await member.waitFor("ready", STEP_TIMEOUT_MS);
    member.tell("begin");
    await member.waitFor("begin", STEP_TIMEOUT_MS);
  }

  async #remove(member: Member): Promise<void> {
    member.signal("SIGKILL");
    await member.exited;
  }

  #start(): Member {
    const member: Member = new Member(this.#fork(), (message) => {
      switch (message.kind) {
        case "cancel":
          this.#questions.ask(member, message, this.#others(member));
          return;
        case "cancelled":
          this.#questions.answered(member, message.id, message.found);
          return;
        case "schema":
          for (const other of this.#others(member)) other.send(message);
      }
    });
    this.#members.add(member);
    void member.exited.then((status) => this.#ended(member, status));
    return member;
  }

  #others(member: Member): readonly Member[] {
    return [...this.#members].filter((other) => other !== member);
  }

  #ended(member: Member, status: number): void {
    this.#members.delete(member);
    this.#questions.gone(member);
    if (this.#stopping.signal.aborted || member !== this.#current || this.#replacing) return;
    // It was told to stop, by a signal of its own or on the admin console.
    if (status === 0) void this.stop();
    else void this.#crashed();
  }

  async #crashed(): Promise<void> {
    const backoff = new Backoff(RESTART_DELAY);
    this.#current = null;
    while (!this.#stopping.signal.aborted && this.#current === null) {
      this.#logger.error("the process that serves clients has crashed: it is started again");
      const next = this.#start();
      try {
        await sleep(backoff.nextDelay(), this.#stopping.signal);
        await this.#begin(next);
        this.#current = next;
      } catch {
        // Its own log tells why.
        next.signal("SIGKILL");
      }
    }
  }
}
