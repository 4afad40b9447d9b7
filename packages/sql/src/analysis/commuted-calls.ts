interface InternalFunction {
  readonly functionOid: number;
  readonly name: string;
}

/** Built-ins that are defined in SQL as an internal function with its two arguments the other way round. */
const COMMUTED: ReadonlyMap<number, InternalFunction> = new Map([
  // interval + date, time with time zone, timestamp, time
  [2546, { functionOid: 2071, name: "date_pl_interval" }],
  [2547, { functionOid: 1749, name: "timetz_pl_interval" }],
  [2548, { functionOid: 2032, name: "timestamp_pl_interval" }],
  [1848, { functionOid: 1747, name: "time_pl_interval" }],
  // time + date, integer + date, bigint + inet
  [1296, { functionOid: 2025, name: "datetime_timestamp" }],
  [2550, { functionOid: 1141, name: "date_pli" }],
  [2631, { functionOid: 2630, name: "inetpl" }],
]);

/** The internal function to call with the arguments swapped; undefined for every function but those. */
export function commutedFunction(oid: number): InternalFunction | undefined {
  return COMMUTED.get(oid);
}
