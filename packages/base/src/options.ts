import { FreshetError, SqlState } from "./errors.ts";
import type { OptionKind } from "./option-kinds.ts";

/**
 * One option, declared once: flag, environment variable, key in the configuration file and a line of `--help` follow
 * from it. Its name is its key in camel case.
 */
export interface OptionSpec<T> {
  readonly kind: OptionKind<Exclude<T, undefined>>;
  readonly description: string;
  /** The value when nobody gives one. Left out: the option is required, unless `optional`. */
  readonly default?: T;
  readonly optional?: true;
  /** Its value holds a password and is never shown. */
  readonly secret?: true;
}

/** The declaration of all options of a program whose values are a `T`. */
export type OptionSpecs<T> = { readonly [K in keyof T]-?: OptionSpec<T[K]> };

/** Where a value came from, from the strongest to the weakest. */
export type OptionSource = "flag" | "environment" | "file" | "default";

/** One text for an option, as somebody wrote it. */
export interface GivenOption {
  readonly text: string;
  readonly source: OptionSource;
  /** How the place is called in an error message: `--listen`, `FRESHET_LISTEN`, `listen in freshet.toml`. */
  readonly place: string;
}

export type GivenOptions = ReadonlyMap<string, GivenOption>;

/** `maxConnections` is the flag and the file's key `max-connections`. */
export function optionName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxConnections` is the environment variable `FRESHET_MAX_CONNECTIONS`. */
export function optionVariable(key: string): string {
  return `FRESHET_${optionName(key).replaceAll("-", "_").toUpperCase()}`;
}

/** What was read, and where each value came from. */
export interface ResolvedOptions<T> {
  readonly values: T;
  readonly sources: { readonly [K in keyof T]: OptionSource };
}

/** Turns the given texts into values; the first wrong or missing one is refused by its name. */
export function resolveOptions<T extends object>(specs: OptionSpecs<T>, given: GivenOptions): ResolvedOptions<T> {
  const values: Partial<T> = {};
  const sources: Partial<Record<keyof T, OptionSource>> = {};
  for (const key of optionKeys(specs)) {
    const option = given.get(key);
    sources[key] = option?.source ?? "default";
    values[key] = option === undefined ? defaultValue(specs, key) : parseOption(specs[key], option);
  }
  return { values: values as T, sources: sources as ResolvedOptions<T>["sources"] };
}

/** The declared keys, in the order of their declaration. */
export function optionKeys<T extends object>(specs: OptionSpecs<T>): (keyof T & string)[] {
  return Object.keys(specs) as (keyof T & string)[];
}

function parseOption<T>(spec: OptionSpec<T>, option: GivenOption): Exclude<T, undefined> {
  const value = spec.kind.parse(option.text.trim());
  if (value !== undefined) return value;
  const shown = spec.secret === true ? "" : `: "${option.text}"`;
  throw new FreshetError(SqlState.invalidParameterValue, `invalid value for ${option.place}${shown}`, {
    hint: `It must be ${spec.kind.expected}.`,
  });
}

function defaultValue<T extends object, K extends keyof T & string>(specs: OptionSpecs<T>, key: K): T[K] {
  const spec: OptionSpec<T[K]> = specs[key];
  if ("default" in spec) return spec.default;
  if (spec.optional === true) return undefined as T[K];
  const ways = `--${optionName(key)} ${spec.kind.placeholder}, ${optionVariable(key)} or "${optionName(key)}"`;
  throw new FreshetError(SqlState.invalidParameterValue, `option --${optionName(key)} is required`, {
    hint: `Give it as ${ways} in the configuration file; it must be ${spec.kind.expected}.`,
  });
}
