import { type AuthType, FreshetError, SqlState } from "@freshet/base";
import type { Encryption } from "../tls/client-tls.ts";
import type { HbaRule } from "./hba-file.ts";
import { type HbaLookups, matchRule } from "./hba-match.ts";
import type { IdentMap } from "./ident-map.ts";
import { type Exchange, exchangeMd5, exchangePassword, exchangeScram } from "./password-exchange.ts";
import type { ServerSecret, StoredSecret } from "./secrets.ts";

/** What is known of a client before it has proven who it is. */
export interface Applicant {
  readonly user: string;
  readonly database: string;
  readonly physicalReplication: boolean;
  /** Null: a Unix socket. */
  readonly address: string | null;
  readonly encryption: Encryption | null;
}

/** What may change while clients are there. */
export interface AuthenticationRules {
  readonly hba: readonly HbaRule[];
  readonly identMap: IdentMap;
  readonly users: ReadonlyMap<string, StoredSecret>;
}

export interface AuthenticatorParts {
  readonly type: AuthType;
  readonly rules: () => AuthenticationRules;
  /** Asks the upstream for a user's secret, as pg_authid holds it; null: there is none. */
  readonly query: (user: string) => Promise<StoredSecret | null>;
  /** What the rules of an hba file may ask. */
  readonly lookups: HbaLookups;
}

type Rule = Pick<HbaRule, "method" | "options">;

const NO_OPTIONS: ReadonlyMap<string, string> = new Map();

/** Lets clients in, or leaves that to the upstream. */
export class Authenticator {
  readonly #parts: AuthenticatorParts;
  /** Found once for each login. */
  readonly #rules = new WeakMap<Applicant, Promise<Rule>>();

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** Whether the client logs in to the upstream itself, through Freshet. Rejects with a FreshetError when no rule lets it in. */
  async relays(applicant: Applicant): Promise<boolean> {
    return (await this.#rule(applicant)).method === "relay";
  }

  /**
   * Conducts the exchange that the client's rule asks for. Rejects with a FreshetError when it is not let in; gives what the upstream can be
   * logged in to with. AuthenticationOk is the caller's to send.
   */
  async authenticate(exchange: Exchange, applicant: Applicant): Promise<ServerSecret> {
    const { method, options } = await this.#rule(applicant);
    const { user, encryption } = applicant;
    if (method === "reject" || method === "relay") throw refusal(applicant, "pg_hba.conf rejects connection for");
    const clientCert = options.get("clientcert") ?? (method === "cert" ? "verify-full" : undefined);
    if (clientCert !== undefined) this.#checkCertificate(applicant, clientCert, options);
    if (method === "trust" || method === "cert") return serverSecret(this.#parts.rules().users.get(user));
    const stored = await this.#secret(user);
    if (method === "password") return exchangePassword(exchange, user, stored);
    if (method === "md5" && stored !== null && stored.kind !== "scram") return exchangeMd5(exchange, user, stored);
    const usable = stored?.kind === "md5" ? null : stored;
    return exchangeScram(exchange, user, usable, encryption?.endPointHash ?? null);
  }

  #rule(applicant: Applicant): Promise<Rule> {
    const known = this.#rules.get(applicant);
    if (known !== undefined) return known;
    const found = this.#find(applicant);
    this.#rules.set(applicant, found);
    return found;
  }

  async #find(applicant: Applicant): Promise<Rule> {
    const { type, lookups } = this.#parts;
    if (type !== "hba") return { method: type, options: NO_OPTIONS };
    const client = { ...applicant, encrypted: applicant.encryption !== null };
    const found = await matchRule(this.#parts.rules().hba, client, lookups);
    if (found === null) throw refusal(applicant, "no pg_hba.conf entry for");
    return found;
  }

  #checkCertificate({ user, encryption }: Applicant, how: string, options: ReadonlyMap<string, string>): void {
    const certificate = encryption?.certificate ?? null;
    if (certificate === null || certificate.problem !== null) {
      throw new FreshetError(SqlState.invalidAuthorization, "connection requires a valid client certificate");
    }
    if (how === "verify-ca") return;
    const name = options.get("clientname") === "DN" ? certificate.distinguishedName : certificate.commonName;
    if (name !== null && this.#parts.rules().identMap.allows(options.get("map"), name, user)) return;
    throw new FreshetError(SqlState.invalidAuthorization, `certificate authentication failed for user "${user}"`);
  }

  async #secret(user: string): Promise<StoredSecret | null> {
    return this.#parts.rules().users.get(user) ?? (await this.#parts.query(user));
  }
}

function serverSecret(stored: StoredSecret | undefined): ServerSecret {
  return stored === undefined || stored.kind === "scram" ? { kind: "none" } : stored;
}

function refusal({ user, database, address, encryption }: Applicant, what: string): FreshetError {
  const from = address === null ? "local connection" : `host "${address}"`;
  const how = encryption === null ? "no encryption" : "SSL encryption";
  return new FreshetError(
    SqlState.invalidAuthorization,
    `${what} ${from}, user "${user}", database "${database}", ${how}`,
  );
}
