import { type HostNames, confirmedName, fitsAddress } from "./hba-address.ts";
import type { HbaRule, NamePattern } from "./hba-file.ts";

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

/** What is not known of a client without asking. */
export interface HbaLookups {
  /** The roles that the user is a member of, itself among them, as the upstream says; rejects when it cannot be asked. */
  readonly rolesOf: (user: string) => Promise<ReadonlySet<string>>;
  readonly hostNames: HostNames;
}

/** The first rule that fits, as in PostgreSQL. Nothing is looked up that no rule needs, and nothing twice. */
export async function matchRule(
  rules: readonly HbaRule[],
  client: HbaClient,
  lookups: HbaLookups,
): Promise<HbaRule | null> {
  const matching = new Matching(client, lookups);
  for (const rule of rules) if (await matching.fits(rule)) return rule;
  return null;
}

class Matching {
  readonly #client: HbaClient;
  readonly #lookups: HbaLookups;
  #roles: Promise<ReadonlySet<string>> | null = null;
  #hostName: Promise<string | null> | null = null;

  constructor(client: HbaClient, lookups: HbaLookups) {
    this.#client = client;
    this.#lookups = lookups;
  }

  async fits(rule: HbaRule): Promise<boolean> {
    const { address, encrypted } = this.#client;
    if ((rule.kind === "local") !== (address === null)) return false;
    if ((rule.kind === "hostssl" && !encrypted) || (rule.kind === "hostnossl" && encrypted)) return false;
    const { hostNames } = this.#lookups;
    const name = (): Promise<string | null> => (this.#hostName ??= confirmedName(address, hostNames));
    if (!(await fitsAddress(rule.address, address, name))) return false;
    return (
      (await this.#some(rule.databases, (pattern) => this.#fitsDatabase(pattern))) &&
      (await this.#some(rule.users, (pattern) => this.#fitsUser(pattern)))
    );
  }

  async #some(
    patterns: readonly NamePattern[],
    fits: (pattern: NamePattern) => boolean | Promise<boolean>,
  ): Promise<boolean> {
    for (const pattern of patterns) if (await fits(pattern)) return true;
    return false;
  }

  #fitsDatabase(pattern: NamePattern): boolean | Promise<boolean> {
    const { physicalReplication, database, user } = this.#client;
    if (physicalReplication) return pattern.kind === "replication";
    if (pattern.kind === "sameuser") return database === user;
    if (pattern.kind === "samerole") return this.#isMember(database);
    return pattern.kind !== "member" && fitsName(pattern, database);
  }

  #fitsUser(pattern: NamePattern): boolean | Promise<boolean> {
    const { user } = this.#client;
    return pattern.kind === "member" ? this.#isMember(pattern.name) : fitsName(pattern, user);
  }

  async #isMember(role: string): Promise<boolean> {
    this.#roles ??= this.#lookups.rolesOf(this.#client.user);
    return (await this.#roles).has(role);
  }
}

function fitsName(pattern: NamePattern, name: string): boolean {
  if (pattern.kind === "name") return pattern.name === name;
  return pattern.kind === "regex" ? pattern.pattern.test(name) : pattern.kind === "all";
}
