import { BackendType, type TransactionStatus } from "@freshet/wire";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type ExpectationKind,
  ExpectedResponses,
  endsResponse,
  endsSegment,
  expectation,
} from "./expected-responses.ts";

let sent: string[];
let status: TransactionStatus;
let expected: ExpectedResponses;
let log: string[];

beforeEach(() => {
  sent = [];
  log = [];
  status = "I";
  expected = new ExpectedResponses(
    (bytes) => sent.push(bytes.toString("latin1")),
    () => status,
  );
});

const local = (text: string): void => expected.local(Buffer.from(text), () => log.push(`undo ${text}`));
const forward = (kind: Parameters<typeof expectation>[0], name: string, impure = false): void =>
  expected.forwarded(
    expectation(kind, {
      impure,
      undo: () => log.push(`undo ${name}`),
      done: (ok) => log.push(`${name} ${ok ? "done" : "failed"}`),
    }),
  );

describe("expected responses", () => {
  it("let local answers out when nothing stands before them", () => {
    local("a");
    forward("execute", "e");
    local("b");
    local("c");
    expect(sent).toEqual(["a"]);
    expect(expected.localBytes).toBe(2);
    expected.complete();
    expect(sent).toEqual(["a", "b", "c"]);
    expect(expected.localBytes).toBe(0);
    expect(log).toEqual(["e done"]);
  });

  it("are all taken back, the latest first, when the upstream is gone", async () => {
    forward("parse", "p");
    forward("execute", "e", true);
    local("a");
    forward("sync", "s", true);
    const idle = expected.whenIdle();
    expected.abandon();
    await idle;
    expect(log).toEqual(["undo s", "undo a", "undo e", "undo p"]);
    expect([expected.length, expected.idle, expected.awaitsImpure, expected.localBytes]).toEqual([0, true, false, 0]);
    local("b");
    expect(sent).toEqual(["b"]);
  });

  it("know a local ReadyForQuery's status only at its turn", () => {
    forward("query", "q");
    expected.localReady();
    status = "T";
    expected.complete();
    expect(sent).toEqual(["Z\0\0\0\u0005T"]);
  });

  it("drop everything up to Sync after an error, last first", () => {
    forward("parse", "p");
    forward("bind", "b");
    local("x");
    forward("execute", "e");
    forward("sync", "s");
    local("y");
    expect(expected.failSegment()).toBe(true);
    expect(log).toEqual(["undo e", "undo x", "undo b", "p failed"]);
    expect(expected.head()?.kind).toBe("sync");
    expected.complete();
    expect(sent).toEqual(["y"]);
    expect(expected.idle).toBe(true);
  });

  it("tell that the failed segment is still open", () => {
    forward("execute", "e");
    local("x");
    expect(expected.failSegment()).toBe(false);
    expect([expected.length, expected.localBytes, expected.idle]).toEqual([0, 0, true]);
    expect(sent).toEqual([]);
  });

  it("count segments that may write until their ReadyForQuery", () => {
    forward("execute", "e", true);
    expect(expected.awaitsImpure).toBe(false);
    forward("sync", "s", true);
    expect(expected.awaitsImpure).toBe(true);
    expected.complete();
    expected.complete();
    expect(expected.awaitsImpure).toBe(false);
  });

  it("report the failure of a message that ends its segment at its ReadyForQuery", async () => {
    forward("query", "q");
    const idle = expected.whenIdle().then(() => log.push("idle"));
    expected.failHead();
    expected.complete();
    await idle;
    expect(log).toEqual(["q failed", "idle"]);
    forward("query", "r");
    expected.complete();
    expect(log.at(-1)).toBe("r done");
  });

  it("tell when all that stands before the last message is answered", async () => {
    forward("query", "alone");
    expect(expected.whenLastReached()).toBeNull();
    expected.complete();
    forward("parse", "p");
    forward("query", "q");
    const reached = expected.whenLastReached()?.then(() => log.push("reached"));
    expected.complete();
    await reached;
    expect(log).toEqual(["alone done", "p done", "reached"]);
    expected.complete();
    forward("parse", "p");
    forward("query", "q");
    const skipped = expected.whenLastReached()?.then(() => log.push("skipped"));
    expect(expected.failSegment()).toBe(false);
    await skipped;
    expect(log.slice(3)).toEqual(["q done", "undo q", "p failed", "skipped"]);
  });

  it("forget a Sync that copy data made void", () => {
    forward("execute", "e");
    forward("sync", "s");
    expect(expected.copyInBegan()).toBe(true);
    expect(expected.length).toBe(1);
    expected.complete();
    expect(expected.idle).toBe(true);
  });

  it("are none of Syncs within copy data, whoever was to answer them; the one behind the data is awaited", () => {
    forward("execute", "e");
    forward("sync", "first");
    expected.localReady();
    expected.copyEnded();
    forward("sync", "last");
    expect(expected.copyInBegan()).toBe(false);
    expect(expected.awaitsSync).toBe(true);
    expected.complete();
    expected.complete();
    expect(log).toEqual(["e done", "last done"]);
    expect([sent, expected.length, expected.awaitsSync]).toEqual([[], 0, false]);
  });

  it("keep what follows copy data that was sent ahead", () => {
    forward("query", "copy");
    expected.copyEnded();
    forward("query", "next");
    expect(expected.copyInBegan()).toBe(false);
    expected.complete();
    expect(expected.head()?.kind).toBe("query");
    expected.complete();
    expect(log).toEqual(["copy done", "next done"]);
  });

  it("stay in order over thousands of entries", () => {
    for (let index = 0; index < 5000; index++) {
      forward("execute", "e");
      local(String(index));
    }
    for (let index = 0; index < 5000; index++) expected.complete();
    expect(sent).toEqual(Array.from({ length: 5000 }, (_, index) => String(index)));
    expect(expected.length).toBe(0);
  });
});

describe("the ends of responses", () => {
  it("are those of the protocol", () => {
    expect(endsResponse("execute", BackendType.portalSuspended)).toBe(true);
    expect(endsResponse("execute", BackendType.dataRow)).toBe(false);
    expect(endsResponse("query", BackendType.commandComplete)).toBe(false);
    expect(endsResponse("describe-statement", BackendType.parameterDescription)).toBe(false);
    const ends = (kind: ExpectationKind): string[] =>
      Object.entries(BackendType)
        .filter(([, type]) => endsResponse(kind, type))
        .map(([name]) => name)
        .toSorted();
    expect(ends("parse")).toEqual(["parseComplete"]);
    expect(ends("bind")).toEqual(["bindComplete"]);
    expect(ends("close")).toEqual(["closeComplete"]);
    expect(ends("execute")).toEqual(["commandComplete", "emptyQueryResponse", "portalSuspended"]);
    for (const kind of ["describe-statement", "describe-portal"] as const)
      expect(ends(kind)).toEqual(["noData", "rowDescription"]);
    for (const kind of ["sync", "query", "function-call"] as const) expect(ends(kind)).toEqual(["readyForQuery"]);
    expect([endsSegment("sync"), endsSegment("function-call"), endsSegment("close")]).toEqual([true, true, false]);
  });
});
