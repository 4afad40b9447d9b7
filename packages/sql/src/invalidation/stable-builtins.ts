/**
 * STABLE functions of pg_catalog whose result follows from their arguments, the session's settings and the schema alone:
 * not from the clock, the session or the contents of tables. Answers are kept per settings, so these may be called.
 * Missing on purpose: those that read text by the input function of a type that is only known at run time
 * (json_populate_record …), and those of `timetz`, whose offset may be that of the current date.
 */
const NAMES = `
  anytextcat textanycat concat concat_ws format array_to_string quote_literal quote_nullable
  to_char to_date to_number to_timestamp money numeric length convert convert_from convert_to xml
  array_to_json row_to_json to_json to_jsonb json_build_array json_build_object jsonb_build_array jsonb_build_object
  json_agg json_agg_strict json_agg_transfn json_agg_strict_transfn json_object_agg json_object_agg_strict
  json_object_agg_unique json_object_agg_unique_strict json_object_agg_transfn json_object_agg_strict_transfn
  json_object_agg_unique_transfn json_object_agg_unique_strict_transfn jsonb_agg jsonb_agg_strict jsonb_agg_transfn
  jsonb_agg_finalfn jsonb_agg_strict_transfn jsonb_object_agg_transfn jsonb_object_agg_finalfn
  jsonb_object_agg_strict_transfn jsonb_object_agg_unique_transfn jsonb_object_agg_unique_strict_transfn
  jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_tz jsonb_path_query_array_tz jsonb_path_query_first_tz
  date_add date_subtract date_part date_trunc extract generate_series in_range make_timestamptz overlaps
  date time timestamp timestamptz timezone interval_pl_timestamptz timestamptz_mi_interval timestamptz_pl_interval
  date_cmp_timestamptz date_eq_timestamptz date_ge_timestamptz date_gt_timestamptz date_le_timestamptz date_lt_timestamptz
  date_ne_timestamptz timestamp_cmp_timestamptz timestamp_eq_timestamptz timestamp_ge_timestamptz
  timestamp_gt_timestamptz timestamp_le_timestamptz timestamp_lt_timestamptz timestamp_ne_timestamptz
  timestamptz_cmp_date timestamptz_cmp_timestamp timestamptz_eq_date timestamptz_eq_timestamp timestamptz_ge_date
  timestamptz_ge_timestamp timestamptz_gt_date timestamptz_gt_timestamp timestamptz_le_date timestamptz_le_timestamp
  timestamptz_lt_date timestamptz_lt_timestamp timestamptz_ne_date timestamptz_ne_timestamp
  enum_first enum_last enum_range current_database getdatabaseencoding
  to_tsvector json_to_tsvector jsonb_to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery
  ts_headline ts_match_tq ts_match_tt xml_is_well_formed
`;

const FOLLOWING_SETTINGS: ReadonlySet<string> = new Set(NAMES.split(/\s+/).filter((name) => name !== ""));

/** Output functions of the same kind; every other STABLE one depends on the names in the catalog. */
const OUTPUTS: ReadonlySet<string> = new Set([
  "date_out",
  "timestamp_out",
  "timestamptz_out",
  "interval_out",
  "cash_out",
  "array_out",
  "record_out",
  "range_out",
  "enum_out",
  "multirange_out",
]);

const TIMETZ = 1266;

export interface StableFunction {
  readonly schema: string;
  readonly name: string;
  readonly arguments: readonly number[];
}

export function followsSettings({ schema, name, arguments: types }: StableFunction): boolean {
  return schema === "pg_catalog" && FOLLOWING_SETTINGS.has(name) && !types.includes(TIMETZ);
}

/** `age(x)` counts from the beginning of the current day. */
export function followsDay({ schema, name, arguments: types }: StableFunction): boolean {
  return schema === "pg_catalog" && name === "age" && types.length === 1 && (types[0] === 1114 || types[0] === 1184);
}

export function outputFollowsSettings(name: string): boolean {
  return OUTPUTS.has(name);
}
