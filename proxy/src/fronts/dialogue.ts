import type { Duplex } from "node:stream";
import { type ErrorDetails, FreshetError, SqlState } from "@freshet/base";
import { toFreshetError } from "@freshet/wire";
import { Frames } from "./frames.ts";

/** What one side may ask the other: by kind, the question and its answer. */
export type Questions = Record<string, { readonly question: unknown; readonly answer: unknown }>;

/** How one question is answered. `signal` is aborted when nobody waits for the answer any more; `note` tells something before it. */
export type Handlers<Asked extends Questions> = {
  readonly [Kind in keyof Asked]: (
    question: Asked[Kind]["question"],
    signal: AbortSignal,
    note: (message: string, detail?: string) => void,
  ) => Promise<Asked[Kind]["answer"]> | Asked[Kind]["answer"];
};

type Handler = Handlers<Questions>[string];

interface SentError extends ErrorDetails {
  readonly code: string;
  readonly message: string;
}

type Frame =
  | { readonly type: "ask"; readonly id: number; readonly kind: string; readonly question: unknown }
  | { readonly type: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly type: "failure"; readonly id: number; readonly error: SentError }
  | { readonly type: "note"; readonly id: number; readonly message: string; readonly detail: string | undefined }
  | { readonly type: "withdraw"; readonly id: number };

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: FreshetError) => void;
  readonly note: ((message: string, detail?: string) => void) | undefined;
}

export interface AskOptions {
  /** Aborted with the error to throw: the other side is told to stop. */
  readonly signal?: AbortSignal;
  readonly note?: (message: string, detail?: string) => void;
}

/**
 * Questions and answers in both directions over one stream. What is asked arrives in the order in which it was asked, and is begun in that order;
 * whatever is open when the stream ends fails with 08006.
 */
export class Dialogue<Mine extends Questions, Theirs extends Questions> {
  readonly #frames: Frames;
  readonly #handlers: Handlers<Theirs>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #working = new Map<number, AbortController>();
  #lastId = 0;
  #ended = false;

  constructor(socket: Duplex, handlers: Handlers<Theirs>) {
    this.#handlers = handlers;
    // Both ends are of one build, which the first question of each connection makes sure of.
    this.#frames = new Frames(socket, (message) => this.#receive(message as Frame));
    socket.once("close", () => this.#end());
  }

  ask<Kind extends keyof Mine & string>(
    kind: Kind,
    question: Mine[Kind]["question"],
    { signal, note }: AskOptions = {},
  ): Promise<Mine[Kind]["answer"]> {
    if (this.#ended) return Promise.reject(gone());
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const withdraw = (): void => {
        this.#frames.send({ type: "withdraw", id } satisfies Frame);
        this.#waiting.get(id)?.reject(toFreshetError(signal?.reason));
      };
      const settle = (): void => {
        this.#waiting.delete(id);
        signal?.removeEventListener("abort", withdraw);
      };
      this.#waiting.set(id, {
        note,
        resolve: (answer) => {
          settle();
          resolve(answer);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      this.#frames.send({ type: "ask", id, kind, question } satisfies Frame);
      signal?.addEventListener("abort", withdraw);
      if (signal?.aborted === true) withdraw();
    });
  }

  #receive(frame: Frame): void {
    switch (frame.type) {
      case "ask":
        void this.#answer(frame.id, frame.kind, frame.question);
        return;
      case "answer":
        this.#waiting.get(frame.id)?.resolve(frame.answer);
        return;
      case "failure": {
        const { code, message, ...details } = frame.error;
        this.#waiting.get(frame.id)?.reject(new FreshetError(code, message, details));
        return;
      }
      case "note":
        this.#waiting.get(frame.id)?.note?.(frame.message, frame.detail);
        return;
      case "withdraw":
        this.#working
          .get(frame.id)
          ?.abort(new FreshetError(SqlState.queryCanceled, "canceling statement due to user request"));
    }
  }

  async #answer(id: number, kind: string, question: unknown): Promise<void> {
    const control = new AbortController();
    this.#working.set(id, control);
    const note = (message: string, detail?: string): void =>
      this.#frames.send({ type: "note", id, message, detail } satisfies Frame);
    try {
      const handler = (this.#handlers as Readonly<Record<string, Handler | undefined>>)[kind];
      if (handler === undefined) throw new FreshetError(SqlState.protocolViolation, `nobody answers "${kind}"`);
      const answer = await handler(question, control.signal, note);
      this.#frames.send({ type: "answer", id, answer } satisfies Frame);
    } catch (thrown) {
      const { code, message, detail, hint, position } = toFreshetError(thrown);
      this.#frames.send({ type: "failure", id, error: { code, message, detail, hint, position } } satisfies Frame);
    } finally {
      this.#working.delete(id);
    }
  }

  #end(): void {
    this.#ended = true;
    for (const waiting of [...this.#waiting.values()]) waiting.reject(gone());
    const error = new FreshetError(SqlState.connectionFailure, "the client's process has ended");
    for (const control of this.#working.values()) control.abort(error);
  }
}

function gone(): FreshetError {
  return new FreshetError(SqlState.connectionFailure, "the process that has the caches has ended", {
    hint: "Freshet starts it again: try again in a moment.",
  });
}
