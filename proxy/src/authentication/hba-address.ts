import { lookup, lookupService } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { FreshetError, SqlState } from "@freshet/base";

/** Where a rule's clients come from. */
export type HbaAddress =
  | { readonly kind: "all" | "samehost" | "samenet" }
  | { readonly kind: "network"; readonly list: BlockList }
  /** A host's name, or with a dot in front the end of one. */
  | { readonly kind: "name"; readonly name: string };

/** How names and addresses of hosts are told from each other. */
export interface HostNames {
  /** Null: the address has no name. */
  nameOf(address: string): Promise<string | null>;
  /** Empty: nobody knows the name. */
  addressesOf(name: string): Promise<readonly string[]>;
}

/** As the system resolves them: its hosts file, DNS. Whatever goes wrong, a name that is not found fits no rule. */
export const systemHostNames: HostNames = {
  nameOf: async (address) => {
    try {
      return (await lookupService(address, 0)).hostname;
    } catch {
      return null;
    }
  },
  addressesOf: async (name) => {
    try {
      return (await lookup(name, { all: true })).map(({ address }) => address);
    } catch {
      return [];
    }
  },
};

/** Reads a rule's address from its fields, and how many of them it takes; throws a FreshetError. */
export function parseHbaAddress(
  text: string,
  quoted: boolean,
  mask: string,
): { readonly address: HbaAddress; readonly used: number } {
  if (!quoted && (text === "all" || text === "samehost" || text === "samenet"))
    return { address: { kind: text }, used: 1 };
  const [plain = "", prefix] = text.split("/");
  const family = isIP(plain);
  if (family === 0) return { address: { kind: "name", name: hostName(text, prefix) }, used: 1 };
  const list = new BlockList();
  if (prefix !== undefined) {
    if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 6 ? 128 : 32))
      throw invalid(`"${text}" is no network`);
    add(list, plain, Number(prefix));
    return { address: { kind: "network", list }, used: 1 };
  }
  if (isIP(mask) !== family) throw invalid(`"${text}" has no mask`, `Write ${text}/${family === 6 ? 128 : 32}.`);
  add(list, plain, maskBits(mask));
  return { address: { kind: "network", list }, used: 2 };
}

/** Null as a client's address: a Unix socket. `name`: the client's host name, looked up once. */
export async function fitsAddress(
  rule: HbaAddress,
  client: string | null,
  name: () => Promise<string | null>,
): Promise<boolean> {
  if (rule.kind === "all") return true;
  if (client === null) return false;
  const plain = plainAddress(client);
  switch (rule.kind) {
    case "network":
      return contains(rule.list, plain);
    case "samehost":
    case "samenet":
      return contains(ownNetworks(rule.kind === "samehost"), plain);
    case "name":
      return fitsName(rule.name, await name());
  }
}

/**
 * The name of a client's host, which counts only if it leads back to the client's address: whoever owns an address may give it any name, but not
 * an address to that name.
 */
export async function confirmedName(client: string | null, names: HostNames): Promise<string | null> {
  if (client === null) return null;
  const plain = plainAddress(client);
  const name = await names.nameOf(plain);
  if (name === null) return null;
  const addresses = await names.addressesOf(name);
  return addresses.some((address) => isSame(plainAddress(address), plain)) ? name : null;
}

function fitsName(pattern: string, name: string | null): boolean {
  if (name === null) return false;
  const [wanted, found] = [pattern.toLowerCase(), name.toLowerCase()];
  return pattern.startsWith(".") ? found.length > wanted.length && found.endsWith(wanted) : found === wanted;
}

function hostName(text: string, prefix: string | undefined): string {
  if (prefix !== undefined) throw invalid(`"${text}" is no network`, "A host's name has no length behind it.");
  if (/^[\d.]*$/.test(text) || !/^\.?[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(text))
    throw invalid(`"${text}" is neither an address nor a host's name`);
  return text;
}

/** Of this machine's interfaces, as they are now. */
function ownNetworks(single: boolean): BlockList {
  const list = new BlockList();
  for (const { address, cidr } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
    const plain = plainAddress(address);
    add(list, plain, single || cidr === null ? bitsOf(plain) : Number(cidr.split("/")[1]));
  }
  return list;
}

function add(list: BlockList, address: string, prefix: number): void {
  list.addSubnet(address, prefix, typeOf(address));
}

function contains(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, typeOf(address));
}

function isSame(left: string, right: string): boolean {
  if (isIP(left) === 0 || isIP(left) !== isIP(right)) return false;
  const list = new BlockList();
  add(list, left, bitsOf(left));
  return contains(list, right);
}

function typeOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

function bitsOf(address: string): number {
  return isIP(address) === 6 ? 128 : 32;
}

/** Without a zone, and an IPv4 address as such. */
function plainAddress(address: string): string {
  return address.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
}

function maskBits(mask: string): number {
  const bits = isIP(mask) === 6 ? groupsOf(mask) : mask.split(".").map((part) => binary(Number(part), 8));
  const text = bits.join("");
  if (!/^1*0*$/.test(text)) throw invalid(`"${mask}" is no mask`);
  return text.replaceAll("0", "").length;
}

/** The eight groups of an IPv6 address, as bits. */
function groupsOf(address: string): string[] {
  const [head = "", tail] = address.split("::");
  const read = (part: string): string[] =>
    part === "" ? [] : part.split(":").map((group) => binary(Number.parseInt(group, 16), 16));
  const [before, after] = [read(head), read(tail ?? "")];
  const missing = Math.max(0, 8 - before.length - after.length);
  return [...before, ...Array.from({ length: missing }, () => binary(0, 16)), ...after];
}

function binary(value: number, width: number): string {
  return value.toString(2).padStart(width, "0");
}

function invalid(message: string, hint?: string): FreshetError {
  return new FreshetError(SqlState.configFileError, message, { hint });
}
