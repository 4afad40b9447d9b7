import { FreshetError, SqlState, processId } from "@freshet/base";
import type { Pools, ShutdownTime } from "../pool/pools.ts";
import { CONSOLE_TABLES, type ConsoleTable } from "./console-tables.ts";

export interface ConsoleAnswer {
  readonly tag: string;
  /** Null: the command has no rows. */
  readonly table: ConsoleTable | null;
}

const COMMAND = /^([a-z]+)(?:\s+("(?:[^"]|"")+"|[^\s";]+))?\s*;?$/i;
/** What a look costs nobody anything. */
const LOOKING = new Set(["SHOW"]);
/** Tables that say the same in every process. */
const SAME_IN_ALL = new Set(["CONFIG", "VERSION", "HELP"]);

/** The columns that a command's answer will have; null: it has no rows. Throws a FreshetError for what is no command. */
export function describeConsoleCommand(pools: Pools, text: string): readonly string[] | null {
  const { command, name } = parse(text);
  if (command === "SHOW") return columnsOf(pools, name);
  if (CHANGES[command] === undefined) throw unknownCommand();
  return null;
}

/** Runs one command of the admin console. Rejects with a FreshetError. `mayChange`: the client is one of admin_users. */
export async function runConsoleCommand(pools: Pools, text: string, mayChange: boolean): Promise<ConsoleAnswer> {
  const { command, name } = parse(text);
  if (!LOOKING.has(command) && command in CHANGES && !mayChange) {
    throw new FreshetError(SqlState.insufficientPrivilege, `permission denied for ${command}`, {
      hint: "Only users in admin_users may do that.",
    });
  }
  if (command === "SHOW") return { tag: "SHOW", table: await showAll(pools, name, text) };
  if (command === "SHUTDOWN") {
    await Promise.all([pools.quiesce(shutdownMode(name)), pools.family?.ask(text)]);
    await pools.shutDown("now");
    return { tag: command, table: null };
  }
  const change = CHANGES[command];
  if (change === undefined) throw unknownCommand();
  await Promise.all([change(pools, name), pools.family?.ask(text)]);
  return { tag: command, table: null };
}

/** What another process asks for one of its administrators: done, or shown, in this process alone. */
export async function consoleHere(pools: Pools, text: string): Promise<ConsoleTable["rows"]> {
  const { command, name } = parse(text);
  if (command === "SHOW") return show(pools, name).rows;
  const change = CHANGES[command];
  if (change === undefined) throw unknownCommand();
  await change(pools, name);
  return [];
}

function columnsOf(pools: Pools, name: string | null): readonly string[] {
  const { columns } = show(pools, name);
  return isOfAll(pools, name) ? [...columns, "process"] : columns;
}

/** Whether each process has rows of its own. */
function isOfAll(pools: Pools, name: string | null): boolean {
  return pools.family !== null && !SAME_IN_ALL.has((name ?? "HELP").toUpperCase());
}

async function showAll(pools: Pools, name: string | null, text: string): Promise<ConsoleTable> {
  const own = show(pools, name);
  if (!isOfAll(pools, name)) return own;
  const others = (await pools.family?.ask(text)) ?? [];
  const parts = [{ process: processId(), rows: own.rows }, ...others];
  const rows = parts.flatMap((part) => part.rows.map((row) => [...row, String(part.process)]));
  return { columns: columnsOf(pools, name), rows };
}

function parse(text: string): { readonly command: string; readonly name: string | null } {
  const [, verb = "", argument] = COMMAND.exec(text.trim()) ?? [];
  const name = argument?.startsWith('"') === true ? argument.slice(1, -1).replaceAll('""', '"') : (argument ?? null);
  return { command: verb.toUpperCase(), name };
}

function unknownCommand(): FreshetError {
  return new FreshetError(SqlState.syntaxError, "unknown command", { hint: "SHOW HELP lists the commands." });
}

function show(pools: Pools, name: string | null): ConsoleTable {
  const make = CONSOLE_TABLES[(name ?? "HELP").toUpperCase()];
  if (make === undefined)
    throw new FreshetError(SqlState.syntaxError, `unknown table "${name ?? ""}"`, {
      hint: `There are ${Object.keys(CONSOLE_TABLES).join(", ")}.`,
    });
  return make(pools);
}

const CHANGES: Readonly<Record<string, (pools: Pools, name: string | null) => void | Promise<void>>> = {
  PAUSE: (pools, name) => pools.pause(name),
  RESUME: (pools, name) => pools.resume(name),
  RECONNECT: (pools, name) => pools.reconnect(name),
  KILL: (pools, name) => pools.kill(name),
  ENABLE: (pools, name) => pools.enable(named("ENABLE", name)),
  DISABLE: (pools, name) => pools.disable(named("DISABLE", name)),
  RELOAD: (pools) => pools.reload(),
  // Whoever was asked ends all processes.
  SHUTDOWN: (pools, how) => pools.quiesce(shutdownMode(how)),
};

function named(command: string, name: string | null): string {
  if (name !== null) return name;
  throw new FreshetError(SqlState.syntaxError, `${command} needs the name of a database`);
}

function shutdownMode(how: string | null): ShutdownTime {
  switch (how?.toUpperCase()) {
    case undefined:
      return "now";
    case "WAIT_FOR_SERVERS":
      return "servers";
    case "WAIT_FOR_CLIENTS":
      return "clients";
    default:
      throw new FreshetError(SqlState.syntaxError, "SHUTDOWN waits for WAIT_FOR_SERVERS or WAIT_FOR_CLIENTS");
  }
}
