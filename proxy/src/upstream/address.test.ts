import { describe, expect, it } from "vitest";
import { driverUrl, formatAddress, parseUpstreamUrl } from "./address.ts";

describe("an upstream URL", () => {
  it("gives host, port, login and database", () => {
    expect(parseUpstreamUrl("postgres://us%20er:p%40ss@db.example:5433/the%20db")).toEqual({
      host: "db.example",
      port: 5433,
      hosts: [{ host: "db.example", port: 5433 }],
      target: "any",
      user: "us er",
      password: "p@ss",
      database: "the db",
      sslMode: null,
      sslNegotiation: null,
    });
    expect(parseUpstreamUrl("postgresql://[::1]")).toEqual({
      host: "::1",
      port: 5432,
      hosts: [{ host: "::1", port: 5432 }],
      target: "any",
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
    expect(driverUrl(text)).toBe("postgres://u@h/d?application_name=a");
  });

  it("may list several hosts, one of which is the primary", () => {
    const text = "postgres://us:p%40ss@one:1,two,[::3]:3/db?target_session_attrs=read-write&sslmode=require";
    const hosts = [
      { host: "one", port: 1 },
      { host: "two", port: 5432 },
      { host: "::3", port: 3 },
    ];
    expect(parseUpstreamUrl(text)).toMatchObject({
      hosts,
      target: "read-write",
      host: "one",
      port: 1,
      password: "p@ss",
    });
    expect(driverUrl(text)).toBe("postgres://us:p%40ss@one:1/db");
    const listed = "postgres:///db?host=one,/run/two&port=7";
    expect(parseUpstreamUrl(listed)).toMatchObject({
      hosts: [
        { host: "one", port: 7 },
        { host: "/run/two", port: 7 },
      ],
      target: "primary",
    });
    expect(driverUrl(listed)).toBe("postgres:///db?host=one&port=7");
  });

  it.each([
    ["postgres://a,b,c/d?port=1,2", "3 hosts and 2 ports"],
    ["postgres://a:1,b:x/d", "no valid port"],
    ["postgres://a,b/d?target_session_attrs=standby", "target_session_attrs=standby"],
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
