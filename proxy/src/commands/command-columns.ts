import type { Command } from "@freshet/sql";
import type { CommandColumn } from "../session/front-ports.ts";

const TEXT = 25;
const INT8 = 20;
const FLOAT8 = 701;

const text = (name: string): CommandColumn => ({ name, typeOid: TEXT });
const int8 = (name: string): CommandColumn => ({ name, typeOid: INT8 });
const float8 = (name: string): CommandColumn => ({ name, typeOid: FLOAT8 });

/** What each of Freshet's own statements answers with; empty for those without rows. */
export const COMMAND_COLUMNS: Readonly<Record<Command["kind"], readonly CommandColumn[]>> = {
  "create-cache": [],
  "drop-cache": [],
  "drop-all-caches": [],
  "show-caches": [
    text("name"),
    text("query_id"),
    text("query"),
    text("mode"),
    text("state"),
    text("reason"),
    int8("rows"),
    int8("bytes"),
    int8("hits"),
    int8("misses"),
    text("applied_lsn"),
    float8("lag_ms"),
    text("write_to"),
    text("written_lsn"),
    int8("max_bytes"),
  ],
  "show-proxied-queries": [
    text("query_id"),
    text("query"),
    int8("count"),
    float8("total_ms"),
    float8("mean_ms"),
    text("cacheable"),
  ],
  "show-status": [text("name"), text("value")],
  "explain-create-cache": [text("property"), text("value")],
  "explain-last-statement": [text("destination"), text("reason"), text("cache"), text("lsn"), text("replica")],
};
