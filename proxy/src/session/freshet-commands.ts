import { FreshetError, SqlState } from "@freshet/base";
import type { Command } from "@freshet/sql";
import {
  type FieldDescription,
  NO_DATA,
  encodeCommandComplete,
  encodeDataRow,
  encodeErrorResponse,
  encodeNoticeResponse,
  encodeRowDescription,
  toFreshetError,
} from "@freshet/wire";
import { encodeCommandValue, typeLength } from "./command-values.ts";
import { flushUpstream } from "./forwarding.ts";
import type { CommandColumn, CommandResult, SessionFacts } from "./front-ports.ts";
import { canProbe, probe } from "./routing.ts";
import type { SessionState } from "./session-state.ts";

/**
 * Freshet's own statements. They run outside the upstream's transaction: an open transaction block is
 * neither looked at nor changed by them, whether they succeed or fail.
 */
export async function runSimpleCommand(state: SessionState, parse: () => Command): Promise<void> {
  state.statements.delete("");
  try {
    const command = parse();
    const result = await runCommand(state, command);
    const columns = state.services.commands.columns(command);
    const parts = columns.length === 0 ? [] : [commandDescription(columns, [])];
    parts.push(commandRows(columns, result, [], 0, result.rows.length), encodeCommandComplete(result.tag));
    state.expected.local(Buffer.concat(parts));
  } catch (thrown) {
    state.expected.local(commandError(state, thrown));
  }
  state.expected.localReady();
  state.endSegment();
}

/** Runs one command when everything before it has been answered; its notices leave at once. */
export async function runCommand(state: SessionState, command: Command): Promise<CommandResult> {
  if (!state.expected.idle) {
    flushUpstream(state);
    state.upstream.flush();
    await state.expected.whenIdle();
  }
  const facts = await commandFacts(state);
  const interruption = new AbortController();
  state.interruption = interruption;
  try {
    return await runWith(state, command, facts, interruption.signal);
  } finally {
    state.interruption = null;
  }
}

function runWith(
  state: SessionState,
  command: Command,
  facts: SessionFacts,
  signal: AbortSignal,
): Promise<CommandResult> {
  return state.services.commands.run(command, {
    facts,
    signal,
    last: state.last,
    notice: (message, detail) => {
      if (state.closed) return;
      state.client.message(encodeNoticeResponse(message, detail));
      state.client.flush();
    },
  });
}

/**
 * Facts for a command. Inside a transaction block the last known ones are used, since a probe would
 * count as one of its queries; only a session that has none yet is probed there.
 */
async function commandFacts(state: SessionState): Promise<SessionFacts> {
  const { facts } = state;
  const mayProbe = canProbe(state) && (state.status === "I" || (state.status === "T" && facts.last === null));
  if (facts.current === null && mayProbe) await probe(state);
  const known = facts.current ?? facts.last;
  if (known !== null) return known;
  throw new FreshetError(
    SqlState.objectNotInPrerequisiteState,
    "the session's settings could not be read from the upstream server",
    {
      hint: "Run the command outside a transaction block, on a primary server.",
    },
  );
}

export function commandError(state: SessionState, thrown: unknown): Buffer {
  if (!(thrown instanceof FreshetError))
    state.services.logger.error({ error: thrown }, "a command failed unexpectedly");
  return encodeErrorResponse(toFreshetError(thrown));
}

/** RowDescription, or NoData for a command without rows. */
export function commandDescription(columns: readonly CommandColumn[], formats: readonly number[]): Buffer {
  if (columns.length === 0) return NO_DATA;
  const fields = columns.map((column, index): FieldDescription => ({
    name: column.name,
    tableOid: 0,
    attribute: 0,
    typeOid: column.typeOid,
    typeLength: typeLength(column.typeOid),
    typmod: -1,
    format: formatOf(formats, index),
  }));
  return encodeRowDescription(fields);
}

/** DataRow messages of rows [from, to). */
export function commandRows(
  columns: readonly CommandColumn[],
  result: CommandResult,
  formats: readonly number[],
  from: number,
  to: number,
): Buffer {
  const rows = result.rows.slice(from, to).map((row) =>
    encodeDataRow(
      row.map((value, index) => {
        if (value === null) return null;
        return formatOf(formats, index) === 0
          ? Buffer.from(value)
          : encodeCommandValue(columns[index]?.typeOid ?? 0, value);
      }),
    ),
  );
  return Buffer.concat(rows);
}

function formatOf(formats: readonly number[], index: number): number {
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
}
