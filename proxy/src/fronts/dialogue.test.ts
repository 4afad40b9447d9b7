import { duplexPair } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { FreshetError } from "@freshet/base";
import { expect, test } from "vitest";
import { Dialogue } from "./dialogue.ts";

type Upper = {
  readonly echo: { readonly question: unknown; readonly answer: unknown };
  readonly fail: { readonly question: null; readonly answer: null };
  readonly wait: { readonly question: null; readonly answer: string };
};
type Nothing = Record<string, never>;

function pair(): { readonly asking: Dialogue<Upper, Nothing>; readonly end: () => void; readonly order: string[] } {
  const [left, right] = duplexPair();
  const order: string[] = [];
  const asking = new Dialogue<Upper, Nothing>(left, {});
  new Dialogue<Nothing, Upper>(right, {
    echo: (question) => {
      order.push(String(question));
      return question;
    },
    fail: () => {
      throw new FreshetError("42P01", "no such thing", { detail: "d", hint: "h", position: 7 });
    },
    wait: (_question, signal, note) => {
      note("waiting", "for you");
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new FreshetError("57014", "told to stop")));
      });
    },
  });
  return { asking, end: () => left.destroy(), order };
}

test("values come as they went, also large ones and several at a time, and questions are begun in order", async () => {
  const { asking, order } = pair();
  const large = Buffer.alloc(80_000, 7);
  const values = [
    1n,
    "a",
    { a: [undefined, null, new Map([[1, 2]])] },
    Buffer.from("bytes"),
    large,
    Uint32Array.of(1, 2),
  ];
  expect(await Promise.all(values.map((value) => asking.ask("echo", value)))).toEqual(values);
  order.length = 0;
  await Promise.all([3, 1, 2].map((value) => asking.ask("echo", value)));
  expect(order).toEqual(["3", "1", "2"]);
});

test("a failure comes with all that it says", async () => {
  const { asking } = pair();
  const thrown = await asking.ask("fail", null).catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(FreshetError);
  expect(thrown).toMatchObject({ code: "42P01", message: "no such thing", detail: "d", hint: "h", position: 7 });
});

test("a question may be told of and withdrawn", async () => {
  const { asking } = pair();
  const control = new AbortController();
  const notes: unknown[] = [];
  const waiting = asking.ask("wait", null, { signal: control.signal, note: (...note) => notes.push(note) });
  const outcome = waiting.catch((error: unknown) => error);
  while (notes.length === 0) await turn();
  expect(notes).toEqual([["waiting", "for you"]]);
  control.abort(new FreshetError("57014", "canceled by the client"));
  expect(await outcome).toMatchObject({ code: "57014", message: "canceled by the client" });
  // The other side is free again.
  expect(await asking.ask("echo", 1)).toBe(1);
});

test("what is open when the stream ends fails, and so does what comes later", async () => {
  const { asking, end } = pair();
  const open = asking.ask("wait", null).catch((error: unknown) => error);
  await turn();
  end();
  expect(await open).toMatchObject({ code: "08006" });
  await expect(asking.ask("echo", 1)).rejects.toMatchObject({ code: "08006" });
});
