import { FreshetError, SqlState, must } from "@freshet/base";
import {
  BIND_COMPLETE,
  CLOSE_COMPLETE,
  FrontendType,
  type MessageScanner,
  NO_DATA,
  PARSE_COMPLETE,
  PORTAL_SUSPENDED,
  decodeBind,
  decodeExecute,
  decodeParse,
  decodeTarget,
  encodeCommandComplete,
  encodeParameterDescription,
  protocolViolation,
} from "@freshet/wire";
import type { ConsoleAnswer } from "./console-command.ts";
import { consoleDescription, consoleRow } from "./console-rows.ts";

type Piece = Pick<MessageScanner, "type" | "buffer" | "start" | "end">;

export interface ConsoleCommands {
  run(text: string): Promise<ConsoleAnswer>;
  /** Of the answer; null: it has no rows. */
  columns(text: string): readonly string[] | null;
}

interface ConsolePortal {
  readonly text: string;
  readonly formats: readonly number[];
  /** Null: not run yet. */
  answer: ConsoleAnswer | null;
  sent: number;
}

const EXTENDED = new Set<number>([
  FrontendType.parse,
  FrontendType.bind,
  FrontendType.describe,
  FrontendType.execute,
  FrontendType.close,
]);

/** Whether a message is one of the extended protocol's, other than Sync and Flush. */
export function isExtended(type: number): boolean {
  return EXTENDED.has(type);
}

/** The console's statements and portals, for drivers that know no other protocol. Everything is text, in either format. */
export class ConsoleExtended {
  readonly #commands: ConsoleCommands;
  readonly #statements = new Map<string, string>();
  readonly #portals = new Map<string, ConsolePortal>();

  constructor(commands: ConsoleCommands) {
    this.#commands = commands;
  }

  /** Sync, and a simple Query, end the portals: there are no transactions. */
  endSegment(): void {
    this.#portals.clear();
  }

  /** What a message is answered with. Rejects with a FreshetError, after which all is skipped up to Sync. */
  async answer(piece: Piece): Promise<readonly Buffer[]> {
    const { type, buffer, start, end } = piece;
    switch (type) {
      case FrontendType.parse:
        return this.#parse(piece);
      case FrontendType.bind:
        return this.#bind(piece);
      case FrontendType.describe: {
        const { target, name } = decodeTarget(buffer, start, end);
        return this.#describe(target, name);
      }
      case FrontendType.execute: {
        const { portal, maxRows } = decodeExecute(buffer, start, end);
        return this.#execute(this.#portal(portal), maxRows);
      }
      case FrontendType.close: {
        const { target, name } = decodeTarget(buffer, start, end);
        (target === "statement" ? this.#statements : this.#portals).delete(name);
        return [CLOSE_COMPLETE];
      }
      default:
        throw protocolViolation(`invalid frontend message type ${type}`);
    }
  }

  #parse({ buffer, start, end }: Piece): readonly Buffer[] {
    const { name, query } = decodeParse(buffer, start, end);
    if (name !== "" && this.#statements.has(name))
      throw new FreshetError("42P05", `prepared statement "${name}" already exists`);
    if (name !== "" && this.#statements.size >= MAX_STATEMENTS)
      throw new FreshetError(SqlState.configurationLimitExceeded, "too many prepared statements on the admin console");
    this.#statements.set(name, query.text);
    return [PARSE_COMPLETE];
  }

  #bind({ buffer, start, end }: Piece): readonly Buffer[] {
    const { portal, statement, values, resultFormats } = decodeBind(buffer, start, end);
    const text = this.#statement(statement);
    if (values.length > 0) throw protocolViolation("commands of the admin console have no parameters");
    if (portal !== "" && this.#portals.has(portal))
      throw new FreshetError("42P03", `cursor "${portal}" already exists`);
    this.#portals.set(portal, { text, formats: resultFormats, answer: null, sent: 0 });
    return [BIND_COMPLETE];
  }

  #describe(target: "statement" | "portal", name: string): readonly Buffer[] {
    const { text, formats } =
      target === "portal" ? this.#portal(name) : { text: this.#statement(name), formats: [] as const };
    const columns = this.#commands.columns(text);
    const rows = columns === null ? NO_DATA : consoleDescription(columns, formats);
    return target === "portal" ? [rows] : [encodeParameterDescription([]), rows];
  }

  async #execute(portal: ConsolePortal, maxRows: number): Promise<readonly Buffer[]> {
    portal.answer ??= await this.#commands.run(portal.text);
    const { tag, table } = portal.answer;
    const rows = table?.rows ?? [];
    const end = maxRows > 0 ? Math.min(rows.length, portal.sent + maxRows) : rows.length;
    const sent = rows.slice(portal.sent, end).map(consoleRow);
    portal.sent = end;
    return [...sent, end < rows.length ? PORTAL_SUSPENDED : encodeCommandComplete(tag)];
  }

  #statement(name: string): string {
    if (!this.#statements.has(name))
      throw new FreshetError(
        "26000",
        name === "" ? "unnamed prepared statement does not exist" : `prepared statement "${name}" does not exist`,
      );
    return must(this.#statements.get(name));
  }

  #portal(name: string): ConsolePortal {
    const portal = this.#portals.get(name);
    if (portal === undefined) throw new FreshetError("34000", `portal "${name}" does not exist`);
    return portal;
  }
}

const MAX_STATEMENTS = 1000;
