import { expect, test } from "vitest";
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
