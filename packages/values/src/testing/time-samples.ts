import fc from "fast-check";
import { sample } from "./sampling.ts";

/** Days since 2000-01-01. */
export function days(): number[] {
  const random = fc.oneof(
    fc.integer({ min: -2_451_545, max: 2_145_031_948 }),
    fc.integer({ min: -800_000, max: 800_000 }),
    fc.integer({ min: -20_000, max: 20_000 }),
  );
  const listed = [
    0, 1, -1, -2_451_545, 2_145_031_948, 0x7fff_ffff, -0x8000_0000, -730_119, -730_120, -730_485, 2_921_939, 2_921_940,
  ];
  return [...listed, ...sample(random.map(String), 1500).map(Number)];
}

/** Microseconds since 2000-01-01 00:00. */
export function micros(): bigint[] {
  const min = -211_813_488_000_000_000n;
  const max = 9_223_371_331_199_999_999n;
  const random = fc.oneof(
    fc.bigInt({ min, max }),
    fc.bigInt({ min: -2_000_000_000_000_000n, max: 2_000_000_000_000_000n }),
    fc.bigInt({ min: -2_000_000_000n, max: 2_000_000_000n }).map((value) => value * 1_000_000n),
    fc.bigInt({ min: -2_000_000_000_000n, max: 2_000_000_000_000n }).map((value) => value * 1000n),
  );
  return [
    0n,
    1n,
    -1n,
    100n,
    -100n,
    500_000n,
    min,
    max,
    (1n << 63n) - 1n,
    -(1n << 63n),
    ...sample(random.map(String), 1500).map(BigInt),
  ];
}

/** Texts of intervals with fields of any sign; many with the same span. */
export function intervals(): string[] {
  const small = fc.integer({ min: -40, max: 40 });
  const time = fc.oneof(
    fc.constantFrom(0, 24, -24, 1, -1, 23, 25).map((hours) => `${hours}:00:00`),
    fc
      .tuple(
        fc.constantFrom("", "-", "+"),
        fc.integer({ min: 0, max: 99_999 }),
        fc.integer({ min: 0, max: 59_999_999 }),
      )
      .map(([s, hours, micros]) => `${s}${hours}:07:${(micros / 1e6).toFixed(6).padStart(9, "0")}`),
  );
  const several = fc
    .tuple(small, fc.integer({ min: -30, max: 30 }), small, time)
    .map(([years, months, days, clock]) => `${years} years ${months} mons ${days} days ${clock}`);
  const single = fc
    .tuple(fc.integer({ min: -3, max: 3 }), fc.constantFrom("year", "mon", "day", "hour", "min", "sec", "week"))
    .map(([count, unit]) => `${count} ${unit}`);
  const listed = [
    "0",
    "1 month",
    "30 days",
    "720 hours",
    "-1 month",
    "-30 days",
    "1 year",
    "12 months",
    "360 days",
    "1 mon -30 days",
    "1 day 00:00:01",
    "24:00:01",
    "1 sec",
    "-1 sec",
    "1.5 secs",
    "-0.000001 sec",
    "178956970 years 7 mons 2147483647 days 2562047788:00:54.775806",
    "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807",
    "2147483647 days",
    "-2147483648 mons",
    "infinity",
    "-infinity",
    "P1Y2M3DT4H5M6.7S",
    "1 day ago",
    "@ 1 min",
  ];
  return [...listed, ...sample(fc.oneof(several, several, single), 1500)];
}

const timeOfDay = fc
  .integer({ min: 0, max: 86_399 })
  .map((seconds) => new Date(seconds * 1000).toISOString().slice(11, 19));

export function times(): string[] {
  const precise = fc
    .tuple(timeOfDay, fc.nat(999_999))
    .map(([time, micros]) => `${time}.${String(micros).padStart(6, "0")}`);
  const listed = ["00:00", "24:00:00", "23:59:59.999999", "12:00:00.5", " 01:02:03 ", "04:05"];
  return [...listed, ...sample(fc.oneof(timeOfDay, precise), 500)];
}

export function zonedTimes(): string[] {
  const zone = fc.constantFrom("+00", "-00", "+01", "-08", "+05:30", "-03:30", "+15:59:59", "-15:59", "+00:00:01", "Z");
  const hourly = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, "0")}:00:00`);
  const random = fc.tuple(fc.oneof(timeOfDay, hourly, hourly), zone).map((parts) => parts.join(""));
  return [
    "00:00+00",
    "24:00:00-15:59:59",
    "24:00:00+00",
    "12:00:00",
    "01:00:00+01",
    "02:00:00+02",
    ...sample(random, 800),
  ];
}
