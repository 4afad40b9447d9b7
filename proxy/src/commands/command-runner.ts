import { FreshetError, SqlState, unreachable } from "@freshet/base";
import type { Command } from "@freshet/sql";
import type { CommandColumn, CommandContext, CommandResult, CommandRunner } from "../session/front-ports.ts";
import { COMMAND_COLUMNS } from "./command-columns.ts";
import type { CommandParts } from "./command-parts.ts";
import { createCache } from "./create-cache.ts";
import { explainCreateCache, explainLastStatement } from "./explain.ts";
import { showCaches, showProxiedQueries, showStatus } from "./show.ts";

/** Freshet's own statements. */
export class Commands implements CommandRunner {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  columns(command: Command): readonly CommandColumn[] {
    return COMMAND_COLUMNS[command.kind];
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
