import type { Duplex } from "node:stream";
import { FreshetError, SqlState } from "@freshet/base";
import {
  AUTHENTICATION_OK,
  FrontendType,
  encodeCommandComplete,
  encodeDataRow,
  encodeErrorResponse,
  encodeParameterStatus,
  encodeRowDescription,
  frontendScanner,
  decodeQuery,
  readyForQuery,
  toFreshetError,
} from "@freshet/wire";
import type { Authenticator } from "../authentication/authenticator.ts";
import { ClientExchange } from "../authentication/client-exchange.ts";
import type { ClientStartup } from "../authentication/client-login.ts";
import type { Startup } from "../listener/startup-negotiation.ts";
import type { Pools } from "../pool/pools.ts";
import { runConsoleCommand } from "./console-command.ts";

const TEXT_OID = 25;
const PARAMETERS: readonly (readonly [string, string])[] = [
  ["server_version", "16.0 (Freshet)"],
  ["client_encoding", "UTF8"],
  ["server_encoding", "UTF8"],
  ["DateStyle", "ISO"],
  ["TimeZone", "UTC"],
  ["standard_conforming_strings", "on"],
];

/** Lets an administrator in and serves the admin console, by the simple protocol. Rejects with a FreshetError when the client is not let in. */
export async function serveConsole(
  pools: Pools,
  authenticator: Authenticator,
  { socket, early }: Startup,
  { applicant, negotiation }: ClientStartup,
): Promise<void> {
  const exchange = new ClientExchange(socket, early);
  if (negotiation !== null) exchange.send(negotiation);
  await authenticator.authenticate(exchange, applicant);
  const { adminUsers, statsUsers } = pools.configuration.options;
  const mayChange = names(adminUsers).includes(applicant.user);
  if (!mayChange && !names(statsUsers).includes(applicant.user)) {
    throw new FreshetError(SqlState.insufficientPrivilege, `user "${applicant.user}" may not use the admin console`, {
      hint: "It must be one of admin_users or stats_users.",
    });
  }
  exchange.send(
    AUTHENTICATION_OK,
    ...PARAMETERS.map(([name, value]) => encodeParameterStatus(name, value)),
    readyForQuery("I"),
  );
  const rest = exchange.finish();
  new ConsoleSession(pools, socket, mayChange).start(rest);
}

class ConsoleSession {
  readonly #pools: Pools;
  readonly #client: Duplex;
  readonly #mayChange: boolean;
  readonly #scanner = frontendScanner();
  #running = false;

  constructor(pools: Pools, client: Duplex, mayChange: boolean) {
    this.#pools = pools;
    this.#client = client;
    this.#mayChange = mayChange;
  }

  start(rest: Buffer): void {
    this.#client.on("data", (chunk: Buffer) => {
      this.#scanner.push(chunk);
      void this.#run();
    });
    this.#client.on("end", () => this.#client.end());
    this.#scanner.push(rest);
    this.#client.resume();
    void this.#run();
  }

  /** One message at a time; what comes meanwhile waits. */
  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#scanner.advance()) await this.#message();
    } catch (thrown) {
      this.#send(encodeErrorResponse(toFreshetError(thrown), "FATAL"));
      this.#client.end();
    } finally {
      this.#running = false;
    }
  }

  async #message(): Promise<void> {
    const { type, buffer, start, end, first, last } = this.#scanner;
    if (type === FrontendType.terminate) {
      this.#client.end();
      return;
    }
    if (type === FrontendType.query && first && last) {
      await this.#query(decodeQuery(buffer, start, end).text);
      return;
    }
    // Its messages up to Sync bring no answer of their own.
    if (type !== FrontendType.sync) return;
    const error = new FreshetError(SqlState.featureNotSupported, "the admin console speaks the simple protocol alone");
    this.#send(encodeErrorResponse(error), readyForQuery("I"));
  }

  async #query(text: string): Promise<void> {
    try {
      const { tag, table } = await runConsoleCommand(this.#pools, text, this.#mayChange);
      if (table !== null) {
        this.#send(
          encodeRowDescription(
            table.columns.map((name) => ({
              name,
              tableOid: 0,
              attribute: 0,
              typeOid: TEXT_OID,
              typeLength: -1,
              typmod: -1,
              format: 0,
            })),
          ),
          ...table.rows.map((row) => encodeDataRow(row.map((value) => (value === null ? null : Buffer.from(value))))),
        );
      }
      this.#send(encodeCommandComplete(tag));
    } catch (thrown) {
      this.#send(encodeErrorResponse(toFreshetError(thrown)));
    }
    this.#send(readyForQuery("I"));
  }

  #send(...messages: readonly Buffer[]): void {
    if (this.#client.writable) this.#client.write(Buffer.concat(messages));
  }
}

function names(list: string): string[] {
  return list.split(",").map((name) => name.trim());
}
