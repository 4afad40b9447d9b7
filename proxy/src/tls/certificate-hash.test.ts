import { X509Certificate, createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { certificate } from "../testing/certificates.ts";
import { endPointHash } from "./certificate-hash.ts";

describe("tls-server-end-point", () => {
  it.each([
    ["server.crt", "sha256"],
    ["renewed.crt", "sha384"],
  ])("is the hash of %s by its own digest, %s", (name, digest) => {
    const { raw } = new X509Certificate(certificate(name));
    expect(endPointHash(raw)).toEqual(createHash(digest).update(raw).digest());
  });

  it("of bytes that are no certificate is refused", () => {
    expect(() => endPointHash(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]))).toThrow("not encoded");
    expect(() => endPointHash(Buffer.alloc(0))).toThrow("not encoded");
  });
});
