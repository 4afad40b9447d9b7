import process from "node:process";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The process environment. Everything outside this package reads it through here. */
export function environment(): Environment {
  return process.env;
}
