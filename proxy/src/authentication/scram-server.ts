import { randomBytes } from "node:crypto";
import { FreshetError, SqlState } from "@freshet/base";
import { type ScramVerifier, equal, hmac, sha256, xor } from "./secrets.ts";

export const SCRAM = "SCRAM-SHA-256";
export const SCRAM_PLUS = "SCRAM-SHA-256-PLUS";
const BINDING = "tls-server-end-point";

/** Outcome of a client's proof: the keys to log in with elsewhere, or null when the proof is wrong. */
export interface ScramOutcome {
  readonly serverFinal: string;
  readonly clientKey: Buffer;
}

/**
 * One SCRAM-SHA-256 exchange (RFC 5802, 7677) from the server's side, with channel binding when Freshet ends the client's TLS. No library of
 * npm's does this side.
 */
export class ScramServer {
  readonly #verifier: ScramVerifier;
  /** Of Freshet's own certificate; null: SCRAM-SHA-256-PLUS is not offered. */
  readonly #endPointHash: Buffer | null;
  readonly #ownNonce: string;
  #header = "";
  #bound = false;
  #nonce = "";
  #firstMessages = "";

  /** `nonce`: for tests with known answers. */
  constructor(
    verifier: ScramVerifier,
    endPointHash: Buffer | null,
    nonce: string = randomBytes(18).toString("base64"),
  ) {
    this.#verifier = verifier;
    this.#endPointHash = endPointHash;
    this.#ownNonce = nonce;
  }

  get mechanisms(): readonly string[] {
    return this.#endPointHash === null ? [SCRAM] : [SCRAM_PLUS, SCRAM];
  }

  /** Takes client-first-message, gives server-first-message. */
  first(mechanism: string, message: string): string {
    if (!this.mechanisms.includes(mechanism))
      throw malformed("client selected an invalid SASL authentication mechanism");
    const parts = /^((n|y|p=([^,]*)),([^,]*),)(n=[^,]*,r=([!-+\--~]+)(?:,.*)?)$/.exec(message);
    if (parts === null) throw malformed("malformed SCRAM message");
    const [, header = "", flag = "", binding, authorization = "", bare = "", clientNonce = ""] = parts;
    if (authorization !== "") throw malformed("client uses authorization identity, but it is not supported");
    this.#checkBinding(mechanism, flag, binding);
    this.#header = header;
    this.#nonce = clientNonce + this.#ownNonce;
    const { salt, iterations } = this.#verifier;
    const serverFirst = `r=${this.#nonce},s=${salt.toString("base64")},i=${iterations}`;
    this.#firstMessages = `${bare},${serverFirst}`;
    return serverFirst;
  }

  /** Takes client-final-message; null: the password is wrong. */
  final(message: string): ScramOutcome | null {
    const parts = /^(c=([\w+/=]+),r=([^,]+)(?:,.*)?),p=([\w+/=]+)$/.exec(message);
    if (parts === null) throw malformed("malformed SCRAM message");
    const [, withoutProof = "", binding = "", nonce = "", proof = ""] = parts;
    const data = this.#bound && this.#endPointHash !== null ? this.#endPointHash : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(this.#header), data]);
    if (!equal(Buffer.from(binding, "base64"), expected))
      throw malformed("SCRAM channel binding check failed", "28000");
    if (!equal(Buffer.from(nonce), Buffer.from(this.#nonce))) throw malformed("invalid SCRAM response");
    const signed = `${this.#firstMessages},${withoutProof}`;
    const given = Buffer.from(proof, "base64");
    if (given.length !== this.#verifier.storedKey.length) throw malformed("malformed SCRAM message");
    const clientKey = xor(given, hmac(this.#verifier.storedKey, signed));
    if (!equal(sha256(clientKey), this.#verifier.storedKey)) return null;
    return { serverFinal: `v=${hmac(this.#verifier.serverKey, signed).toString("base64")}`, clientKey };
  }

  #checkBinding(mechanism: string, flag: string, binding: string | undefined): void {
    const plus = mechanism === SCRAM_PLUS;
    if (binding !== undefined && binding !== BINDING) throw malformed("unsupported SCRAM channel-binding type");
    if (plus !== (binding !== undefined)) throw malformed("malformed SCRAM message");
    if (flag === "y" && this.#endPointHash !== null) {
      // Somebody between has taken SCRAM-SHA-256-PLUS out of the offer.
      throw malformed("SCRAM channel binding negotiation error", "28000");
    }
    this.#bound = plus;
  }
}

function malformed(message: string, code: string = SqlState.protocolViolation): FreshetError {
  return new FreshetError(code, message);
}
