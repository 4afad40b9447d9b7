import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { FreshetError, SqlState } from "@freshet/base";

/** Where a rule's connections come from. */
type ConnectionKind = "local" | "host" | "hostssl" | "hostnossl";

export const hbaMethods = ["trust", "reject", "password", "md5", "scram-sha-256", "cert", "relay"] as const;
export type HbaMethod = (typeof hbaMethods)[number];

/** One line of the file. */
export interface HbaRule {
  readonly line: number;
  readonly kind: ConnectionKind;
  readonly databases: readonly NamePattern[];
  readonly users: readonly NamePattern[];
  /** Null: every address. */
  readonly addresses: BlockList | null;
  readonly method: HbaMethod;
  readonly options: ReadonlyMap<string, string>;
}

type NamePattern =
  | { readonly kind: "all" | "sameuser" | "replication" }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "regex"; readonly pattern: RegExp };

/** What a rule is matched with. */
export interface HbaClient {
  readonly user: string;
  readonly database: string;
  /** A walsender without a database: only rules for `replication` match it. */
  readonly physicalReplication: boolean;
  /** Null: a Unix socket. */
  readonly address: string | null;
  readonly encrypted: boolean;
}

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Parses a file in pg_hba.conf's format; throws a FreshetError that names the line. */
export function parseHbaFile(text: string, file: string): readonly HbaRule[] {
  const rules: HbaRule[] = [];
  let pending = "";
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.endsWith("\\")) {
      pending += line.slice(0, -1);
      return;
    }
    const whole = pending + line;
    pending = "";
    try {
      const fields = tokenize(whole);
      if (fields.length > 0) rules.push(parseRule(fields, index + 1));
    } catch (thrown) {
      if (!(thrown instanceof FreshetError)) throw thrown;
      throw new FreshetError(SqlState.configFileError, `${file}, line ${index + 1}: ${thrown.message}`, {
        hint: thrown.hint,
      });
    }
  });
  return rules;
}

/** The first rule that fits, as in PostgreSQL. */
export function matchRule(rules: readonly HbaRule[], client: HbaClient): HbaRule | null {
  return rules.find((rule) => fits(rule, client)) ?? null;
}

function fits(rule: HbaRule, client: HbaClient): boolean {
  const { address, encrypted } = client;
  if ((rule.kind === "local") !== (address === null)) return false;
  if ((rule.kind === "hostssl" && !encrypted) || (rule.kind === "hostnossl" && encrypted)) return false;
  if (rule.addresses !== null && (address === null || !contains(rule.addresses, address))) return false;
  return (
    rule.databases.some((pattern) => fitsDatabase(pattern, client)) &&
    rule.users.some((pattern) => fitsName(pattern, client.user))
  );
}

function fitsDatabase(pattern: NamePattern, client: HbaClient): boolean {
  if (client.physicalReplication) return pattern.kind === "replication";
  if (pattern.kind === "sameuser") return client.database === client.user;
  return fitsName(pattern, client.database);
}

function fitsName(pattern: NamePattern, name: string): boolean {
  if (pattern.kind === "name") return pattern.name === name;
  return pattern.kind === "regex" ? pattern.pattern.test(name) : pattern.kind === "all";
}

function contains(addresses: BlockList, address: string): boolean {
  const plain = address.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
  return addresses.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
}

/** Fields of a line, each a list of tokens that commas join. */
function tokenize(line: string): Token[][] {
  const fields: Token[][] = [];
  let joined = false;
  for (const match of line.matchAll(/#.*$|("(?:[^"]|"")*"|[^\s,#"]+)+|,|"/g)) {
    const [text] = match;
    if (text.startsWith("#")) break;
    if (text === '"') throw invalid("a quote is not closed");
    if (text === ",") {
      joined = true;
      continue;
    }
    const token = {
      text: text.replaceAll(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"')),
      quoted: text.startsWith('"'),
    };
    const last = fields.at(-1);
    if (joined && last !== undefined) last.push(token);
    else fields.push([token]);
    joined = false;
  }
  return fields;
}

function parseRule(fields: readonly Token[][], line: number): HbaRule {
  const [[first] = [], databases = [], users = [], ...rest] = fields;
  const kind = (["local", "host", "hostssl", "hostnossl"] as const).find((one) => one === first?.text);
  if (kind === undefined) {
    throw invalid(`"${first?.text ?? ""}" is no kind of connection`, "It may be local, host, hostssl or hostnossl.");
  }
  if (databases.length === 0 || users.length === 0) throw invalid("a database or a user is missing");
  const { addresses, used } = kind === "local" ? { addresses: null, used: 0 } : parseAddress(rest);
  const [[method] = [], ...options] = rest.slice(used);
  return {
    line,
    kind,
    databases: databases.map((token) => parseName(token, ["all", "sameuser", "replication"])),
    users: users.map((token) => parseName(token, ["all"])),
    addresses,
    method: parseMethod(method?.text),
    options: new Map(options.flat().map((token) => parseOption(token.text))),
  };
}

function parseName(token: Token, keywords: readonly ("all" | "sameuser" | "replication")[]): NamePattern {
  const { text, quoted } = token;
  if (quoted) return { kind: "name", name: text };
  const keyword = keywords.find((word) => word === text);
  if (keyword !== undefined) return { kind: keyword };
  if (text.startsWith("/")) {
    try {
      return { kind: "regex", pattern: new RegExp(text.slice(1), "u") };
    } catch (thrown) {
      throw invalid(`"${text}" is no regular expression`, thrown instanceof Error ? thrown.message : undefined);
    }
  }
  if (text.startsWith("+") || text === "samerole" || text === "samegroup") {
    throw invalid(
      `"${text}" needs to know who is a member of a role, which is not known here`,
      "List the users, or use a pattern.",
    );
  }
  if (text.startsWith("@")) throw invalid(`lists in other files ("${text}") are not read`);
  return { kind: "name", name: text };
}

function parseAddress(fields: readonly Token[][]): { readonly addresses: BlockList | null; readonly used: number } {
  const text = fields[0]?.[0]?.text ?? "";
  if (text === "all") return { addresses: null, used: 1 };
  const list = new BlockList();
  if (text === "samehost" || text === "samenet") {
    for (const { address, family, cidr } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
      const prefix = text === "samehost" ? null : Number(cidr?.split("/")[1]);
      add(list, address, family === "IPv6" ? 6 : 4, prefix);
    }
    return { addresses: list, used: 1 };
  }
  const [address = "", prefix] = text.split("/");
  const family = isIP(address);
  if (family === 0) throw invalid(`"${text}" is no address`, "Host names are not resolved; write an address.");
  const mask = fields[1]?.[0]?.text ?? "";
  if (prefix !== undefined) {
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 6 ? 128 : 32))
      throw invalid(`"${text}" is no network`);
    add(list, address, family, Number(prefix));
    return { addresses: list, used: 1 };
  }
  if (isIP(mask) !== family) throw invalid(`"${text}" has no mask`, `Write ${text}/${family === 6 ? 128 : 32}.`);
  add(list, address, family, maskBits(mask, family));
  return { addresses: list, used: 2 };
}

function add(list: BlockList, address: string, family: number, prefix: number | null): void {
  const type = family === 6 ? "ipv6" : "ipv4";
  const plain = address.replace(/%.*$/, "");
  if (prefix === null) list.addAddress(plain, type);
  else list.addSubnet(plain, prefix, type);
}

function maskBits(mask: string, family: number): number {
  if (family === 6) throw invalid(`the mask "${mask}" is not read`, "Write the network with its length: address/bits.");
  const bits = mask
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
  if (!/^1*0*$/.test(bits)) throw invalid(`"${mask}" is no mask`);
  return bits.replaceAll("0", "").length;
}

function parseMethod(text: string | undefined): HbaMethod {
  const method = hbaMethods.find((one) => one === text);
  if (method !== undefined) return method;
  if (text === "peer") {
    throw invalid(
      'method "peer" is not available',
      "Node cannot ask the kernel who is at the other end of a Unix socket.",
    );
  }
  throw invalid(`"${text ?? ""}" is no method`, `It may be ${hbaMethods.join(", ")}.`);
}

const OPTIONS: Readonly<Record<string, RegExp>> = {
  clientcert: /^verify-(ca|full)$/,
  clientname: /^(CN|DN)$/,
  map: /^\S+$/,
};

function parseOption(text: string): [string, string] {
  const [name = "", ...value] = text.split("=");
  if (OPTIONS[name]?.test(value.join("=")) !== true)
    throw invalid(`"${text}" is no option`, `Options are ${Object.keys(OPTIONS).join(", ")}.`);
  return [name, value.join("=")];
}

function invalid(message: string, hint?: string): FreshetError {
  return new FreshetError(SqlState.configFileError, message, { hint });
}
