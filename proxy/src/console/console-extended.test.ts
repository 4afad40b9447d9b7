import {
  decodeCommandComplete,
  decodeDataRow,
  encodeBind,
  encodeClose,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  frontendScanner,
} from "@freshet/wire";
import { beforeEach, expect, it } from "vitest";
import { ConsoleExtended } from "./console-extended.ts";

let extended: ConsoleExtended;
let ran: string[];

beforeEach(() => {
  ran = [];
  extended = new ConsoleExtended({
    run: (text) => {
      ran.push(text);
      const rows = [["a"], [null], ["c"]];
      return Promise.resolve(
        text === "PAUSE" ? { tag: "PAUSE", table: null } : { tag: "SHOW", table: { columns: ["x"], rows } },
      );
    },
    columns: (text) => (text === "PAUSE" ? null : ["x"]),
  });
});

/** Types of all that a message is answered with. */
async function send(message: Buffer): Promise<string> {
  return (await answers(message)).map((bytes) => String.fromCharCode(bytes[0] ?? 0)).join("");
}

function answers(message: Buffer): Promise<readonly Buffer[]> {
  const scanner = frontendScanner();
  scanner.push(message);
  expect(scanner.advance()).toBe(true);
  return extended.answer(scanner);
}

it("runs a command once, when its portal is executed, and gives its rows in parts", async () => {
  expect(await send(encodeParse("s", "SHOW X"))).toBe("1");
  expect(await send(encodeDescribe("statement", "s"))).toBe("tT");
  expect(await send(encodeBind({ portal: "p", statement: "s" }))).toBe("2");
  expect(await send(encodeDescribe("portal", "p"))).toBe("T");
  expect(ran).toEqual([]);
  expect(await send(encodeExecute("p", 2))).toBe("DDs");
  const [row, complete] = await answers(encodeExecute("p", 2));
  expect(decodeDataRow(row ?? Buffer.alloc(0), 0, row?.length ?? 0).map(String)).toEqual(["c"]);
  expect(decodeCommandComplete(complete ?? Buffer.alloc(0), 0, complete?.length ?? 0)).toBe("SHOW");
  expect(ran).toEqual(["SHOW X"]);
});

it("has no rows where the command has none", async () => {
  await send(encodeParse("", "PAUSE"));
  expect(await send(encodeDescribe("statement", ""))).toBe("tn");
  await send(encodeBind({ portal: "", statement: "" }));
  expect(await send(encodeDescribe("portal", ""))).toBe("n");
  expect(await send(encodeExecute(""))).toBe("C");
});

it.each([
  ["a statement that is not there", encodeBind({ portal: "", statement: "none" }), "26000"],
  ["a portal that is not there", encodeExecute("none"), "34000"],
  ["a name that is taken", encodeParse("s", "SHOW X"), "42P05"],
  ["a portal that is taken", encodeBind({ portal: "p", statement: "s" }), "42P03"],
  ["parameters", encodeBind({ portal: "", statement: "s", values: [Buffer.from("1")] }), "08P01"],
])("refuses %s", async (_what, message, code) => {
  await send(encodeParse("s", "SHOW X"));
  await send(encodeBind({ portal: "p", statement: "s" }));
  await expect(answers(message)).rejects.toMatchObject({ code });
});

it("forgets what is closed, and portals at the end of a segment", async () => {
  await send(encodeParse("s", "SHOW X"));
  await send(encodeBind({ portal: "p", statement: "s" }));
  expect(await send(encodeClose("portal", "p"))).toBe("3");
  await expect(answers(encodeExecute("p"))).rejects.toMatchObject({ code: "34000" });
  await send(encodeBind({ portal: "p", statement: "s" }));
  extended.endSegment();
  await expect(answers(encodeExecute("p"))).rejects.toMatchObject({ code: "34000" });
  expect(await send(encodeClose("statement", "s"))).toBe("3");
  await expect(answers(encodeBind({ portal: "", statement: "s" }))).rejects.toMatchObject({ code: "26000" });
});

it("bounds how many statements one client may have", async () => {
  for (let count = 0; count < 1000; count++) await send(encodeParse(`s${count}`, "SHOW X"));
  await expect(answers(encodeParse("more", "SHOW X"))).rejects.toMatchObject({ code: "53400" });
  expect(await send(encodeParse("", "SHOW X"))).toBe("1");
});
