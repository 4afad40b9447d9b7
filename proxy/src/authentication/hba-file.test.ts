import { describe, expect, it } from "vitest";
import { type HbaClient, matchRule, parseHbaFile } from "./hba-file.ts";
import { IdentMap } from "./ident-map.ts";
import { parseUserFile } from "./user-file.ts";

const FILE = String.raw`
# comment
local   all             all                                     trust
hostssl "all"           jane,"o'hara"   127.0.0.1/32            cert clientname=DN map=people
host    app, reports    /^svc_          10.0.0.0  255.255.0.0   scram-sha-256
host    sameuser        all             ::1/128                 md5
host    replication     repl            all                     password
hostnossl all           all             192.168.0.0/16          reject # no plain text
host    "a b",          \
        c               all             172.16.0.1/32           relay
host    all             all             fe80::/10               trust clientcert=verify-ca
`;

const rules = parseHbaFile(FILE, "hba");
const at = (client: Partial<HbaClient>): string | undefined => {
  const rule = matchRule(rules, {
    user: "joe",
    database: "app",
    physicalReplication: false,
    address: "10.0.3.4",
    encrypted: false,
    ...client,
  });
  return rule === null ? undefined : `${rule.line} ${rule.method}`;
};

describe("an hba file", () => {
  it("gives the first rule that fits", () => {
    expect(at({ address: null })).toBe("3 trust");
    expect(at({ user: "svc_web" })).toBe("5 scram-sha-256");
    expect(at({ user: "svc_web", address: "::ffff:10.0.1.1" })).toBe("5 scram-sha-256");
    expect(at({ user: "svc_web", address: "10.1.0.0" })).toBeUndefined();
    expect(at({ user: "svc_web", database: "other" })).toBeUndefined();
    expect(at({ user: "joe" })).toBeUndefined();
    expect(at({ user: "joe", database: "joe", address: "::1" })).toBe("6 md5");
    expect(at({ user: "joe", database: "x", address: "::1" })).toBeUndefined();
    expect(at({ user: "repl", physicalReplication: true })).toBe("7 password");
    expect(at({ user: "svc_web", physicalReplication: true })).toBeUndefined();
    expect(at({ address: "192.168.1.1" })).toBe("8 reject");
    expect(at({ address: "192.168.1.1", encrypted: true })).toBeUndefined();
    expect(at({ database: "a b", address: "172.16.0.1" })).toBe("10 relay");
    expect(at({ address: "fe80::1%eth0" })).toBe("11 trust");
  });

  it("takes quoted keywords as names, and reads options", () => {
    expect(at({ user: "jane", database: "all", address: "127.0.0.1", encrypted: true })).toBe("4 cert");
    expect(at({ user: "o'hara", database: "all", address: "127.0.0.1", encrypted: true })).toBe("4 cert");
    expect(at({ user: "jane", database: "app", address: "127.0.0.1", encrypted: true })).toBeUndefined();
    expect(rules[1]?.options).toEqual(
      new Map([
        ["clientname", "DN"],
        ["map", "people"],
      ]),
    );
  });

  it.each([
    ["hosts all all all trust", "no kind of connection"],
    ["host all", "a user is missing"],
    ["host all all example.com trust", "no address"],
    ["host all all 1.2.3.4 trust", "no mask"],
    ["host all all 1.2.3.4/33 trust", "no network"],
    ["host all all 1.2.3.4 255.0.255.0 trust", "no mask"],
    ["host all all all peer", "not available"],
    ["local all all ldap", "no method"],
    ["host all +admins all trust", "member of a role"],
    ["host @dbs all all trust", "other files"],
    ["host all /( all trust", "regular expression"],
    ["host all all all trust cheap=yes", "no option"],
    ['host all "joe all trust', "quote is not closed"],
  ])("with %s is refused by its line", (line, message) => {
    expect(() => parseHbaFile(`\n${line}\n`, "the file")).toThrow(message);
    expect(() => parseHbaFile(`\n${line}\n`, "the file")).toThrow(/^the file, line 2: /);
  });
});

describe("an ident file", () => {
  it("maps names, also by pattern", () => {
    const map = IdentMap.parse(
      '# x\npeople "CN=jane,O=example" jane\npeople /^(.*)@example\\.com$ \\1\nany boss all\n',
      "ident",
    );
    expect(map.allows(undefined, "joe", "joe")).toBe(true);
    expect(map.allows(undefined, "joe", "jane")).toBe(false);
    expect(map.allows("people", "CN=jane,O=example", "jane")).toBe(true);
    expect(map.allows("people", "joe@example.com", "joe")).toBe(true);
    expect(map.allows("people", "joe@example.com", "jane")).toBe(false);
    expect(map.allows("any", "boss", "jane")).toBe(true);
    expect(map.allows("none", "boss", "boss")).toBe(false);
    expect(() => IdentMap.parse("a b", "ident")).toThrow("ident, line 1");
  });
});

describe("a user file", () => {
  it("is PgBouncer's, and its errors show no secret", () => {
    const users = parseUserFile('; c\n"jane" "se""cret" \n\n"joe" "md50123456789abcdef0123456789abcdef"\n', "users");
    expect(users.get("jane")).toEqual({ kind: "plain", password: 'se"cret' });
    expect(users.get("joe")?.kind).toBe("md5");
    expect(() => parseUserFile('"jane" hidden', "users")).toThrow(/^users, line 1: not of the form "user" "secret"$/);
  });
});
