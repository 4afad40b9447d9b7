import { createHash } from "node:crypto";
import { PassThrough, Duplex } from "node:stream";
import {
  AUTHENTICATION_OK,
  AuthenticationKind,
  NEWEST_PROTOCOL_VERSION,
  decodeStartupPacket,
  encodeAuthentication,
  encodeBackendKeyData,
  encodeNegotiateProtocolVersion,
  encodeParameterStatus,
  encodeSaslMechanisms,
  readyForQuery,
} from "@freshet/wire";
import { FreshetError } from "@freshet/base";
import { describe, expect, it } from "vitest";
import type { ServerSecret } from "./secrets.ts";
import { type ServerLogin, logIn } from "./server-login.ts";

/** A server that says one thing after each message it gets. */
async function against(
  script: readonly Buffer[],
  secret: ServerSecret,
): Promise<{ login: ServerLogin; heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const toClient = new PassThrough();
  let at = 0;
  const socket = Duplex.from({
    readable: toClient,
    writable: new (class extends PassThrough {
      override _write(chunk: Buffer, _encoding: string, done: () => void): void {
        heard.push(Buffer.from(chunk));
        const next = script[at++];
        if (next !== undefined) toClient.write(next);
        done();
      }
    })(),
  });
  const login = await logIn(socket, { user: "jane", secret }, new Map([["user", "jane"]]));
  return { login, heard };
}

const welcome = Buffer.concat([
  AUTHENTICATION_OK,
  encodeParameterStatus("server_version", "14.0"),
  encodeBackendKeyData({ processId: 9, secretKey: Buffer.alloc(4, 1) }),
  readyForQuery("I"),
]);

describe("a login to the upstream", () => {
  it("asks for the newest protocol, and takes an older one and its short key", async () => {
    const negotiation = encodeNegotiateProtocolVersion(3 << 16, []);
    const { login, heard } = await against([Buffer.concat([negotiation, welcome])], { kind: "none" });
    expect(decodeStartupPacket(heard[0] ?? Buffer.alloc(0))).toMatchObject({ version: NEWEST_PROTOCOL_VERSION });
    expect(login.key).toEqual({ processId: 9, secretKey: Buffer.alloc(4, 1) });
    expect(login.parameters.get("server_version")).toBe("14.0");
  });

  it("answers md5 with a hash, or with a password", async () => {
    const salt = Buffer.from([1, 2, 3, 4]);
    const inner = createHash("md5").update("secretjane").digest("hex");
    const expected = `md5${createHash("md5").update(inner).update(salt).digest("hex")}\0`;
    const script = [encodeAuthentication(AuthenticationKind.md5Password, salt), welcome];
    for (const secret of [
      { kind: "md5", hash: `md5${inner}` },
      { kind: "plain", password: "secret" },
    ] as const) {
      const { heard } = await against(script, secret);
      expect(heard[1]?.toString("latin1", 5)).toBe(expected);
    }
  });

  it.each([
    [
      "that asks for a password that is not known",
      encodeAuthentication(AuthenticationKind.cleartextPassword),
      { kind: "md5", hash: "md5" },
      "28P01",
    ],
    [
      "that asks for SCRAM where only a hash is known",
      encodeSaslMechanisms(["SCRAM-SHA-256"]),
      { kind: "md5", hash: "md5" },
      "28P01",
    ],
    [
      "that offers no known mechanism",
      encodeSaslMechanisms(["OAUTHBEARER"]),
      { kind: "plain", password: "x" },
      "08006",
    ],
    ["that asks for Kerberos", encodeAuthentication(AuthenticationKind.gss), { kind: "plain", password: "x" }, "08006"],
    ["that sends nonsense", Buffer.from([0x52, 0, 0, 0, 1]), { kind: "none" }, "08P01"],
  ] as const)("to a server %s fails", async (_what, message, secret, code) => {
    await expect(against([message], secret)).rejects.toMatchObject({ code });
  });

  it("does not believe a server that says yes before it has proven that it knows the secret", async () => {
    const login = against([encodeSaslMechanisms(["SCRAM-SHA-256"]), welcome], { kind: "plain", password: "x" });
    await expect(login).rejects.toThrow("has not proven who it is");
    await expect(login).rejects.toBeInstanceOf(FreshetError);
  });
});
