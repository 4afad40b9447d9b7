import { FreshetError, SqlState } from "@freshet/base";
import { type HbaAddress, parseHbaAddress } from "./hba-address.ts";

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
  readonly address: HbaAddress;
  readonly method: HbaMethod;
  readonly options: ReadonlyMap<string, string>;
}

export type NamePattern =
  | { readonly kind: "all" | "sameuser" | "samerole" | "replication" }
  /** `member`: whoever is a member of the role. */
  | { readonly kind: "name" | "member"; readonly name: string }
  | { readonly kind: "regex"; readonly pattern: RegExp };

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
  const kind = parseKind(first?.text ?? "");
  if (databases.length === 0 || users.length === 0) throw invalid("a database or a user is missing");
  const [[where] = [], [mask] = []] = rest;
  const { address, used } =
    kind === "local"
      ? { address: { kind: "all" } as const, used: 0 }
      : parseHbaAddress(where?.text ?? "", where?.quoted ?? false, mask?.text ?? "");
  const [[method] = [], ...options] = rest.slice(used);
  return {
    line,
    kind,
    databases: databases.map(parseDatabase),
    users: users.map(parseUser),
    address,
    method: parseMethod(method?.text),
    options: new Map(options.flat().map((token) => parseOption(token.text))),
  };
}

function parseKind(text: string): ConnectionKind {
  const kind = (["local", "host", "hostssl", "hostnossl"] as const).find((one) => one === text);
  if (kind !== undefined) return kind;
  // GSS encryption is never offered.
  if (text === "hostnogssenc") return "host";
  if (text.startsWith("include")) throw invalid(`other files are not read ("${text}")`, "Write all rules in one file.");
  if (text === "hostgssenc") throw invalid("GSS encryption is not offered, so that no client would fit");
  throw invalid(`"${text}" is no kind of connection`, "It may be local, host, hostssl or hostnossl.");
}

function parseDatabase(token: Token): NamePattern {
  const { text, quoted } = token;
  if (!quoted) {
    if (text === "all" || text === "sameuser" || text === "replication") return { kind: text };
    if (text === "samerole" || text === "samegroup") return { kind: "samerole" };
  }
  return parseName(token);
}

function parseUser(token: Token): NamePattern {
  const { text, quoted } = token;
  if (!quoted && text === "all") return { kind: "all" };
  if (!quoted && text.startsWith("+")) return { kind: "member", name: text.slice(1) };
  return parseName(token);
}

function parseName({ text, quoted }: Token): NamePattern {
  if (quoted) return { kind: "name", name: text };
  if (text.startsWith("/")) {
    try {
      return { kind: "regex", pattern: new RegExp(text.slice(1), "u") };
    } catch (thrown) {
      throw invalid(`"${text}" is no regular expression`, thrown instanceof Error ? thrown.message : undefined);
    }
  }
  if (text.startsWith("@")) throw invalid(`lists in other files ("${text}") are not read`);
  return { kind: "name", name: text };
}

const OTHER_METHODS: readonly string[] = ["gss", "sspi", "ident", "ldap", "radius", "pam", "bsd", "oauth"];

function parseMethod(text: string | undefined): HbaMethod {
  const method = hbaMethods.find((one) => one === text);
  if (method !== undefined) return method;
  if (text === "peer") {
    throw invalid(
      'method "peer" is not available',
      "Node cannot ask the kernel who is at the other end of a Unix socket.",
    );
  }
  if (text !== undefined && OTHER_METHODS.includes(text)) {
    throw invalid(
      `method "${text}" is not available`,
      `Use relay, so that the upstream authenticates the client, or one of ${hbaMethods.join(", ")}.`,
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
