import { must } from "@freshet/base";
import type { AggregateCall, ListAggregateName } from "@freshet/sql";
import type { Codec, CodecSet } from "@freshet/values";
import { requireCodec } from "../expression/unsupported.ts";
import { elementArrayAgg, sliceArrayAgg } from "./array-agg.ts";
import type { ListAggregate } from "./collector.ts";
import { jsonAgg, jsonbAgg } from "./json-agg.ts";
import { jsonbObjectAgg, jsonObjectAgg } from "./json-object-agg.ts";
import { rangeAgg, rangeIntersectAgg } from "./range-agg.ts";
import { stringAgg } from "./string-agg.ts";

/** The aggregate that makes one value of all rows of a group. Throws a FreshetError (0A000) for argument types it does not know. */
export function createListAggregate(name: ListAggregateName, call: AggregateCall, codecs: CodecSet): ListAggregate {
  const value = requireCodec(must(call.arg).type, codecs);
  const second = (): Codec => requireCodec(must(call.rest?.[0]).type, codecs);
  const rules = { strict: name.endsWith("_strict"), unique: name.includes("_unique") };
  switch (name) {
    case "string_agg":
      return stringAgg;
    case "array_agg":
      // The elements of an array of a domain's values are the domain's, though the values are the base type's.
      return value.element === undefined
        ? elementArrayAgg(must(requireCodec(call.type, codecs).element).oid)
        : sliceArrayAgg(value.element.oid);
    case "range_agg":
      return rangeAgg(value);
    case "range_intersect_agg":
      return rangeIntersectAgg(value);
    case "json_agg":
    case "json_agg_strict":
      return jsonAgg(value, rules.strict, codecs);
    case "jsonb_agg":
    case "jsonb_agg_strict":
      return jsonbAgg(value, rules.strict, codecs);
    case "json_object_agg":
    case "json_object_agg_strict":
    case "json_object_agg_unique":
    case "json_object_agg_unique_strict":
      return jsonObjectAgg(value, second(), rules, codecs);
    case "jsonb_object_agg":
    case "jsonb_object_agg_strict":
    case "jsonb_object_agg_unique":
    case "jsonb_object_agg_unique_strict":
      return jsonbObjectAgg(value, second(), rules, codecs);
  }
}
