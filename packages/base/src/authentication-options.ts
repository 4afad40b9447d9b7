import { choiceKind, pathKind, textKind } from "./option-kinds.ts";
import type { OptionSpecs } from "./options.ts";

export const authTypes = ["relay", "trust", "password", "md5", "scram-sha-256", "cert", "hba"] as const;
export type AuthType = (typeof authTypes)[number];

/** Who lets clients in, and how; the names are PgBouncer's. */
export interface AuthenticationOptions {
  readonly authType: AuthType;
  readonly authHbaFile: string | undefined;
  readonly authIdentFile: string | undefined;
  readonly authFile: string | undefined;
  readonly authQuery: string;
}

/**
 * Every name is qualified and the user is a parameter, so that neither a search_path nor a user's name changes what is asked (CVE-2025-12819); a
 * password that is not valid any more is none (CVE-2025-2291).
 */
export const DEFAULT_AUTH_QUERY =
  "SELECT rolname, CASE WHEN rolvaliduntil OPERATOR(pg_catalog.<) pg_catalog.now() THEN NULL ELSE rolpassword END FROM pg_catalog.pg_authid WHERE rolname OPERATOR(pg_catalog.=) $1 AND rolcanlogin";

const file = pathKind("FILE");

export const authenticationOptionSpecs: OptionSpecs<AuthenticationOptions> = {
  authType: {
    kind: choiceKind(authTypes, "TYPE"),
    description:
      "Who lets clients in: relay (upstream, on the client's own connection), or Freshet itself by one method for all, or by the rules of --auth-hba-file (hba).",
    default: "relay",
  },
  authHbaFile: {
    kind: file,
    description: "Rules in the format of pg_hba.conf; method relay leaves a login to upstream. Read again on SIGHUP.",
    optional: true,
  },
  authIdentFile: {
    kind: file,
    description: "Which certificates may be which users, in the format of pg_ident.conf. Read again on SIGHUP.",
    optional: true,
  },
  authFile: {
    kind: file,
    description:
      'Users and their secrets, as lines of "user" "password, md5 hash or SCRAM verifier". Read again on SIGHUP.',
    optional: true,
  },
  authQuery: {
    kind: textKind("SQL", "a query with the user as $1", /\$1/),
    description:
      "How the secret of a user that is not in --auth-file is asked for, with the role of the upstream URL and an empty search_path: a row of name and secret.",
    default: DEFAULT_AUTH_QUERY,
  },
};
