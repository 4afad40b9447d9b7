import type { Duplex } from "node:stream";
import { FreshetError, SqlState } from "@freshet/base";
import {
  AUTHENTICATION_OK,
  FrontendType,
  type MessageScanner,
  encodeCommandComplete,
  encodeErrorResponse,
  encodeParameterStatus,
  frontendScanner,
  decodeQuery,
  protocolViolation,
  readyForQuery,
  toFreshetError,
} from "@freshet/wire";
import type { Authenticator } from "../authentication/authenticator.ts";
import { ClientExchange } from "../authentication/client-exchange.ts";
import type { ClientStartup } from "../authentication/client-login.ts";
import type { Startup } from "../listener/startup-negotiation.ts";
import type { Pools } from "../pool/pools.ts";
import { type ConsoleAnswer, describeConsoleCommand, runConsoleCommand } from "./console-command.ts";
import { ConsoleExtended, isExtended } from "./console-extended.ts";
import { consoleDescription, consoleRow } from "./console-rows.ts";

const PARAMETERS: readonly (readonly [string, string])[] = [
  ["server_version", "16.0 (Freshet)"],
  ["client_encoding", "UTF8"],
  ["server_encoding", "UTF8"],
  ["DateStyle", "ISO"],
  ["TimeZone", "UTC"],
  ["standard_conforming_strings", "on"],
];

/** Lets an administrator in and serves the admin console. Rejects with a FreshetError when the client is not let in. */
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
  readonly #extended = new ConsoleExtended({
    run: (text) => this.#command(text),
    columns: (text) => describeConsoleCommand(this.#pools, text),
  });
  #running = false;
  /** A message of the extended protocol has failed: the rest up to Sync is skipped. */
  #skipping = false;

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
    if (type === FrontendType.sync) {
      this.#skipping = false;
      this.#extended.endSegment();
      this.#send(readyForQuery("I"));
      return;
    }
    if (this.#skipping || type === FrontendType.flush) return;
    if (!first || !last || (type !== FrontendType.query && !isExtended(type)))
      throw protocolViolation(`the admin console does not take messages of type ${type} or of that size`);
    if (type === FrontendType.query) await this.#query(decodeQuery(buffer, start, end).text);
    else await this.#extendedMessage({ type, buffer, start, end });
  }

  async #extendedMessage(piece: Pick<MessageScanner, "type" | "buffer" | "start" | "end">): Promise<void> {
    try {
      this.#send(...(await this.#extended.answer(piece)));
    } catch (thrown) {
      this.#skipping = true;
      this.#send(encodeErrorResponse(toFreshetError(thrown)));
    }
  }

  #command(text: string): Promise<ConsoleAnswer> {
    return runConsoleCommand(this.#pools, text, this.#mayChange);
  }

  async #query(text: string): Promise<void> {
    try {
      this.#extended.endSegment();
      const { tag, table } = await this.#command(text);
      if (table !== null) {
        this.#send(consoleDescription(table.columns), ...table.rows.map(consoleRow));
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
