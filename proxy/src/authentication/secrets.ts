import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { saslprep } from "@mongodb-js/saslprep";

const derive = promisify(pbkdf2);
const KEY_BYTES = 32;
const SALT_BYTES = 16;
export const DEFAULT_ITERATIONS = 4096;

/** What is kept of a SCRAM-SHA-256 password: enough to check it, and not the password. */
export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** What is known of a user's password, as pg_authid and a user file hold it. */
export type StoredSecret =
  | { readonly kind: "plain"; readonly password: string }
  /** `md5` and 32 hexadecimal digits. */
  | { readonly kind: "md5"; readonly hash: string }
  | { readonly kind: "scram"; readonly verifier: ScramVerifier };

/** With what a server can be logged in to. */
export type ServerSecret =
  | { readonly kind: "none" }
  | { readonly kind: "plain"; readonly password: string }
  | { readonly kind: "md5"; readonly hash: string }
  /** Learnt from the client's own exchange; good for the very verifier that it was checked against. */
  | { readonly kind: "scram-keys"; readonly clientKey: Buffer; readonly serverKey: Buffer };

/** Whether a server that refuses one would refuse the other, too. */
export function isSameSecret(left: ServerSecret, right: ServerSecret): boolean {
  if (left.kind === "plain" && right.kind === "plain") return left.password === right.password;
  if (left.kind === "md5" && right.kind === "md5") return left.hash === right.hash;
  if (left.kind === "scram-keys" && right.kind === "scram-keys")
    return equal(left.clientKey, right.clientKey) && equal(left.serverKey, right.serverKey);
  return left.kind === "none" && right.kind === "none";
}

export function parseSecret(text: string): StoredSecret {
  const scram = /^SCRAM-SHA-256\$(\d{1,7}):([\w+/=]+)\$([\w+/=]+):([\w+/=]+)$/.exec(text);
  if (scram !== null) {
    const [, iterations = "", salt = "", storedKey = "", serverKey = ""] = scram;
    const verifier = {
      iterations: Number(iterations),
      salt: Buffer.from(salt, "base64"),
      storedKey: Buffer.from(storedKey, "base64"),
      serverKey: Buffer.from(serverKey, "base64"),
    };
    const isSound = verifier.storedKey.length === KEY_BYTES && verifier.serverKey.length === KEY_BYTES;
    if (isSound && verifier.iterations > 0) return { kind: "scram", verifier };
  }
  return /^md5[0-9a-f]{32}$/.test(text) ? { kind: "md5", hash: text } : { kind: "plain", password: text };
}

/** RFC 4013's form; a password that has none is used as it is, as PostgreSQL does. */
export function prepared(password: string): string {
  try {
    return saslprep(password);
  } catch {
    return password;
  }
}

export function saltedPassword(password: string, salt: Buffer, iterations: number): Promise<Buffer> {
  return derive(prepared(password), salt, iterations, KEY_BYTES, "sha256");
}

/** A verifier of a password, with a salt of its own. */
export async function makeVerifier(
  password: string,
  salt: Buffer = randomBytes(SALT_BYTES),
  iterations: number = DEFAULT_ITERATIONS,
): Promise<ScramVerifier> {
  const salted = await saltedPassword(password, salt, iterations);
  return {
    iterations,
    salt,
    storedKey: sha256(hmac(salted, "Client Key")),
    serverKey: hmac(salted, "Server Key"),
  };
}

/** Whether a password in clear is the one that is known. */
export async function isPassword(secret: StoredSecret, user: string, password: string): Promise<boolean> {
  switch (secret.kind) {
    case "plain":
      return equal(sha256(Buffer.from(secret.password)), sha256(Buffer.from(password)));
    case "md5":
      return equal(Buffer.from(md5Secret(password, user)), Buffer.from(secret.hash));
    case "scram": {
      const made = await makeVerifier(password, secret.verifier.salt, secret.verifier.iterations);
      return equal(made.storedKey, secret.verifier.storedKey);
    }
  }
}

/** `md5` of password and user, as PostgreSQL stores it. */
export function md5Secret(password: string, user: string): string {
  return `md5${md5(Buffer.from(password + user))}`;
}

/** What a client answers to AuthenticationMD5Password. */
export function md5Answer(hash: string, salt: Buffer): string {
  return `md5${md5(Buffer.concat([Buffer.from(hash.slice(3)), salt]))}`;
}

export function equal(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

export function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}

export function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}

function md5(bytes: Buffer): string {
  return createHash("md5").update(bytes).digest("hex");
}
