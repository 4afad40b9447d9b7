import { createRequire } from "node:module";
import process from "node:process";
import { pino } from "pino";
import type { DestinationStream } from "pino";
import type pretty from "pino-pretty";
import { redact } from "./redact.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a line tells beside its message; an Error goes under `error`. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogMethod {
  (fields: LogFields, message: string): void;
  (message: string): void;
}

/** One line per event: JSON for machines, plain text on a terminal. Passwords never get into it. */
export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  /** A logger whose lines all have `fields`. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Default: whether standard error is a terminal. */
  readonly pretty?: boolean;
  /** Where lines go. Default: standard error. */
  readonly write?: (line: string) => void;
}

const secretKeys = ["password", "upstream", "secret", "*.password", "*.secret"];

export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? ((line: string): void => void process.stderr.write(line));
  const destination: DestinationStream = { write: (line: string) => write(redact(line)) };
  const asText = options.pretty ?? (options.write === undefined && process.stderr.isTTY);
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: pino.stdSerializers.err },
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretKeys, censor },
    },
    asText ? prettyStream(destination) : destination,
  );
}

/** A logger that says nothing. */
export function silentLogger(): Logger {
  return createLogger({ level: "silent" });
}

/** A URL keeps all but its password; anything else is hidden. */
function censor(value: unknown): unknown {
  return typeof value === "string" && value.includes("://") ? redact(value) : "***";
}

/** Loads what writes plain text, which is not wanted where machines read the lines. */
const load = createRequire(import.meta.url);

function prettyStream(destination: DestinationStream): DestinationStream {
  const { prettyFactory } = load("pino-pretty") as typeof pretty;
  const toText = prettyFactory({ colorize: false, singleLine: true, translateTime: "SYS:HH:MM:ss.l" });
  return { write: (line: string) => destination.write(toText(line)) };
}
