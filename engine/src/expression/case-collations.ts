import type { CodecSet, ColumnType } from "@freshet/values";
import { callName, unsupported } from "./unsupported.ts";

/** Functions that map upper and lower case, which the collation decides also for some ASCII letters (Turkish i). */
const CASE_FUNCTIONS: ReadonlySet<string> = new Set([
  "lower",
  "upper",
  "initcap",
  "texticlike",
  "texticnlike",
  "nameiclike",
  "nameicnlike",
  "texticregexeq",
  "texticregexne",
  "nameicregexeq",
  "nameicregexne",
]);
/** default, C, POSIX, pg_c_utf8, ucs_basic, unicode, pg_unicode_fast: ASCII letters map as everywhere. */
const PLAIN_CASE_COLLATIONS: ReadonlySet<number> = new Set([100, 950, 951, 811, 962, 963, 6411]);

/** Refuses a function that maps case under a collation that may have rules of its own. */
export function checkCaseCollation(
  name: string,
  inputCollation: number,
  argTypes: readonly ColumnType[],
  codecs: CodecSet,
): void {
  // The flags of a regexp_ function may ask for it too.
  const mapsCase = CASE_FUNCTIONS.has(name) || /^(regexp_|textregexreplace)/.test(name);
  if (mapsCase && !PLAIN_CASE_COLLATIONS.has(inputCollation)) {
    throw unsupported(`${callName(name, argTypes, codecs)} under this collation`);
  }
}
