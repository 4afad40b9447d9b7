import type { Command } from "@freshet/sql";
import type { Answer, CommandResult, Miss, PreparedRoute } from "./front-ports.ts";
import type { Segment } from "./segment.ts";

/** A portal whose rows a cache has answered. */
export interface AnsweredPortal {
  readonly kind: "answer";
  readonly answer: Answer;
  readonly route: PreparedRoute;
  readonly formats: readonly number[];
  readonly segment: Segment;
  /** Rows sent so far. */
  position: number;
}

/** A portal of one of Freshet's commands. */
export interface CommandPortal {
  readonly kind: "command";
  readonly command: Command;
  readonly formats: readonly number[];
  readonly segment: Segment;
  /** Null until it has run. */
  result: CommandResult | null;
  position: number;
}

/** A portal that lives upstream. */
export interface ForwardedPortal {
  readonly kind: "forwarded";
  readonly route: PreparedRoute | null;
  readonly miss: Miss;
}

export type Portal = AnsweredPortal | CommandPortal | ForwardedPortal;
