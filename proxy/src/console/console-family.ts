/** One process's share of the answer to a console command. */
export interface ConsolePart {
  /** Its process id. */
  readonly process: number;
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The other processes that serve the same clients. */
export interface ConsoleFamily {
  /** Has each of them do, or show, what the command says. Rejects when one of them fails. */
  ask(text: string): Promise<readonly ConsolePart[]>;
}
