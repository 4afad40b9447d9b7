import { describe, expect, it } from "vitest";
import { LoginFailures } from "./login-failures.ts";

describe("failed logins", () => {
  it("are too many at the limit, and less so as time goes", () => {
    let time = 0;
    const failures = new LoginFailures(6, () => time);
    for (let count = 0; count < 6; count++) {
      expect(failures.tooMany("a")).toBe(false);
      failures.failed("a");
    }
    expect(failures.tooMany("a")).toBe(true);
    expect(failures.tooMany("b")).toBe(false);
    time = 10_000;
    expect(failures.tooMany("a")).toBe(false);
    failures.failed("a");
    expect(failures.tooMany("a")).toBe(true);
  });

  it("are never too many without a limit", () => {
    const failures = new LoginFailures(0, () => 0);
    for (let count = 0; count < 100; count++) failures.failed("a");
    expect(failures.tooMany("a")).toBe(false);
    expect(failures.size).toBe(0);
  });

  it("of more addresses than are remembered take no more memory", () => {
    const failures = new LoginFailures(1, () => 0);
    for (let address = 0; address < 20_000; address++) failures.failed(`10.0.${address >> 8}.${address & 255}`);
    expect(failures.size).toBe(10_000);
    expect(failures.tooMany("10.0.0.0")).toBe(false);
    expect(failures.tooMany("10.0.78.31")).toBe(true);
  });
});
