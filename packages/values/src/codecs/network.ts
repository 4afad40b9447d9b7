import type { Codec } from "../codec.ts";
import type { KeyWriter } from "../key-writer.ts";
import { Oid } from "../oids.ts";
import { bytesCodec } from "./bytes-codec.ts";
import { ascii } from "./support.ts";

const IPV4 = 2;
const IPV6 = 3;
/** uint8 family, prefix length, is-cidr flag, address length. */
const HEADER = 4;

export function networkBits(bytes: Buffer): number {
  return bytes[1] as number;
}

/** The address, 4 or 16 bytes. */
export function networkAddress(bytes: Buffer): Buffer {
  return bytes.subarray(HEADER);
}

export function writeNetwork(isCidr: boolean, bits: number, address: Buffer): Buffer {
  return Buffer.concat([Buffer.of(address.length === 4 ? IPV4 : IPV6, bits, isCidr ? 1 : 0, address.length), address]);
}

/** Whether no bit behind the prefix is set, as cidr demands. */
function isNetwork(address: Buffer, bits: number): boolean {
  return address.every((byte, index) => (byte & (0xff >> Math.max(0, Math.min(8, bits - 8 * index)))) === 0);
}

function isValid(bytes: Buffer, isCidr: boolean): boolean {
  const [family, bits = 0, flag, size = 0] = bytes;
  if (bytes.length !== HEADER + size || flag !== (isCidr ? 1 : 0)) return false;
  if (!(family === IPV4 && size === 4) && !(family === IPV6 && size === 16)) return false;
  return bits <= 8 * size && (!isCidr || isNetwork(networkAddress(bytes), bits));
}

/** The address without its prefix length. */
export function hostText(address: Buffer): string {
  return address.length === 4 ? address.join(".") : ipv6Text(address);
}

/** The first longest run of at least two zero words becomes `::`; an IPv4 address inside is shown as one. */
function ipv6Text(address: Buffer): string {
  const words = Array.from({ length: 8 }, (_unused, index) => address.readUInt16BE(2 * index));
  const { start, length } = longestZeros(words);
  const embedded = start === 0 && (length === 6 || (length === 5 && words[5] === 0xffff));
  const shown = words.map((word) => word.toString(16));
  if (embedded) shown.splice(6, 2, address.subarray(12).join("."));
  if (length < 2) return shown.join(":");
  return `${shown.slice(0, start).join(":")}::${shown.slice(start + length).join(":")}`;
}

function longestZeros(words: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: -1, length: 0 };
  for (let start = 0; start < words.length; start++) {
    let end = start;
    while (words[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

const IPV4_TEXT = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** The address of its usual spelling; undefined for every other. */
function parseHost(text: string): Buffer | undefined {
  const parts = IPV4_TEXT.exec(text)?.slice(1).map(Number);
  if (parts !== undefined) return parts.some((part) => part > 255) ? undefined : Buffer.from(parts);
  const tail = /^(.*:)(\d[\d.]*\.\d+)$/.exec(text);
  if (tail === null) return parseWords(text);
  const embedded = parseHost(tail[2] ?? "");
  if (embedded?.length !== 4) return undefined;
  return parseWords(`${tail[1]}${embedded.readUInt16BE(0).toString(16)}:${embedded.readUInt16BE(2).toString(16)}`);
}

/** An IPv6 address spelt in words alone. */
function parseWords(text: string): Buffer | undefined {
  const halves = text.split("::");
  if (!/^[0-9a-f:]+$/i.test(text) || halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const words = [...head, ...Array.from({ length: missing }, () => "0"), ...(tail ?? [])];
  if (words.some((word) => !/^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  const address = Buffer.allocUnsafe(16);
  words.forEach((word, index) => address.writeUInt16BE(Number.parseInt(word, 16), 2 * index));
  return address;
}

function fromText(text: string, isCidr: boolean): Buffer | undefined {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const address = parseHost(match?.[1] ?? "");
  if (address === undefined) return undefined;
  const bits = match?.[2] === undefined ? 8 * address.length : Number(match[2]);
  if (bits > 8 * address.length || (isCidr && !isNetwork(address, bits))) return undefined;
  return writeNetwork(isCidr, bits, address);
}

/**
 * Family, then the network's bits, of which a network that is a part of another lies behind it, then the whole address. Each bit of the network
 * takes two bits (1 or 2), so that its end (0) sorts before both.
 */
function writeKey(bytes: Buffer, out: KeyWriter): void {
  const address = networkAddress(bytes);
  const bits = networkBits(bytes);
  out.byte(bytes[0] as number);
  for (let at = 0; at <= 8 * address.length; at += 4) {
    let four = 0;
    for (let bit = at; bit < at + 4; bit++) {
      const symbol = bit >= bits ? 0 : (((address[bit >> 3] as number) >> (7 - (bit & 7))) & 1) + 1;
      four = (four << 2) | symbol;
    }
    out.byte(four);
  }
  out.bytes(address);
}

function networkCodec(oid: number, name: string, isCidr: boolean): Codec {
  return bytesCodec({
    oid,
    name,
    isValid: (bytes) => isValid(bytes, isCidr),
    toText(bytes) {
      const address = networkAddress(bytes);
      const bits = networkBits(bytes);
      const host = hostText(address);
      return ascii(!isCidr && bits === 8 * address.length ? host : `${host}/${bits}`);
    },
    fromText: (text) => fromText(text, isCidr),
    writeKey,
  });
}

export const inetCodec: Codec = networkCodec(Oid.inet, "inet", false);
export const cidrCodec: Codec = networkCodec(Oid.cidr, "cidr", true);

function macCodec(oid: number, name: string, size: number): Codec {
  const spelling = new RegExp(`^[0-9a-f]{2}(?::[0-9a-f]{2}){${size - 1}}$`, "i");
  return bytesCodec({
    oid,
    name,
    isValid: (bytes) => bytes.length === size,
    toText: (bytes) => ascii(bytes.toString("hex").replace(/..(?!$)/g, "$&:")),
    fromText: (text) => (spelling.test(text) ? Buffer.from(text.replaceAll(":", ""), "hex") : undefined),
    writeKey: (bytes, out) => out.bytes(bytes),
  });
}

export const macaddrCodec: Codec = macCodec(Oid.macaddr, "macaddr", 6);
export const macaddr8Codec: Codec = macCodec(Oid.macaddr8, "macaddr8", 8);
