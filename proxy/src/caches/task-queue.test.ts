import { FreshetError } from "@freshet/base";
import { expect, test } from "vitest";
import { isTransient } from "./retry.ts";
import { TaskQueue } from "./task-queue.ts";

test("tasks run one after the other, also behind one that failed", async () => {
  const queue = new TaskQueue();
  const log: string[] = [];
  const task = (name: string) => async (): Promise<string> => {
    log.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    log.push(`${name} ends`);
    if (name === "a") throw new Error(name);
    return name;
  };
  const [first, second] = [queue.run(task("a")), queue.run(task("b"))];
  await expect(first).rejects.toThrow("a");
  const third = second.then(() => queue.run(task("c")));
  await queue.drained();
  expect(await third).toBe("c");
  expect(queue.waiting).toBe(0);
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("only conditions that pass by themselves are tried again", () => {
  const codes = ["08006", "53300", "57P03", "58000", "57014", "42P01", "0A000"];
  expect(codes.map((code) => isTransient(new FreshetError(code, "x")))).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  expect(isTransient(new Error("08006"))).toBe(false);
});
