import { readTomlFile, valueText } from "./config-file.ts";
import { FreshetError, SqlState } from "./errors.ts";
import { optionKeys, optionName, resolveOptions } from "./options.ts";
import type { GivenOption, OptionSpecs } from "./options.ts";
import { poolDatabaseOptionSpecs, poolOptionSpecs, poolUserOptionSpecs } from "./pool-options.ts";
import type { PoolDatabaseOptions, PoolOptions, PoolUserOptions } from "./pool-options.ts";
import { suggest } from "./suggest.ts";

/** The file of `--pools`: settings of all pools, then tables `[databases.NAME]` and `[users.NAME]`. */
export interface PoolConfiguration {
  readonly options: PoolOptions;
  readonly databases: ReadonlyMap<string, PoolDatabaseOptions>;
  readonly users: ReadonlyMap<string, PoolUserOptions>;
}

/** `defaultPoolSize` is `default_pool_size` in the file, as with PgBouncer. */
export function poolOptionName(key: string): string {
  return optionName(key).replaceAll("-", "_");
}

/** Reads the file; a FreshetError tells what is wrong with it. */
export function readPoolConfiguration(file: string): PoolConfiguration {
  const { databases = {}, users = {}, ...settings } = readTomlFile(file) as Record<string, unknown>;
  return {
    options: readTable(poolOptionSpecs, settings, file),
    databases: readTables(poolDatabaseOptionSpecs, databases, "databases", file),
    users: readTables(poolUserOptionSpecs, users, "users", file),
  };
}

/** Settings that nobody has written. */
export function defaultPoolConfiguration(): PoolConfiguration {
  return { options: readTable(poolOptionSpecs, {}, ""), databases: new Map(), users: new Map() };
}

function readTables<T extends object>(
  specs: OptionSpecs<T>,
  tables: unknown,
  name: string,
  file: string,
): ReadonlyMap<string, T> {
  const entries = Object.entries(asTable(tables, name, file));
  return new Map(
    entries.map(([key, table]) => [
      key,
      readTable(specs, asTable(table, `${name}.${key}`, file), `${file}, ${name}.${key}`),
    ]),
  );
}

function asTable(value: unknown, name: string, file: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new FreshetError(SqlState.configFileError, `"${name}" in ${file} is no table`, {
    hint: `Write [${name}${name.includes(".") ? "" : ".NAME"}] and its settings below.`,
  });
}

function readTable<T extends object>(specs: OptionSpecs<T>, table: object, place: string): T {
  const keys = new Map(optionKeys(specs).map((key) => [poolOptionName(key), key]));
  const given = new Map<string, GivenOption>();
  for (const [name, value] of Object.entries(table)) {
    const key = keys.get(name);
    if (key === undefined) throw unknownSetting(name, place, keys.keys());
    given.set(key, { text: valueText(name, value, place), source: "file", place: `"${name}" in ${place}` });
  }
  return resolveOptions(specs, given).values;
}

function unknownSetting(name: string, place: string, names: Iterable<string>): FreshetError {
  const meant = suggest(name, names);
  return new FreshetError(SqlState.configFileError, `unknown setting "${name}" in ${place}`, {
    hint: meant === undefined ? "docs/configuration.md lists the settings." : `Did you mean "${meant}"?`,
  });
}
