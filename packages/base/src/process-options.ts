import { booleanKind, millisecondsKind } from "./option-kinds.ts";
import type { OptionSpecs } from "./options.ts";

/** As how many processes an instance runs, and how one follows another. */
export interface ProcessOptions {
  readonly supervised: boolean;
  readonly drainTimeoutMs: number;
}

const minute = 60_000;

export const processOptionSpecs: OptionSpecs<ProcessOptions> = {
  supervised: {
    kind: booleanKind(),
    description:
      "Whether a supervisor keeps the listening sockets and starts the process that serves: it is then replaced without a refused client on SIGUSR2, and started again when it crashes.",
    default: false,
  },
  drainTimeoutMs: {
    kind: millisecondsKind({ min: 0, max: 24 * 60 * minute }),
    description: "How long a process that has been replaced goes on serving the clients that it has.",
    default: 5 * minute,
  },
};
