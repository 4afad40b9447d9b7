/**
 * Built-in functions whose call changes neither data nor the session's state. Left out on purpose:
 * everything that writes, signals, locks, sleeps, sets, consumes (nextval, txid_current …) or runs a query given as text.
 */
const NAMES = `
  count sum avg min max any_value bool_and bool_or every bit_and bit_or bit_xor string_agg array_agg xmlagg
  json_agg jsonb_agg json_agg_strict jsonb_agg_strict json_object_agg jsonb_object_agg json_object_agg_strict
  jsonb_object_agg_strict json_object_agg_unique jsonb_object_agg_unique range_agg range_intersect_agg
  corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
  stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_cont percentile_disc grouping
  row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value

  abs cbrt ceil ceiling degrees div erf erfc exp factorial floor gamma gcd lcm lgamma ln log log10 min_scale mod pi power pow radians round
  scale sign sqrt trim_scale trunc width_bucket random random_normal acos acosd asin asind atan atand atan2 atan2d cos cosd
  cot cotd sin sind tan tand sinh cosh tanh asinh acosh atanh numeric_inc int4 int8 int2 float4 float8 numeric

  ascii bit_length btrim casefold char_length character_length chr concat concat_ws convert convert_from convert_to decode encode format
  initcap left length lower lpad ltrim md5 normalize octet_length overlay parse_ident position quote_ident quote_literal
  quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
  regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim split_part starts_with string_to_array
  string_to_table strpos substr substring text to_ascii to_bin to_hex to_oct translate trim unicode_assigned unistr upper
  bit_count get_bit get_byte set_bit set_byte sha224 sha256 sha384 sha512 crc32 crc32c is_normalized similar_to_escape like_escape
  like notlike textcat name bpchar varchar

  age clock_timestamp date date_add date_bin date_part date_subtract date_trunc extract isfinite justify_days justify_hours
  justify_interval localtime localtimestamp make_date make_interval make_time make_timestamp make_timestamptz now overlaps
  statement_timestamp timeofday timezone to_char to_date to_number to_timestamp transaction_timestamp timestamp timestamptz
  time timetz interval

  array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position array_positions
  array_prepend array_remove array_replace array_reverse array_sample array_shuffle array_sort array_to_string array_upper
  cardinality trim_array unnest generate_series generate_subscripts

  array_to_json json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each
  json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_populate_record
  json_populate_recordset json_scalar json_serialize json_strip_nulls json_to_record json_to_recordset json_typeof
  jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_concat
  jsonb_contained jsonb_contains jsonb_each jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path
  jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match
  jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first
  jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_set
  jsonb_set_lax jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb

  isempty lower_inc lower_inf upper_inc upper_inf range_merge multirange int4range int8range numrange tsrange tstzrange
  daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange

  gen_random_uuid uuidv4 uuidv7 uuid_extract_timestamp uuid_extract_version
  num_nonnulls num_nulls enum_first enum_last enum_range
  area box center circle diagonal diameter height isclosed isopen line lseg npoints path pclose point polygon popen radius slope width
  abbrev broadcast cidr family host hostmask inet inet_merge inet_same_family macaddr8_set7bit masklen netmask network set_masklen
  numnode plainto_tsquery phraseto_tsquery querytree setweight strip to_tsquery to_tsvector array_to_tsvector
  json_to_tsvector jsonb_to_tsvector ts_delete ts_filter ts_headline ts_rank ts_rank_cd ts_rewrite tsquery_phrase
  tsvector_to_array websearch_to_tsquery get_current_ts_config
  xmlcomment xmlconcat xpath xpath_exists xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xmlexists

  current_catalog current_database current_query current_role current_schema current_schemas current_setting current_user
  session_user user system_user version pg_backend_pid pg_client_encoding pg_conf_load_time pg_is_in_recovery
  pg_postmaster_start_time pg_my_temp_schema pg_is_other_temp_schema pg_trigger_depth pg_jit_available row_security_active
  inet_client_addr inet_client_port inet_server_addr inet_server_port pg_blocking_pids pg_safe_snapshot_blocking_pids
  has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege
  has_function_privilege has_language_privilege has_largeobject_privilege has_parameter_privilege has_schema_privilege
  has_sequence_privilege has_server_privilege has_table_privilege has_tablespace_privilege has_type_privilege pg_has_role
  acldefault aclexplode aclcontains makeaclitem
  pg_collation_is_visible pg_conversion_is_visible pg_function_is_visible pg_opclass_is_visible pg_operator_is_visible
  pg_opfamily_is_visible pg_statistics_obj_is_visible pg_table_is_visible pg_ts_config_is_visible pg_ts_dict_is_visible
  pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible
  format_type pg_get_catalog_foreign_keys pg_get_constraintdef pg_get_expr pg_get_function_arguments
  pg_get_function_identity_arguments pg_get_function_result pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef
  pg_get_keywords pg_get_object_address pg_get_partition_constraintdef pg_get_partkeydef pg_get_ruledef
  pg_get_serial_sequence pg_get_statisticsobjdef pg_get_triggerdef pg_get_userbyid pg_get_viewdef
  pg_get_replica_identity_index pg_identify_object pg_identify_object_as_address pg_describe_object pg_index_column_has_property
  pg_index_has_property pg_indexam_has_property pg_options_to_table pg_tablespace_databases pg_tablespace_location
  pg_typeof pg_basetype pg_char_to_encoding pg_encoding_to_char pg_encoding_max_length collation for
  to_regclass to_regcollation to_regnamespace to_regoper to_regoperator to_regproc to_regprocedure to_regrole to_regtype to_regtypemod
  col_description obj_description shobj_description pg_input_is_valid pg_input_error_info
  pg_current_snapshot pg_current_wal_flush_lsn pg_current_wal_insert_lsn pg_current_wal_lsn pg_last_wal_receive_lsn
  pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_wal_lsn_diff pg_walfile_name pg_snapshot_xip pg_snapshot_xmax
  pg_snapshot_xmin pg_visible_in_snapshot pg_xact_commit_timestamp pg_xact_status txid_current_if_assigned pg_current_xact_id_if_assigned
  txid_current_snapshot txid_snapshot_xip txid_snapshot_xmax txid_snapshot_xmin txid_status txid_visible_in_snapshot mxid_age
  pg_column_compression pg_column_size pg_column_toast_chunk_id pg_database_size pg_indexes_size pg_relation_filenode pg_relation_filepath
  pg_relation_size pg_size_bytes pg_size_pretty pg_table_size pg_tablespace_size pg_total_relation_size
  pg_partition_ancestors pg_partition_root pg_partition_tree pg_relation_is_publishable pg_get_publication_tables
  pg_show_all_settings pg_timezone_abbrevs pg_timezone_names pg_lock_status pg_cursor pg_prepared_statement pg_prepared_xact
  pg_sequence_parameters pg_sequence_last_value pg_get_multixact_members pg_available_extensions pg_available_extension_versions
  pg_stat_get_activity pg_stat_get_numscans pg_stat_get_tuples_returned pg_stat_get_live_tuples pg_stat_get_dead_tuples
`;

const HARMLESS = new Set(NAMES.split(/\s+/).filter((name) => name !== ""));

/** `path` is the function's name as written: unqualified, or in pg_catalog. Unknown ones are not harmless. */
export function isHarmlessFunction(path: readonly string[]): boolean {
  const [first = "", second] = path;
  if (path.length === 1) return HARMLESS.has(first);
  return path.length === 2 && first === "pg_catalog" && second !== undefined && HARMLESS.has(second);
}
