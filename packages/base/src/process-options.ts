import { booleanKind, integerKind, millisecondsKind } from "./option-kinds.ts";
import type { OptionSpecs } from "./options.ts";

/** As how many processes an instance runs, and how one follows another. */
export interface ProcessOptions {
  readonly fronts: number;
  readonly supervised: boolean;
  readonly drainTimeoutMs: number;
}

/** Whether there is a supervisor: several processes need one. */
export function isSupervised({ supervised, fronts }: ProcessOptions): boolean {
  return supervised || fronts > 1;
}

const minute = 60_000;

/** More event loops than this do not pay on any machine that one would run PostgreSQL's proxy on. */
const MAX_FRONTS = 64;

export const processOptionSpecs: OptionSpecs<ProcessOptions> = {
  fronts: {
    kind: integerKind({ min: 1, max: MAX_FRONTS }),
    description:
      "How many processes serve clients at the same address, each with an event loop of its own. One of them keeps the caches, all read them; a supervisor starts them. Limits of connections are divided among them.",
    default: 1,
  },
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
