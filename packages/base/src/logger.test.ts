import { expect, test } from "vitest";
import { createLogger } from "./logger.ts";
import type { LoggerOptions } from "./logger.ts";

function capture(options: Partial<LoggerOptions> = {}): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  return {
    lines,
    logger: createLogger({ level: "info", pretty: false, write: (line) => lines.push(line), ...options }),
  };
}

test("a line is one JSON object with level, message and fields", () => {
  const { lines, logger } = capture();
  logger.child({ cache: "c1" }).info({ rows: 3 }, "built");
  logger.debug("not at this level");
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", msg: "built", cache: "c1", rows: 3 });
});

test("no password gets into a line, wherever it hides", () => {
  const { lines, logger } = capture();
  const secrets = { password: "s3cret", login: { password: "s3cret" } };
  logger.info(secrets, "connecting to postgres://ann:s3cret@db:5432/shop");
  const error = new Error("host=db password='s3cret' refused");
  logger.error({ error, upstream: "postgres://a:s3cret@h/d" }, "failed");
  expect(lines.join("")).not.toContain("s3cret");
  expect(lines.join("")).toContain("postgres://ann:***@db:5432/shop");
});

test("on a terminal a line is plain text", () => {
  const { lines, logger } = capture({ pretty: true });
  logger.warn({ ms: 12 }, "slow");
  expect(lines.join("")).toMatch(/^\[[\d:.]+\] WARN: slow \{"ms":12\}\n$/);
});
