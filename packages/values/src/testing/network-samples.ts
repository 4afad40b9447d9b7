import fc from "fast-check";
import { sample } from "./sampling.ts";

const ipv4 = fc.oneof(fc.ipV4(), fc.constantFrom("0.0.0.0", "10.0.0.0", "10.0.0.1", "10.1.0.0", "255.255.255.255"));
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc
    .array(fc.constantFrom("0", "0", "0", "1", "ffff", "a0b"), { minLength: 8, maxLength: 8 })
    .map((words) => words.join(":")),
);

export function inets(): string[] {
  const listed = [
    "10.0.0.1",
    "10.0.0.1/8",
    "10.0.0.0/8",
    "10.0.0.0/9",
    "0.0.0.0/0",
    "::",
    "::/0",
    "::1",
    "::2",
    "::ffff:1.2.3.4",
    "::1:2:3",
    "2001:db8::/32",
  ];
  const four = fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([host, count]) => `${host}/${count}`);
  const six = fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([host, count]) => `${host}/${count}`);
  return [...listed, ...sample(fc.oneof(ipv4, four, four, ipv6, six), 1500)];
}

/** Networks, with no bit set behind the prefix. */
export function cidrs(): string[] {
  const four = fc
    .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0, max: 32 }))
    .map(([host, count]) => {
      const kept = count === 0 ? 0 : (host & (-1 << (32 - count))) >>> 0;
      return `${kept >>> 24}.${(kept >>> 16) & 255}.${(kept >>> 8) & 255}.${kept & 255}/${count}`;
    });
  return ["10.0.0.0/8", "10.0.0.0/9", "10.0.0.1/32", "10.0.0.1", "::/0", "2001:db8::/32", "::1", ...sample(four, 500)];
}

export function macs(size: number): string[] {
  const octet = fc.nat(255).map((value) => value.toString(16).padStart(2, "0"));
  return sample(
    fc.array(octet, { minLength: size, maxLength: size }).map((octets) => octets.join(":")),
    200,
  );
}
