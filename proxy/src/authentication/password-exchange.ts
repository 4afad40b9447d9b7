import { createHmac, randomBytes } from "node:crypto";
import { FreshetError, SqlState } from "@freshet/base";
import { AuthenticationKind, FrontendType, encodeAuthentication, encodeSaslMechanisms } from "@freshet/wire";
import type { ClientExchange } from "./client-exchange.ts";
import { ScramServer } from "./scram-server.ts";
import {
  DEFAULT_ITERATIONS,
  type ScramVerifier,
  type ServerSecret,
  type StoredSecret,
  equal,
  isPassword,
  makeVerifier,
  md5Answer,
  md5Secret,
} from "./secrets.ts";

export type Exchange = Pick<ClientExchange, "send" | "receive">;

/** Salts of users that are not there follow from it, so that asking twice tells nothing. */
const MOCK_SECRET = randomBytes(32);
/** PostgreSQL's limit on a password message. */
const MAX_ANSWER_BYTES = 65_535;

/** Asks for the password in clear. */
export async function exchangePassword(
  exchange: Exchange,
  user: string,
  stored: StoredSecret | null,
): Promise<ServerSecret> {
  exchange.send(encodeAuthentication(AuthenticationKind.cleartextPassword));
  const password = passwordText(await answer(exchange));
  if (stored === null || password === "" || !(await isPassword(stored, user, password))) throw wrongPassword(user);
  return { kind: "plain", password };
}

/** MD5, for a secret that is a hash of it or the password itself. */
export async function exchangeMd5(
  exchange: Exchange,
  user: string,
  stored: Extract<StoredSecret, { kind: "plain" | "md5" }>,
): Promise<ServerSecret> {
  const salt = randomBytes(4);
  exchange.send(encodeAuthentication(AuthenticationKind.md5Password, salt));
  const given = passwordText(await answer(exchange));
  const hash = stored.kind === "md5" ? stored.hash : md5Secret(stored.password, user);
  if (!equal(Buffer.from(given), Buffer.from(md5Answer(hash, salt)))) throw wrongPassword(user);
  return stored.kind === "md5" ? stored : { kind: "plain", password: stored.password };
}

/** SCRAM-SHA-256, with a made-up verifier where there is none, so that a client cannot tell. */
export async function exchangeScram(
  exchange: Exchange,
  user: string,
  stored: StoredSecret | null,
  endPointHash: Buffer | null,
): Promise<ServerSecret> {
  const verifier = await verifierOf(stored, user);
  const scram = new ScramServer(verifier ?? mockVerifier(user), endPointHash);
  exchange.send(encodeSaslMechanisms(scram.mechanisms));
  const { mechanism, data } = initialResponse(await answer(exchange));
  const serverFirst = scram.first(mechanism, data);
  exchange.send(encodeAuthentication(AuthenticationKind.saslContinue, Buffer.from(serverFirst)));
  const outcome = scram.final((await answer(exchange)).toString());
  if (outcome === null || verifier === null) throw wrongPassword(user);
  exchange.send(encodeAuthentication(AuthenticationKind.saslFinal, Buffer.from(outcome.serverFinal)));
  if (stored?.kind === "plain") return stored;
  return { kind: "scram-keys", clientKey: outcome.clientKey, serverKey: verifier.serverKey };
}

export function wrongPassword(user: string): FreshetError {
  return new FreshetError(SqlState.invalidPassword, `password authentication failed for user "${user}"`);
}

async function verifierOf(stored: StoredSecret | null, user: string): Promise<ScramVerifier | null> {
  if (stored?.kind === "scram") return stored.verifier;
  return stored?.kind === "plain" ? makeVerifier(stored.password, saltOf(user)) : null;
}

function saltOf(user: string): Buffer {
  return createHmac("sha256", MOCK_SECRET).update(user).digest().subarray(0, 16);
}

function mockVerifier(user: string): ScramVerifier {
  return { iterations: DEFAULT_ITERATIONS, salt: saltOf(user), storedKey: randomBytes(32), serverKey: randomBytes(32) };
}

/** The body of the client's next answer. */
async function answer(exchange: Exchange): Promise<Buffer> {
  const message = await exchange.receive();
  if (message === null) throw new FreshetError(SqlState.connectionFailure, "the client has gone");
  if (message[0] !== FrontendType.password) {
    throw new FreshetError(SqlState.protocolViolation, `expected password response, got message type ${message[0]}`);
  }
  if (message.length > MAX_ANSWER_BYTES)
    throw new FreshetError(SqlState.protocolViolation, "invalid password packet size");
  return message.subarray(5);
}

function passwordText(body: Buffer): string {
  const end = body.indexOf(0);
  if (end !== body.length - 1) throw new FreshetError(SqlState.protocolViolation, "invalid password packet size");
  return body.toString("utf8", 0, end);
}

/** SASLInitialResponse: the mechanism, and its data with a length in front. */
function initialResponse(body: Buffer): { readonly mechanism: string; readonly data: string } {
  const end = body.indexOf(0);
  const at = end + 5;
  if (end < 0 || at > body.length || body.readInt32BE(end + 1) !== body.length - at) {
    throw new FreshetError(SqlState.protocolViolation, "malformed SCRAM message");
  }
  return { mechanism: body.toString("latin1", 0, end), data: body.toString("utf8", at) };
}
