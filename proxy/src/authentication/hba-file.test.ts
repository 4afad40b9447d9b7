import { describe, expect, it } from "vitest";
import { parseHbaFile } from "./hba-file.ts";
import { type HbaClient, type HbaLookups, matchRule } from "./hba-match.ts";
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

/** Looked up by nobody who does not need it. */
const NOTHING: HbaLookups = {
  rolesOf: () => Promise.reject(new Error("no rule is about roles")),
  hostNames: {
    nameOf: () => Promise.reject(new Error("no rule is about names")),
    addressesOf: () => Promise.reject(new Error("no rule is about names")),
  },
};

const match = async (
  among: ReturnType<typeof parseHbaFile>,
  client: Partial<HbaClient>,
  lookups: HbaLookups = NOTHING,
): Promise<string | undefined> => {
  const whole = { user: "joe", database: "app", physicalReplication: false, address: "10.0.3.4", encrypted: false };
  const rule = await matchRule(among, { ...whole, ...client }, lookups);
  return rule === null ? undefined : `${rule.line} ${rule.method}`;
};
const at = (client: Partial<HbaClient>): Promise<string | undefined> => match(rules, client);

describe("an hba file", () => {
  it("gives the first rule that fits", async () => {
    expect(await at({ address: null })).toBe("3 trust");
    expect(await at({ user: "svc_web" })).toBe("5 scram-sha-256");
    expect(await at({ user: "svc_web", address: "::ffff:10.0.1.1" })).toBe("5 scram-sha-256");
    expect(await at({ user: "svc_web", address: "10.1.0.0" })).toBeUndefined();
    expect(await at({ user: "svc_web", database: "other" })).toBeUndefined();
    expect(await at({ user: "joe" })).toBeUndefined();
    expect(await at({ user: "joe", database: "joe", address: "::1" })).toBe("6 md5");
    expect(await at({ user: "joe", database: "x", address: "::1" })).toBeUndefined();
    expect(await at({ user: "repl", physicalReplication: true })).toBe("7 password");
    expect(await at({ user: "svc_web", physicalReplication: true })).toBeUndefined();
    expect(await at({ address: "192.168.1.1" })).toBe("8 reject");
    expect(await at({ address: "192.168.1.1", encrypted: true })).toBeUndefined();
    expect(await at({ database: "a b", address: "172.16.0.1" })).toBe("10 relay");
    expect(await at({ address: "fe80::1%eth0" })).toBe("11 trust");
  });

  it("takes quoted keywords as names, and reads options", async () => {
    expect(await at({ user: "jane", database: "all", address: "127.0.0.1", encrypted: true })).toBe("4 cert");
    expect(await at({ user: "o'hara", database: "all", address: "127.0.0.1", encrypted: true })).toBe("4 cert");
    expect(await at({ user: "jane", database: "app", address: "127.0.0.1", encrypted: true })).toBeUndefined();
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
    ["host all all 10.0.0 trust", "neither an address nor a host's name"],
    ["host all all exa!mple trust", "neither an address nor a host's name"],
    ["host all all example.com/24 trust", "no network"],
    ["host all all fe80:: ffff:0:ffff:: trust", "no mask"],
    ["hostgssenc all all all trust", "GSS encryption"],
    ["include_dir rules", "other files are not read"],
    ["host all all 1.2.3.4 trust", "no mask"],
    ["host all all 1.2.3.4/33 trust", "no network"],
    ["host all all 1.2.3.4 255.0.255.0 trust", "no mask"],
    ["host all all all peer", "not available"],
    ["local all all ldap", 'method "ldap" is not available'],
    ["local all all scram", "no method"],
    ["host @dbs all all trust", "other files"],
    ["host all /( all trust", "regular expression"],
    ["host all all all trust cheap=yes", "no option"],
    ['host all "joe all trust', "quote is not closed"],
  ])("with %s is refused by its line", (line, message) => {
    expect(() => parseHbaFile(`\n${line}\n`, "the file")).toThrow(message);
    expect(() => parseHbaFile(`\n${line}\n`, "the file")).toThrow(/^the file, line 2: /);
  });
});

describe("roles in an hba file", () => {
  const byRole = parseHbaFile(
    `host all     "+admins"  all trust
host all     +admins    all reject
host samerole all       all md5
host all     joe        all password`,
    "hba",
  );
  const members = new Map([
    ["root", ["root", "admins"]],
    ["jane", ["jane", "app"]],
    ["+admins", ["+admins"]],
  ]);
  let asked = 0;
  const lookups: HbaLookups = {
    ...NOTHING,
    rolesOf: async (user) => {
      asked++;
      return new Set(members.get(user) ?? []);
    },
  };

  it("are those that the upstream says, asked for once", async () => {
    expect(await match(byRole, { user: "root" }, lookups)).toBe("2 reject");
    expect(await match(byRole, { user: "+admins" }, lookups)).toBe("1 trust");
    expect(await match(byRole, { user: "jane" }, lookups)).toBe("3 md5");
    expect(await match(byRole, { user: "jane", database: "jane" }, lookups)).toBe("3 md5");
    asked = 0;
    expect(await match(byRole, { user: "jane", database: "other" }, lookups)).toBeUndefined();
    expect(await match(byRole, { user: "joe" }, lookups)).toBe("4 password");
    expect(asked).toBe(2);
  });

  it("let nobody past a rule when they cannot be asked for", async () => {
    const failing = { ...NOTHING, rolesOf: () => Promise.reject(new Error("the upstream is down")) };
    await expect(match(byRole, { user: "joe" }, failing)).rejects.toThrow("the upstream is down");
  });
});

describe("hosts in an hba file", () => {
  const byHost = parseHbaFile(
    `host all joe     10.0.0.9/32        reject
host all all     samehost           trust
host all all     db.example.com     md5
host all all     .example.com       password
host all all     "samenet"          cert
host all jane    2001:db8:: ffff:ffff:: reject`,
    "hba",
  );
  const names = new Map([
    ["10.0.0.1", "DB.Example.com"],
    ["10.0.0.2", "web.example.com"],
    ["10.0.0.3", "example.com"],
    ["10.0.0.4", "db.example.com"],
    ["10.0.0.5", "samenet"],
    ["fd00::1", "web.example.com"],
  ]);
  const addresses = new Map([
    ["DB.Example.com", ["10.0.0.1"]],
    ["web.example.com", ["10.0.0.2", "fd00:0:0::1"]],
    ["example.com", ["10.0.0.3"]],
    ["db.example.com", ["10.0.0.1"]],
    ["samenet", ["10.0.0.5"]],
  ]);
  let asked: string[] = [];
  const lookups: HbaLookups = {
    ...NOTHING,
    hostNames: {
      nameOf: async (address) => {
        asked.push(address);
        return names.get(address) ?? null;
      },
      addressesOf: async (name) => addresses.get(name) ?? [],
    },
  };
  const from = (address: string, user = "joe"): Promise<string | undefined> =>
    match(byHost, { address, user }, lookups);

  it("are found by names that lead back to their address", async () => {
    asked = [];
    expect(await from("10.0.0.9")).toBe("1 reject");
    expect(await from("127.0.0.1")).toBe("2 trust");
    expect(asked).toEqual([]);
    expect(await from("::ffff:10.0.0.1")).toBe("3 md5");
    expect(await from("10.0.0.2")).toBe("4 password");
    expect(await from("fd00::1")).toBe("4 password");
    expect(await from("10.0.0.3")).toBeUndefined();
    expect(asked).toEqual(["10.0.0.1", "10.0.0.2", "fd00::1", "10.0.0.3"]);
  });

  it("are not believed when somebody has only given their address that name", async () => {
    expect(await from("10.0.0.4")).toBeUndefined();
    expect(await from("10.0.0.7")).toBeUndefined();
  });

  it("may be called like a keyword, in quotes; masks may be of IPv6", async () => {
    expect(await from("10.0.0.5")).toBe("5 cert");
    expect(await from("2001:db8:1::5", "jane")).toBe("6 reject");
    expect(await from("2001:db9::5", "jane")).toBeUndefined();
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
