import type { Command } from "@freshet/sql";
import type { CacheFront, KeptQuestions, PointReads, PreparedRoute, SessionFacts } from "./front-ports.ts";
import type { Segment } from "./segment.ts";

/** The short ways to answers that a session has while its facts are these, and this is who answers. */
export interface KeptWay {
  readonly front: CacheFront;
  readonly facts: SessionFacts;
  readonly questions: KeptQuestions | null;
  /** Null for simple queries. */
  readonly points: PointReads | null;
}

/** A prepared statement as the session knows it. */
export interface PreparedStatement {
  readonly name: string;
  /** Null: its text could not be looked into. */
  readonly route: PreparedRoute | null;
  readonly typeOids: readonly number[];
  /** Freshet's own command; never sent upstream. */
  readonly command: Command | null;
  /** The whole Parse message, kept while the upstream has not got it. */
  parseMessage: Buffer | null;
  /** The segment whose fate decides whether the statement exists, until that is known. */
  sentIn?: Segment | null;
  /** Parse's body behind the name, kept where connections are shared; left out for what is too large to be kept. */
  readonly body?: Buffer;
  kept?: KeptWay;
  /** The whole Parse message, of an unnamed statement that was taken from a cache's description when the session's facts were these. */
  repeatable?: { readonly facts: SessionFacts; readonly message: Buffer };
  /** Its name on servers, and the digest that it was made with. */
  remapped?: { readonly digest: string; readonly name: string };
}
