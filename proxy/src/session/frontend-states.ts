import { FrontendType } from "@freshet/wire";

/**
 * open: between and inside segments. skipping: after an error, up to Sync. copying: the upstream
 * reads the client's copy data.
 */
export type FrontendState = "open" | "skipping" | "copying";

type FrontendKind = keyof typeof FrontendType | "unknown";

/** What is done with a message. `relay`: forwarded, brings no response of its own. */
export type FrontendAction =
  | "query"
  | "parse"
  | "bind"
  | "describe"
  | "execute"
  | "close"
  | "sync"
  | "flush"
  | "function-call"
  | "copy-end"
  | "relay"
  | "discard"
  | "terminate";

/** What a session does with each message in each state; PostgreSQL's own reading of the protocol. */
const FRONTEND_STATES: Readonly<Record<FrontendState, Readonly<Record<FrontendKind, FrontendAction>>>> = {
  open: {
    query: "query",
    parse: "parse",
    bind: "bind",
    describe: "describe",
    execute: "execute",
    close: "close",
    sync: "sync",
    flush: "flush",
    functionCall: "function-call",
    // Late copy data after a failed COPY is ignored by the upstream.
    copyData: "relay",
    copyDone: "copy-end",
    copyFail: "copy-end",
    // The upstream refuses these and closes the connection.
    password: "relay",
    unknown: "relay",
    terminate: "terminate",
  },
  skipping: {
    query: "discard",
    parse: "discard",
    bind: "discard",
    describe: "discard",
    execute: "discard",
    close: "discard",
    sync: "sync",
    flush: "discard",
    functionCall: "discard",
    copyData: "discard",
    copyDone: "discard",
    copyFail: "discard",
    password: "relay",
    unknown: "relay",
    terminate: "terminate",
  },
  copying: {
    // Anything but data makes the COPY fail, which its error tells.
    query: "relay",
    parse: "relay",
    bind: "relay",
    describe: "relay",
    execute: "relay",
    close: "relay",
    // Ignored by the upstream while it copies.
    sync: "relay",
    flush: "relay",
    functionCall: "relay",
    copyData: "relay",
    copyDone: "copy-end",
    copyFail: "copy-end",
    password: "relay",
    unknown: "relay",
    terminate: "terminate",
  },
};

/** The same by the messages' type bytes. */
const ACTIONS: Readonly<Record<FrontendState, readonly FrontendAction[]>> = {
  open: byType("open"),
  skipping: byType("skipping"),
  copying: byType("copying"),
};

/** What is done with a message of that type byte. */
export function frontendAction(state: FrontendState, type: number): FrontendAction {
  return ACTIONS[state][type] ?? FRONTEND_STATES[state].unknown;
}

function byType(state: FrontendState): FrontendAction[] {
  const actions = new Array<FrontendAction>(256).fill(FRONTEND_STATES[state].unknown);
  for (const [kind, type] of Object.entries(FrontendType))
    actions[type] = FRONTEND_STATES[state][kind as keyof typeof FrontendType];
  return actions;
}
