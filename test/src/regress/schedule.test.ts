import { expect, test } from "vitest";
import { scheduledFiles } from "./schedule.ts";

test("a schedule's files come in its order, comments left out", () => {
  const schedule = "# ----------\n# first\n\ntest: test_setup\n\ntest: boolean char  name\n# test: never\ntest: copy\n";
  expect(scheduledFiles(schedule)).toEqual(["test_setup", "boolean", "char", "name", "copy"]);
});
