import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import {
  AuthenticationKind,
  FrontendType,
  decodeAuthenticationKind,
  decodeMd5Salt,
  encodePassword,
  frame,
} from "@freshet/wire";

const NONCE = "freshettestnonce";
const FIRST = `n=,r=${NONCE}`;

/** A client's answer to an authentication request; null where none is due. */
export function answerAuthentication(request: Buffer, user: string, password: string): Buffer | null {
  const body = request.subarray(9);
  switch (decodeAuthenticationKind(request, 0, request.length)) {
    case AuthenticationKind.cleartextPassword:
      return encodePassword(password);
    case AuthenticationKind.md5Password: {
      const inner = md5(Buffer.from(password + user));
      return encodePassword(
        `md5${md5(Buffer.concat([Buffer.from(inner), decodeMd5Salt(request, 0, request.length)]))}`,
      );
    }
    case AuthenticationKind.sasl: {
      const first = Buffer.from(`n,,${FIRST}`);
      const length = Buffer.alloc(4);
      length.writeInt32BE(first.length);
      return frame(FrontendType.password, Buffer.from("SCRAM-SHA-256\0"), length, first);
    }
    case AuthenticationKind.saslContinue:
      return frame(FrontendType.password, Buffer.from(scramProof(body.toString(), password)));
    default:
      return null;
  }
}

function scramProof(serverFirst: string, password: string): string {
  const [, nonce = "", salt = "", iterations = ""] = /^r=(.*),s=(.*),i=(\d+)$/.exec(serverFirst) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), Number(iterations), 32, "sha256");
  const clientKey = hmac(salted, "Client Key");
  const withoutProof = `c=biws,r=${nonce}`;
  const signature = hmac(createHash("sha256").update(clientKey).digest(), `${FIRST},${serverFirst},${withoutProof}`);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return `${withoutProof},p=${proof.toString("base64")}`;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function md5(bytes: Buffer): string {
  return createHash("md5").update(bytes).digest("hex");
}
