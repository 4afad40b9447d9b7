import { integerKind, pathKind, textKind } from "./option-kinds.ts";
import type { OptionSpecs } from "./options.ts";

/** Where clients connect beside the TCP address, how many of them may fail to log in, and whether they share server connections. */
export interface ListenOptions {
  readonly unixSocketDir: string | undefined;
  readonly unixSocketMode: string;
  readonly loginFailuresPerMinute: number;
  readonly pools: string | undefined;
}

export const listenOptionSpecs: OptionSpecs<ListenOptions> = {
  unixSocketDir: {
    kind: pathKind("DIR"),
    description: "A folder in which Freshet also listens on a Unix socket, .s.PGSQL.<port>.",
    optional: true,
  },
  unixSocketMode: {
    kind: textKind("MODE", "an octal file mode, for example 0770", /^0?[0-7]{3}$/),
    description: "Who may connect to the Unix socket: its file mode.",
    default: "0777",
  },
  loginFailuresPerMinute: {
    kind: integerKind({ min: 0, max: 1_000_000 }),
    description: "The most failed logins from one address in a minute; further connections are refused. 0: no limit.",
    default: 300,
  },
  pools: {
    kind: pathKind("FILE"),
    description:
      "A TOML file with pool modes and limits, for clients that Freshet authenticates itself; without it each client has a server connection of its own.",
    optional: true,
  },
};
