import { FreshetError, SqlState, unreachable } from "@freshet/base";
import type { Command } from "@freshet/sql";
import type { CommandColumn, CommandContext, CommandResult, CommandRunner } from "../session/front-ports.ts";
import type { CommandParts } from "./command-parts.ts";
import { createCache } from "./create-cache.ts";
import { explainCreateCache, explainLastStatement } from "./explain.ts";
import { showCaches, showProxiedQueries, showStatus } from "./show.ts";

const TEXT = 25;
const INT8 = 20;
const FLOAT8 = 701;

const text = (name: string): CommandColumn => ({ name, typeOid: TEXT });
const int8 = (name: string): CommandColumn => ({ name, typeOid: INT8 });
const float8 = (name: string): CommandColumn => ({ name, typeOid: FLOAT8 });

const COLUMNS: Readonly<Record<Command["kind"], readonly CommandColumn[]>> = {
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

/** Freshet's own statements. */
export class Commands implements CommandRunner {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  columns(command: Command): readonly CommandColumn[] {
    return COLUMNS[command.kind];
  }

  run(command: Command, context: CommandContext): Promise<CommandResult> {
    const parts = this.#parts;
    switch (command.kind) {
      case "create-cache":
        return createCache(parts, command, context);
      case "drop-cache":
        return dropCache(parts, command, context);
      case "drop-all-caches":
        return dropAllCaches(parts, context);
      case "show-caches":
        return showCaches(parts);
      case "show-proxied-queries":
        return showProxiedQueries(parts, context);
      case "show-status":
        return showStatus(parts);
      case "explain-create-cache":
        return explainCreateCache(parts, command, context);
      case "explain-last-statement":
        return Promise.resolve(explainLastStatement(context));
      default:
        return unreachable(command, "command");
    }
  }
}

async function dropCache(
  parts: CommandParts,
  command: Extract<Command, { kind: "drop-cache" }>,
  context: CommandContext,
): Promise<CommandResult> {
  const cache = parts.catalog.byName(command.name);
  if (cache === undefined) {
    if (!command.ifExists) throw new FreshetError(SqlState.undefinedObject, `cache "${command.name}" does not exist`);
    context.notice(`cache "${command.name}" does not exist, skipping`);
    return { tag: "DROP CACHE", rows: [] };
  }
  await parts.permissions.assertMayDrop(context.facts.role, [cache]);
  await parts.manager.drop(cache);
  return { tag: "DROP CACHE", rows: [] };
}

async function dropAllCaches(parts: CommandParts, context: CommandContext): Promise<CommandResult> {
  await parts.permissions.assertMayDrop(context.facts.role, parts.catalog.all());
  for (const cache of parts.catalog.all()) await parts.manager.drop(cache);
  return { tag: "DROP CACHE", rows: [] };
}
