import { firstHostUrl } from "./postgres-url.ts";

/** How the text of an option becomes its value. */
export interface OptionKind<T> {
  /** Stands for the value in `--help`. */
  readonly placeholder: string;
  /** What is right, to finish the sentence "must be …". */
  readonly expected: string;
  /** The value, or undefined if the text is not right. */
  parse(text: string): T | undefined;
  /** The value as `--help` shows it and `parse` reads it. */
  format(value: T): string;
}

/** Where a server listens: port 0 lets the system choose. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets round an IPv6 host. */
export function formatAddress(address: Address): string {
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}

export function addressKind(): OptionKind<Address> {
  return { placeholder: "HOST:PORT", expected: "HOST:PORT, for example 127.0.0.1:6543", parse, format: formatAddress };

  function parse(text: string): Address | undefined {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    return host === undefined || port > 65_535 ? undefined : { host, port };
  }
}

export function postgresUrlKind(): OptionKind<string> {
  return {
    placeholder: "URL",
    expected: "a URL like postgres://user:password@host:5432/database",
    parse: (text) => {
      const first = firstHostUrl(text);
      if (!/^postgres(ql)?:\/\//i.test(text) || !URL.canParse(first)) return undefined;
      const { hostname, searchParams } = new URL(first);
      // A Unix socket's folder is no host of a URL: postgres:///database?host=/var/run/postgresql.
      return hostname !== "" || searchParams.get("host") ? text : undefined;
    },
    format: (value) => value,
  };
}

export function textKind(placeholder: string, expected: string, pattern: RegExp): OptionKind<string> {
  return { placeholder, expected, parse: (text) => (pattern.test(text) ? text : undefined), format: (value) => value };
}

export function pathKind(placeholder: "DIR" | "FILE"): OptionKind<string> {
  return textKind(placeholder, placeholder === "DIR" ? "the path of a folder" : "the path of a file", /^[^\0]+$/);
}

export function choiceKind<T extends string>(choices: readonly T[], placeholder = "LEVEL"): OptionKind<T> {
  const expected = `one of ${choices.join(", ")}`;
  return { placeholder, expected, parse: (text) => choices.find((c) => c === text), format: (value) => value };
}

const truths: Readonly<Record<string, boolean>> = { true: true, on: true, yes: true, 1: true };
const falsehoods: Readonly<Record<string, boolean>> = { false: false, off: false, no: false, 0: false };

/** A flag: `--name` alone means true. */
export function booleanKind(): OptionKind<boolean> {
  return {
    placeholder: "BOOLEAN",
    expected: "true or false",
    parse: (text) => truths[text.toLowerCase()] ?? falsehoods[text.toLowerCase()],
    format: String,
  };
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export function integerKind(range: Range): OptionKind<number> {
  return {
    placeholder: "N",
    expected: `a whole number from ${range.min} to ${range.max}`,
    parse: (text) => within(range, /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN),
    format: String,
  };
}

export function millisecondsKind(range: Range): OptionKind<number> {
  return { ...integerKind(range), placeholder: "MS", expected: `milliseconds from ${range.min} to ${range.max}` };
}

const units: Readonly<Record<string, number>> = { "": 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** A number of bytes, with PostgreSQL's units (kB, MB, GB) if wanted. */
export function bytesKind(range: Range): OptionKind<number> {
  return {
    placeholder: "SIZE",
    expected: `a size from ${formatBytes(range.min)} to ${formatBytes(range.max)}, for example 64MB`,
    parse: (text) => {
      const match = /^(\d{1,15}) ?([kKmMgG]?[bB])?$/.exec(text);
      const unit = units[(match?.[2] ?? "").toLowerCase()];
      return within(range, match === null || unit === undefined ? Number.NaN : Number(match[1]) * unit);
    },
    format: formatBytes,
  };
}

function formatBytes(value: number): string {
  for (const [unit, size] of [["GB", 1024 ** 3] as const, ["MB", 1024 ** 2] as const, ["kB", 1024] as const]) {
    if (value >= size && value % size === 0) return `${value / size}${unit}`;
  }
  return `${value}B`;
}

function within(range: Range, value: number): number | undefined {
  return value >= range.min && value <= range.max ? value : undefined;
}
