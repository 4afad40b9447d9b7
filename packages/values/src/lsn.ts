import { assert } from "@freshet/base";

/** A position in the upstream's write-ahead log, in bytes; the only notion of time. Totally ordered. */
export type Lsn = bigint;

export const LSN_ZERO: Lsn = 0n;

/** Parses PostgreSQL's `XXXXXXXX/XXXXXXXX` form; undefined when `text` is not an LSN. */
export function parseLsn(text: string): Lsn | undefined {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (match === null) return undefined;
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** PostgreSQL's text form of an LSN, as `pg_lsn` prints it. */
export function formatLsn(lsn: Lsn): string {
  assert(lsn >= 0n, "an LSN is not negative");
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

export function maxLsn(a: Lsn, b: Lsn): Lsn {
  return a > b ? a : b;
}

export function minLsn(a: Lsn, b: Lsn): Lsn {
  return a < b ? a : b;
}
