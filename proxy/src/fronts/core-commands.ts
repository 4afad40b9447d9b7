import type { Command } from "@freshet/sql";
import type { CommandColumn, CommandContext, CommandResult, CommandRunner } from "../session/front-ports.ts";

export interface CountingFronts {
  /** Has all fronts tell what they have counted. */
  collect(): Promise<void>;
  /** Resolves when all fronts go by what is so now. */
  settle(): Promise<void>;
}

/** Freshet's own statements where there are fronts: they work on what all have counted, and all know what they have done when they are done. */
export class CoreCommands implements CommandRunner {
  readonly #commands: CommandRunner;
  readonly #fronts: CountingFronts;

  constructor(commands: CommandRunner, fronts: CountingFronts) {
    this.#commands = commands;
    this.#fronts = fronts;
  }

  columns(command: Command): readonly CommandColumn[] {
    return this.#commands.columns(command);
  }

  async run(command: Command, context: CommandContext): Promise<CommandResult> {
    await this.#fronts.collect();
    try {
      return await this.#commands.run(command, context);
    } finally {
      await this.#fronts.settle();
    }
  }
}
