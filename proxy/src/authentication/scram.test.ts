import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ScramClient } from "./scram-client.ts";
import { ScramServer } from "./scram-server.ts";
import { isPassword, makeVerifier, parseSecret } from "./secrets.ts";

const FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";

describe("SCRAM-SHA-256", () => {
  it("is that of RFC 7677", async () => {
    const verifier = await makeVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), 4096);
    const server = new ScramServer(verifier, null, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
    expect(server.first("SCRAM-SHA-256", FIRST)).toBe(
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    );
    const outcome = server.final(
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    );
    expect(outcome?.serverFinal).toBe("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    expect(
      createHash("sha256")
        .update(outcome?.clientKey ?? "")
        .digest(),
    ).toEqual(verifier.storedKey);
  });

  it("is done with a password, then again with the keys that were learnt", async () => {
    const verifier = await makeVerifier("pāss wörd");
    const exchange = async (client: ScramClient): Promise<Buffer> => {
      const server = new ScramServer(verifier, null);
      const outcome = server.final(await client.final(server.first("SCRAM-SHA-256", client.first())));
      expect(outcome).not.toBeNull();
      client.verify(outcome?.serverFinal ?? "");
      return outcome?.clientKey ?? Buffer.alloc(0);
    };
    const clientKey = await exchange(new ScramClient({ kind: "plain", password: "pāss wörd" }));
    await exchange(new ScramClient({ kind: "scram-keys", clientKey, serverKey: verifier.serverKey }));
  });

  it("fails with a wrong password, and with a server that does not know it", async () => {
    const verifier = await makeVerifier("right");
    const server = new ScramServer(verifier, null);
    const client = new ScramClient({ kind: "plain", password: "wrong" });
    expect(server.final(await client.final(server.first("SCRAM-SHA-256", client.first())))).toBeNull();
    expect(() => client.verify(`v=${verifier.serverKey.toString("base64")}`)).toThrow("signature is wrong");
    await expect(client.final("r=stranger,s=AAAA,i=4096")).rejects.toThrow("nonce");
    await expect(
      client.final(server.first("SCRAM-SHA-256", client.first()).replace(/i=\d+/, "i=99999999")),
    ).rejects.toThrow("iterations");
  });

  it.each([
    ["an unknown mechanism", "SCRAM-SHA-1", FIRST, "invalid SASL"],
    ["an authorization identity", "SCRAM-SHA-256", "n,a=root,n=,r=abc", "authorization identity"],
    ["an extension that must be understood", "SCRAM-SHA-256", "n,,m=x,n=,r=abc", "malformed"],
    ["an empty nonce", "SCRAM-SHA-256", "n,,n=,r=", "malformed"],
    ["binding without its mechanism", "SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc", "malformed"],
    ["another binding", "SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abc", "unsupported"],
    ["a downgrade", "SCRAM-SHA-256", "y,,n=,r=abc", "negotiation error"],
    ["its mechanism without binding", "SCRAM-SHA-256-PLUS", "n,,n=,r=abc", "malformed"],
  ])("refuses %s", async (_what, mechanism, first, message) => {
    const server = new ScramServer(await makeVerifier("x"), Buffer.alloc(32, 1));
    expect(() => server.first(mechanism, first)).toThrow(message);
  });

  it("checks what the channel is bound to", async () => {
    const hash = Buffer.alloc(32, 7);
    const server = new ScramServer(await makeVerifier("x"), hash);
    const first = server.first("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc");
    const nonce = /^r=([^,]+)/.exec(first)?.[1] ?? "";
    const header = Buffer.from("p=tls-server-end-point,,");
    const final = (data: Buffer): string =>
      `c=${Buffer.concat([header, data]).toString("base64")},r=${nonce},p=${Buffer.alloc(32).toString("base64")}`;
    expect(() => server.final(final(Buffer.alloc(32, 8)))).toThrow("channel binding check failed");
    expect(() => server.final(final(Buffer.alloc(0)))).toThrow("channel binding check failed");
    expect(server.final(final(hash))).toBeNull();
  });

  it("of random messages is refused, and nothing else happens", async () => {
    const verifier = await makeVerifier("x", Buffer.alloc(16), 1);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.boolean(), (first, final, bound) => {
        const server = new ScramServer(verifier, bound ? Buffer.alloc(32) : null);
        expect(() => {
          server.first("SCRAM-SHA-256", first);
          expect(server.final(final)).toBeNull();
        }).toThrow(/SCRAM|authorization/);
      }),
      { numRuns: 300 },
    );
  });
});

describe("a stored secret", () => {
  it("is a password, an md5 hash or a SCRAM verifier", async () => {
    const text =
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    const scram = parseSecret(text);
    expect(scram.kind).toBe("scram");
    expect(await isPassword(scram, "u", "pencil")).toBe(true);
    expect(await isPassword(scram, "u", "pen")).toBe(false);
    const md5 = parseSecret("md5a3556571e93b0d20722ba62be61e8c2d");
    expect(md5.kind).toBe("md5");
    expect(await isPassword(md5, "u", "p")).toBe(
      `md5${createHash("md5").update("pu").digest("hex")}` === "md5a3556571e93b0d20722ba62be61e8c2d",
    );
    expect(parseSecret("SCRAM-SHA-256$4096:broken")).toEqual({ kind: "plain", password: "SCRAM-SHA-256$4096:broken" });
    expect(await isPassword(parseSecret("p"), "u", "p")).toBe(true);
  });
});
