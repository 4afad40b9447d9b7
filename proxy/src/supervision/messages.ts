import type { ListenWish } from "../listener/client-source.ts";
import { isSchemaNews, type SchemaNews } from "../front/away-front.ts";

/** A cancel request whose key is not the asking process's own. Keys are hexadecimal. */
export interface CancelQuestion {
  readonly kind: "cancel";
  readonly id: number;
  readonly processId: number;
  readonly secretKey: string;
}

export interface CancelAnswer {
  readonly kind: "cancelled";
  readonly id: number;
  readonly found: boolean;
}

interface Schema {
  readonly kind: "schema";
  readonly news: SchemaNews;
}

/** A client that the supervisor has accepted; its connection comes with the message. */
export interface GivenClient {
  readonly kind: "client";
  readonly id: number;
  readonly isUnix: boolean;
}

/** Where a process wants clients to be expected. */
export interface ListenQuestion {
  readonly kind: "listen";
  readonly id: number;
  readonly wish: ListenWish;
}

/** Why nobody listens there, or the address. */
export interface ListenAnswer {
  readonly kind: "listening";
  readonly id: number;
  readonly failure: string | null;
  readonly host: string;
  readonly port: number;
}

/** What the supervisor tells a process to do; each step but the last is answered when it is done. */
export type Step = "check" | "begin" | "hand-over" | "take-back" | "drain";
const STEPS: readonly string[] = ["check", "begin", "hand-over", "take-back", "drain"] satisfies Step[];

export type ToProcess =
  | { readonly kind: "step"; readonly step: Step }
  | CancelQuestion
  | CancelAnswer
  | Schema
  | GivenClient
  | ListenAnswer;

/** `ready`: it has read its configuration and waits for its first step. */
export type Done = "ready" | Exclude<Step, "drain">;
const DONE: readonly string[] = ["ready", "check", "begin", "hand-over", "take-back"] satisfies Done[];

export type ToSupervisor =
  | { readonly kind: "done"; readonly step: Done }
  | CancelQuestion
  | CancelAnswer
  | Schema
  | ListenQuestion
  /** A given client has arrived. */
  | { readonly kind: "took"; readonly id: number }
  /** A given client is gone. */
  | { readonly kind: "left" };

/** Null: a message of somebody else's, such as node:cluster's own. */
export function readForProcess(message: unknown): ToProcess | null {
  const fields = fieldsOf(message);
  if (fields["kind"] === "step" && isOneOf<Step>(fields["step"], STEPS)) return { kind: "step", step: fields["step"] };
  const { kind, id, isUnix, failure, host, port } = fields;
  if (kind === "client" && typeof id === "number" && typeof isUnix === "boolean") return { kind, id, isUnix };
  if (kind === "listening" && typeof id === "number" && typeof host === "string" && typeof port === "number")
    return { kind, id, host, port, failure: typeof failure === "string" ? failure : null };
  return readShared(fields);
}

export function readForSupervisor(message: unknown): ToSupervisor | null {
  const fields = fieldsOf(message);
  if (fields["kind"] === "done" && isOneOf<Done>(fields["step"], DONE)) return { kind: "done", step: fields["step"] };
  const { kind, id, wish } = fields;
  if (kind === "left") return { kind };
  if (kind === "took" && typeof id === "number") return { kind, id };
  const read = readWish(wish);
  if (kind === "listen" && typeof id === "number" && read !== null) return { kind, id, wish: read };
  return readShared(fields);
}

function readShared(fields: Readonly<Record<string, unknown>>): CancelQuestion | CancelAnswer | Schema | null {
  const { kind, id, processId, secretKey, found, news } = fields;
  if (kind === "cancel" && typeof id === "number" && typeof processId === "number" && typeof secretKey === "string")
    return { kind, id, processId, secretKey };
  if (kind === "cancelled" && typeof id === "number" && typeof found === "boolean") return { kind, id, found };
  if (kind === "schema" && isSchemaNews(news)) return { kind, news };
  return null;
}

function readWish(value: unknown): ListenWish | null {
  const { host, port, unixSocket } = fieldsOf(value);
  if (typeof host !== "string" || typeof port !== "number") return null;
  const { directory, mode } = fieldsOf(unixSocket);
  const isUnix = typeof directory === "string" && typeof mode === "number";
  return isUnix ? { host, port, unixSocket: { directory, mode } } : { host, port };
}

function fieldsOf(message: unknown): Readonly<Record<string, unknown>> {
  return typeof message === "object" && message !== null ? { ...message } : {};
}

function isOneOf<T extends string>(value: unknown, all: readonly string[]): value is T {
  return typeof value === "string" && all.includes(value);
}
