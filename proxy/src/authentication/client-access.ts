import type { FreshetOptions, Logger } from "@freshet/base";
import { ControlConnection } from "../control/control-connection.ts";
import { createClientTls } from "../tls/client-tls-options.ts";
import type { ClientTls } from "../tls/client-tls.ts";
import type { DriverConnection } from "../upstream/upstream.ts";
import { AUTH_QUERY_PROLOGUE, askForSecret } from "./auth-query.ts";
import { AuthFiles } from "./auth-files.ts";
import { Authenticator } from "./authenticator.ts";
import { systemHostNames } from "./hba-address.ts";
import { askForRoles } from "./role-membership.ts";

/** What stands between a client's first byte and its session: TLS and authentication. */
export interface ClientAccess {
  /** Null: clients are served without. */
  readonly tls: ClientTls | null;
  readonly authenticator: Authenticator;
  /** Follows changes of the certificates' files. */
  watch(): void;
  /** Reads certificates, rules and users again. */
  reload(): void;
  close(): Promise<void>;
}

/** Throws a FreshetError when a file cannot be read. */
export function createClientAccess(options: FreshetOptions, driver: DriverConnection, logger: Logger): ClientAccess {
  const files = new AuthFiles(options, logger);
  // A connection of its own: logins must not wait for the planning of a cache.
  const control = new ControlConnection({
    ...driver,
    applicationName: `freshet ${options.instance}`,
    connectTimeoutMs: options.upstreamConnectTimeoutMs,
    useTimeoutMs: options.upstreamConnectTimeoutMs,
    prologue: AUTH_QUERY_PROLOGUE,
  });
  const authenticator = new Authenticator({
    type: options.authType,
    rules: () => files.rules,
    query: (user) => control.withClient((client) => askForSecret(client, options.authQuery, user)),
    lookups: {
      rolesOf: (user) => control.withClient((client) => askForRoles(client, user)),
      hostNames: systemHostNames,
    },
  });
  const tls = createClientTls(options, logger);
  return {
    tls,
    authenticator,
    watch: () => tls?.watch(),
    reload: () => {
      tls?.reload();
      files.reload();
    },
    close: () => {
      tls?.close();
      return control.close(0);
    },
  };
}
