import type { Worker } from "node:cluster";
import { FreshetError, type ProcessPlace, SqlState } from "@freshet/base";
import type { AcceptedSocket } from "../listener/client-source.ts";
import {
  type Done,
  type GivenClient,
  type Step,
  type ToProcess,
  type ToSupervisor,
  readForSupervisor,
} from "./messages.ts";

/** What of a worker of node:cluster is used. */
export interface MemberProcess {
  readonly process: Pick<Worker["process"], "pid" | "kill">;
  send(message: ToProcess, handle?: AcceptedSocket, options?: { readonly keepOpen: boolean }): boolean;
  isConnected(): boolean;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
  on(event: "exit", listener: (code: number | null, signal: string | null) => void): unknown;
}

interface Waiting {
  readonly step: Done;
  readonly resolve: () => void;
  readonly reject: (error: FreshetError) => void;
}

/** One supervised process, as the supervisor sees it. */
export class Member {
  /** Resolves with the exit status, 1 when a signal ended it, behind all that the process has said. */
  readonly exited: Promise<number>;
  readonly place: ProcessPlace;
  readonly #process: MemberProcess;
  readonly #done = new Set<Done>();
  #waiting: Waiting | null = null;
  #gone: string | null = null;

  constructor(
    process: MemberProcess,
    place: ProcessPlace,
    onMessage: (message: Exclude<ToSupervisor, { kind: "done" }>) => void,
  ) {
    this.#process = process;
    this.place = place;
    process.on("message", (raw) => {
      const message = readForSupervisor(raw);
      if (message === null) return;
      if (message.kind === "done") this.#finished(message.step);
      else onMessage(message);
    });
    this.exited = new Promise((resolve) => {
      process.on("exit", (code, signal) => {
        this.#gone = `process ${this.pid} ended with ${code ?? signal ?? "nothing"}`;
        this.#waiting?.reject(new FreshetError(SqlState.connectionFailure, this.#gone));
        const status = code ?? 1;
        if (process.isConnected()) process.on("disconnect", () => resolve(status));
        else resolve(status);
      });
    });
  }

  get pid(): number {
    return this.#process.process.pid ?? 0;
  }

  get alive(): boolean {
    return this.#gone === null;
  }

  /** Tells it what to do next; `waitFor` resolves when it is done. */
  tell(step: Step): void {
    if (step !== "drain") this.#done.delete(step);
    this.send({ kind: "step", step });
  }

  send(message: ToProcess): void {
    if (this.alive && this.#process.isConnected()) this.#process.send(message);
  }

  /** With a connection, which stays open here too. */
  give(message: GivenClient, socket: AcceptedSocket): void {
    if (this.alive && this.#process.isConnected()) this.#process.send(message, socket, { keepOpen: true });
  }

  /** Rejects when it ends, or has not done it after `timeoutMs`. */
  waitFor(step: Done, timeoutMs: number): Promise<void> {
    if (this.#gone !== null) return Promise.reject(new FreshetError(SqlState.connectionFailure, this.#gone));
    if (this.#done.has(step)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting = null;
      };
      const waiting: Waiting = {
        step,
        resolve: () => {
          settle();
          resolve();
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      const timer = setTimeout(
        () => waiting.reject(new FreshetError(SqlState.queryCanceled, `process ${this.pid}: no "${step}" in time`)),
        timeoutMs,
      );
      this.#waiting = waiting;
    });
  }

  signal(signal: "SIGTERM" | "SIGHUP" | "SIGKILL"): void {
    if (this.alive) this.#process.process.kill(signal);
  }

  #finished(step: Done): void {
    this.#done.add(step);
    if (this.#waiting?.step === step) this.#waiting.resolve();
  }
}
