import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { freePort } from "./free-port.ts";
import { canReach } from "./run-as.ts";

const folder = mkdtempSync(path.join(tmpdir(), "freshet-reach-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Somebody who owns nothing here. */
const stranger = { uid: 54_321, gid: 54_321 };

test("a stranger reaches what lies in open folders only", () => {
  const inner = path.join(folder, "open");
  mkdirSync(inner);
  chmodSync(folder, 0o755);
  expect(canReach(path.join(inner, "not-there-yet"), stranger)).toBe(true);
  chmodSync(folder, 0o700);
  expect(canReach(path.join(inner, "not-there-yet"), stranger)).toBe(false);
  expect(canReach(inner, undefined)).toBe(true);
});

test("free ports lie below the system's own range", async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  expect(ports.every((port) => port >= 20_000 && port < 32_768)).toBe(true);
});
