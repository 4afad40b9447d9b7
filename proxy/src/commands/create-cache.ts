import { FreshetError, SqlState } from "@freshet/base";
import { type Command, inspectStatement } from "@freshet/sql";
import type { CacheRequest } from "../caches/cache.ts";
import type { CommandContext, CommandResult } from "../session/front-ports.ts";
import { parseTarget } from "../write-back/target.ts";
import { readOptions } from "./cache-options.ts";
import type { CommandParts } from "./command-parts.ts";
import { assertMayWrite } from "./permissions.ts";

type CreateCache = Extract<Command, { kind: "create-cache" }>;
export type CacheSource = CreateCache["source"];

export async function createCache(
  parts: CommandParts,
  command: CreateCache,
  context: CommandContext,
): Promise<CommandResult> {
  const options = readOptions(command.options);
  const text = sourceText(parts, command.source);
  const { queryId } = inspectStatement(text);
  const name = command.name ?? parts.catalog.freeName(queryId);
  const existing = parts.catalog.byName(name);
  if (existing !== undefined && command.ifNotExists) {
    context.notice(`cache "${name}" already exists, skipping`);
    return { tag: "CREATE CACHE", rows: [] };
  }
  assertDatabase(parts, context);
  if (options.writeTo !== null) await assertMayWrite(parts.ask, context.facts.role, parseTarget(options.writeTo));
  const request: CacheRequest = {
    name,
    text,
    queryId,
    searchPath: context.facts.schemas,
    owner: context.facts.role,
    ...options,
  };
  try {
    const notice = (message: string, detail?: string): void => context.notice(message, detail);
    await parts.manager.create(request, command.concurrently, notice, context.signal);
  } catch (thrown) {
    if (!(command.ifNotExists && thrown instanceof FreshetError && thrown.code === SqlState.duplicateObject))
      throw thrown;
    context.notice(`${thrown.message}, skipping`);
    return { tag: "CREATE CACHE", rows: [] };
  }
  if (command.name === null) context.notice(`created cache "${name}"`);
  return { tag: "CREATE CACHE", rows: [] };
}

/** The SELECT behind FROM: given in full, or by the id that SHOW PROXIED QUERIES shows. */
export function sourceText(parts: CommandParts, source: CacheSource): string {
  if (source.kind === "select") return source.text;
  const query = parts.queries.get(source.id);
  if (query !== undefined) return query.example;
  throw new FreshetError(SqlState.undefinedObject, `query "${source.id}" is not known`, {
    hint: "SHOW PROXIED QUERIES lists the queries that went upstream since Freshet started.",
  });
}

export function assertDatabase(parts: CommandParts, context: CommandContext): void {
  if (context.facts.database === parts.database()) return;
  throw new FreshetError(SqlState.featureNotSupported, `caches are kept for database "${parts.database()}" only`, {
    detail: `This session is connected to database "${context.facts.database}".`,
    hint: `Connect to "${parts.database()}", or run another Freshet for this database.`,
  });
}
