import type { Command } from "@freshet/sql";
import type { PreparedRoute } from "./front-ports.ts";
import type { Segment } from "./segment.ts";

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
  /** Its name on servers, and the digest that it was made with. */
  remapped?: { readonly digest: string; readonly name: string };
}
