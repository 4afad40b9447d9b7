import { describe, expect, it } from "vitest";
import { formatAddress, parseUpstreamUrl, withoutTls } from "./address.ts";

describe("an upstream URL", () => {
  it("gives host, port, login and database", () => {
    expect(parseUpstreamUrl("postgres://us%20er:p%40ss@db.example:5433/the%20db")).toEqual({
      host: "db.example",
      port: 5433,
      user: "us er",
      password: "p@ss",
      database: "the db",
      sslMode: null,
      sslNegotiation: null,
    });
    expect(parseUpstreamUrl("postgresql://[::1]")).toEqual({
      host: "::1",
      port: 5432,
      user: null,
      password: null,
      database: null,
      sslMode: null,
      sslNegotiation: null,
    });
  });

  it("may name a unix socket", () => {
    const address = parseUpstreamUrl("postgres:///app?host=/var/run/postgresql&port=5434");
    expect(address).toMatchObject({ host: "/var/run/postgresql", port: 5434, database: "app" });
    expect(formatAddress(address)).toBe("/var/run/postgresql/.s.PGSQL.5434");
    expect(formatAddress({ host: "db", port: 1 })).toBe("db:1");
  });

  it("may say how connections are encrypted, which is not the driver's business", () => {
    const text = "postgres://u@h/d?sslmode=verify-full&sslnegotiation=direct&application_name=a";
    expect(parseUpstreamUrl(text)).toMatchObject({ sslMode: "verify-full", sslNegotiation: "direct" });
    expect(withoutTls(text)).toBe("postgres://u@h/d?application_name=a");
  });

  it.each([
    ["nonsense", "not a postgres:// URL"],
    ["mysql://h/d", "not a postgres:// URL"],
    ["postgres://h:5432/d?port=x", "no valid port"],
    ["postgres://h/d?sslmode=always", "sslmode=always"],
    ["postgres://h/d?sslrootcert=/ca.pem", "sslrootcert"],
    ["postgres://h/%zz", "percent-encoding"],
  ])("%s is refused", (url, message) => {
    expect(() => parseUpstreamUrl(url)).toThrow(message);
  });
});
