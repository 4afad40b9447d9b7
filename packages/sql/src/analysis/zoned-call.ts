import type { TimeZoneTable } from "@freshet/values";
import type { CallExpression } from "../plan/expression.ts";
import { unsupported } from "./unsupported.ts";
import { needsZoneTable } from "./zone-table.ts";

/** Functions that reckon in a zone they are given by name, and which argument that is. */
const ZONE_ARGUMENTS: ReadonlyMap<string, number> = new Map([
  ["timestamptz_zone", 0],
  ["timestamp_zone", 0],
  ["timestamptz_trunc_zone", 2],
  ["timestamptz_pl_interval_at_zone", 2],
  ["timestamptz_mi_interval_at_zone", 2],
]);

/** The translation needs the offsets of a zone; it has to be tried again when they are there. */
export class ZoneWanted extends Error {
  override readonly name = "ZoneWanted";
  readonly zone: string;

  constructor(zone: string) {
    super(`the offsets of the time zone "${zone}" are wanted`);
    this.zone = zone;
  }
}

/** The call with the offsets of the zone that it reckons in, where it does so and the zone has more than one. */
export function withZone(call: CallExpression, zones: ReadonlyMap<string, TimeZoneTable>): CallExpression {
  const position = ZONE_ARGUMENTS.get(call.name);
  if (position === undefined) return call;
  const arg = call.args[position];
  if (arg?.kind !== "constant") {
    throw unsupported(`the time zone of ${call.name}() is no constant`, {
      detail:
        "A value may also be a rule such as 'ABC+3:07XYZ', or an abbreviation: there is no list of all zones whose offsets could be held.",
      hint: "Name the zone in full, such as 'Europe/Berlin'.",
    });
  }
  if (arg.value === null) return call;
  const name = Buffer.from(arg.value, "latin1").toString("utf8");
  if (!needsZoneTable(name)) return call;
  const zone = zones.get(name);
  if (zone === undefined) throw new ZoneWanted(name);
  return { ...call, zone };
}

/** The zones whose offsets are in the plan. */
export function zoneTablesIn(plan: object): readonly TimeZoneTable[] {
  const tables = new Map<string, TimeZoneTable>();
  JSON.parse(JSON.stringify(plan), (key: string, value: unknown): unknown => {
    if (key === "zone" && isZoneTable(value)) tables.set(value.timeZone, value);
    return value;
  });
  return [...tables.values()];
}

function isZoneTable(value: unknown): value is TimeZoneTable {
  return typeof value === "object" && value !== null && "timeZone" in value && "offsets" in value;
}
