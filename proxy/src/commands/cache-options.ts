import { FreshetError, SqlState, bytesKind } from "@freshet/base";
import type { CacheMode } from "../caches/cache.ts";
import { parseTarget } from "../write-back/target.ts";

/** What CREATE CACHE … WITH (…) was given. */
export interface CacheOptions {
  readonly writeTo: string | null;
  readonly mode: CacheMode;
  readonly maxBytes: number | null;
}

const MODES: readonly CacheMode[] = ["auto", "incremental", "invalidate"];
const MAX_BYTES = bytesKind({ min: 4096, max: 1024 ** 4 });

const READERS: Readonly<Record<string, (value: string) => Partial<CacheOptions>>> = {
  write_to: (value) => {
    parseTarget(value);
    return { writeTo: value };
  },
  mode: (value) => {
    const mode = MODES.find((known) => known === value);
    if (mode === undefined) throw invalid("mode", value, MODES.join(", "));
    return { mode };
  },
  max_bytes: (value) => {
    const maxBytes = MAX_BYTES.parse(value);
    if (maxBytes === undefined) throw invalid("max_bytes", value, MAX_BYTES.expected);
    return { maxBytes };
  },
};

function invalid(name: string, value: string, expected: string): FreshetError {
  return new FreshetError(SqlState.invalidParameterValue, `invalid value for cache option "${name}": "${value}"`, {
    hint: `Expected: ${expected}.`,
  });
}

export function readOptions(options: readonly { readonly name: string; readonly value: string }[]): CacheOptions {
  let read: CacheOptions = { writeTo: null, mode: "auto", maxBytes: null };
  const seen = new Set<string>();
  for (const { name, value } of options) {
    const reader = READERS[name];
    if (reader === undefined) {
      throw new FreshetError(SqlState.invalidParameterValue, `unrecognized cache option "${name}"`, {
        hint: `The options are: ${Object.keys(READERS).join(", ")}.`,
      });
    }
    if (seen.has(name)) throw new FreshetError(SqlState.syntaxError, `option "${name}" is given twice`);
    seen.add(name);
    read = { ...read, ...reader(value) };
  }
  return read;
}
