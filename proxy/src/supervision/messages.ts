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

/** What the supervisor tells a process to do; each step but the last is answered when it is done. */
export type Step = "check" | "begin" | "hand-over" | "take-back" | "drain";
const STEPS: readonly string[] = ["check", "begin", "hand-over", "take-back", "drain"] satisfies Step[];

export type ToProcess = { readonly kind: "step"; readonly step: Step } | CancelQuestion | CancelAnswer | Schema;

/** `ready`: it has read its configuration and waits for its first step. */
export type Done = "ready" | Exclude<Step, "drain">;
const DONE: readonly string[] = ["ready", "check", "begin", "hand-over", "take-back"] satisfies Done[];

export type ToSupervisor = { readonly kind: "done"; readonly step: Done } | CancelQuestion | CancelAnswer | Schema;

/** Null: a message of somebody else's, such as node:cluster's own. */
export function readForProcess(message: unknown): ToProcess | null {
  const fields = fieldsOf(message);
  if (fields["kind"] === "step" && isOneOf<Step>(fields["step"], STEPS)) return { kind: "step", step: fields["step"] };
  return readShared(fields);
}

export function readForSupervisor(message: unknown): ToSupervisor | null {
  const fields = fieldsOf(message);
  if (fields["kind"] === "done" && isOneOf<Done>(fields["step"], DONE)) return { kind: "done", step: fields["step"] };
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

function fieldsOf(message: unknown): Readonly<Record<string, unknown>> {
  return typeof message === "object" && message !== null ? { ...message } : {};
}

function isOneOf<T extends string>(value: unknown, all: readonly string[]): value is T {
  return typeof value === "string" && all.includes(value);
}
