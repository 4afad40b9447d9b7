import { unsupported } from "../expression/unsupported.ts";

/** PostgreSQL fails with 22013 as soon as there is a row: the query is left to it. */
export function negativeOffset(): Error {
  return unsupported("a negative or undefined RANGE offset");
}
