import { describe, expect, it } from "vitest";
import { formatAddress, parseUpstreamUrl } from "./address.ts";

describe("an upstream URL", () => {
  it("gives host, port, login and database", () => {
    expect(parseUpstreamUrl("postgres://us%20er:p%40ss@db.example:5433/the%20db")).toEqual({
      host: "db.example",
      port: 5433,
      user: "us er",
      password: "p@ss",
      database: "the db",
    });
    expect(parseUpstreamUrl("postgresql://[::1]")).toEqual({
      host: "::1",
      port: 5432,
      user: null,
      password: null,
      database: null,
    });
  });

  it("may name a unix socket", () => {
    const address = parseUpstreamUrl("postgres:///app?host=/var/run/postgresql&port=5434");
    expect(address).toMatchObject({ host: "/var/run/postgresql", port: 5434, database: "app" });
    expect(formatAddress(address)).toBe("/var/run/postgresql/.s.PGSQL.5434");
    expect(formatAddress({ host: "db", port: 1 })).toBe("db:1");
  });

  it.each([
    ["nonsense", "not a postgres:// URL"],
    ["mysql://h/d", "not a postgres:// URL"],
    ["postgres://h:5432/d?port=x", "no valid port"],
    ["postgres://h/d?sslmode=require", "sslmode=require"],
    ["postgres://h/%zz", "percent-encoding"],
  ])("%s is refused", (url, message) => {
    expect(() => parseUpstreamUrl(url)).toThrow(message);
  });
});
