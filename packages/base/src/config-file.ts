import { readFileSync } from "node:fs";
import { parse } from "smol-toml";
import { errorMessage, FreshetError, SqlState } from "./errors.ts";
import { optionKeys, optionName } from "./options.ts";
import type { GivenOption, OptionSpecs } from "./options.ts";
import { suggest } from "./suggest.ts";

/** The options in a TOML file, whose keys are the options' names. */
export function readConfigFile<T extends object>(specs: OptionSpecs<T>, file: string): Map<string, GivenOption> {
  const given = new Map<string, GivenOption>();
  const keys = new Map(optionKeys(specs).map((key) => [optionName(key), key]));
  for (const [name, value] of Object.entries(readTomlFile(file))) {
    const key = keys.get(name);
    if (key === undefined) throw unknownKey(name, file, keys.keys());
    given.set(key, { text: valueText(name, value, file), source: "file", place: `"${name}" in ${file}` });
  }
  return given;
}

/** A TOML file's contents; a FreshetError tells what is wrong with it. */
export function readTomlFile(file: string): object {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new FreshetError(SqlState.configFileError, `could not read configuration file "${file}"`, {
      detail: errorMessage(error).trim(),
      hint: 'The file is TOML: lines like upstream = "postgres://user@host/database".',
      cause: error,
    });
  }
}

/** A value of the file as the text that options are read from. */
export function valueText(name: string, value: unknown, file: string): string {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  throw new FreshetError(SqlState.configFileError, `invalid value for "${name}" in ${file}`, {
    hint: "It must be a string, a number or a boolean.",
  });
}

function unknownKey(name: string, file: string, names: Iterable<string>): FreshetError {
  const meant = suggest(name, names);
  return new FreshetError(SqlState.configFileError, `unknown option "${name}" in ${file}`, {
    hint: meant === undefined ? "freshet --help lists the options." : `Did you mean "${meant}"?`,
  });
}
