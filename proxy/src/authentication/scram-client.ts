import { randomBytes } from "node:crypto";
import { FreshetError, SqlState } from "@freshet/base";
import { type ServerSecret, equal, hmac, saltedPassword, sha256, xor } from "./secrets.ts";

/** More iterations than any server asks for would hold the login up. */
const MAX_ITERATIONS = 1_000_000;

export type ScramSecret = Extract<ServerSecret, { kind: "plain" | "scram-keys" }>;

/** One SCRAM-SHA-256 exchange from the client's side, with a password or with the keys of one. */
export class ScramClient {
  readonly #secret: ScramSecret;
  readonly #nonce: string = randomBytes(18).toString("base64");
  #serverSignature: Buffer | null = null;

  constructor(secret: ScramSecret) {
    this.#secret = secret;
  }

  /** client-first-message. PostgreSQL takes the user from the startup packet. */
  first(): string {
    return `n,,n=,r=${this.#nonce}`;
  }

  /** client-final-message for the server's first one. */
  async final(serverFirst: string): Promise<string> {
    const [, nonce = "", salt = "", iterations = ""] = /^r=([^,]+),s=([^,]+),i=(\d{1,9})$/.exec(serverFirst) ?? [];
    const count = Number(iterations);
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce) throw refused("the nonce is not the client's");
    if (count < 1 || count > MAX_ITERATIONS) throw refused("the number of iterations is impossible");
    const { clientKey, serverKey } = await this.#keys(Buffer.from(salt, "base64"), count);
    const withoutProof = `c=biws,r=${nonce}`;
    const signed = `n=,r=${this.#nonce},${serverFirst},${withoutProof}`;
    this.#serverSignature = hmac(serverKey, signed);
    return `${withoutProof},p=${xor(clientKey, hmac(sha256(clientKey), signed)).toString("base64")}`;
  }

  /** Throws unless the server has proven that it knows the secret too. */
  verify(serverFinal: string): void {
    const [, signature = ""] = /^v=([^,]+)$/.exec(serverFinal) ?? [];
    const known = this.#serverSignature;
    if (known === null || !equal(Buffer.from(signature, "base64"), known))
      throw refused("the server's signature is wrong");
  }

  async #keys(salt: Buffer, iterations: number): Promise<{ readonly clientKey: Buffer; readonly serverKey: Buffer }> {
    if (this.#secret.kind === "scram-keys") return this.#secret;
    const salted = await saltedPassword(this.#secret.password, salt, iterations);
    return { clientKey: hmac(salted, "Client Key"), serverKey: hmac(salted, "Server Key") };
  }
}

function refused(reason: string): FreshetError {
  return new FreshetError(SqlState.connectionFailure, `SCRAM authentication with the server failed: ${reason}`);
}
