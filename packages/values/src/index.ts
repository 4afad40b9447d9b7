export * from "./byte-writer.ts";
export * from "./codec.ts";
export * from "./codec-set.ts";
export { arrayOf, type ArrayValue, readArray, writeArray } from "./codecs/array-wire.ts";
export { recordField, writeRecord } from "./codecs/composite.ts";
export { readMultirange, writeMultirange } from "./codecs/multirange.ts";
export { normalizeRange, writeBoundKey } from "./codecs/range.ts";
export { type RangeBound as RangeValueBound, type RangeValue, readRange, writeRange } from "./codecs/range-wire.ts";
export { type CalendarDate, dateFromDays, daysFromDate } from "./codecs/calendar.ts";
export {
  INTERVAL_INFINITY,
  INTERVAL_NEGATIVE_INFINITY,
  intervalInfinity,
  intervalSpan,
  readInterval,
  writeInterval,
} from "./codecs/interval.ts";
export type { Interval } from "./codecs/interval-fields.ts";
export { hostText, networkAddress, networkBits, writeNetwork } from "./codecs/network.ts";
export { rangeKeyWriter } from "./codecs/range-keys.ts";
export { readZonedTime, writeZonedTime, type ZonedTime } from "./codecs/time.ts";
export { fixedOffset, offsetAt, offsetOfLocal } from "./codecs/time-zone.ts";
export { type TimeZoneTable, zoneOffsetAt, zoneOffsetOfLocal } from "./codecs/zone-table.ts";
export * from "./decimal.ts";
export * from "./internal-datum.ts";
export { decodeInternalRecord } from "./internal-record.ts";
export * from "./key-writer.ts";
export * from "./lsn.ts";
export * from "./oids.ts";
export * from "./row.ts";
export * from "./type.ts";
