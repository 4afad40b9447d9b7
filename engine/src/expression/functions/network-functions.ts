import { hostText, networkAddress, networkBits, writeNetwork } from "@freshet/values";
import { EvaluationError, EvaluationState, outOfRange } from "../evaluation-error.ts";
import type { FunctionTable } from "./scalar-function.ts";

const INET = false;
const CIDR = true;

function isIpv4(bytes: Buffer): boolean {
  return networkAddress(bytes).length === 4;
}

function maxBits(bytes: Buffer): number {
  return 8 * networkAddress(bytes).length;
}

/** The address of `size` bytes whose first `bits` bits are set. */
function netmask(size: number, bits: number): Buffer {
  return Buffer.from(
    Array.from({ length: size }, (_unused, index) => 0xff & ~(0xff >> Math.max(0, Math.min(8, bits - 8 * index)))),
  );
}

function combine(a: Buffer, b: Buffer, operation: (left: number, right: number) => number): Buffer {
  return Buffer.from(a.map((byte, index) => operation(byte, b[index] as number)));
}

function inverted(address: Buffer): Buffer {
  return Buffer.from(address.map((byte) => ~byte));
}

/** The address with everything behind the prefix cleared. */
function networkOf(address: Buffer, bits: number): Buffer {
  return combine(address, netmask(address.length, bits), (byte, mask) => byte & mask);
}

/** Whether both addresses begin with the same `bits` bits. */
function sharesPrefix(a: Buffer, b: Buffer, bits: number): boolean {
  const [left, right] = [networkAddress(a), networkAddress(b)];
  return left.length === right.length && networkOf(left, bits).equals(networkOf(right, bits));
}

function isWithin(inner: Buffer, outer: Buffer, orEqual: boolean): boolean {
  const [small, large] = [networkBits(inner), networkBits(outer)];
  return (orEqual ? small >= large : small > large) && sharesPrefix(inner, outer, large);
}

function overlap(a: Buffer, b: Buffer): boolean {
  return sharesPrefix(a, b, Math.min(networkBits(a), networkBits(b)));
}

function parameterError(message: string): EvaluationError {
  return new EvaluationError(EvaluationState.invalidParameterValue, message);
}

function withBits(bytes: Buffer, wanted: number, isCidr: boolean): Buffer {
  const bits = wanted === -1 ? maxBits(bytes) : wanted;
  if (bits < 0 || bits > maxBits(bytes)) throw parameterError(`invalid mask length: ${wanted}`);
  const address = networkAddress(bytes);
  return writeNetwork(isCidr, bits, isCidr ? networkOf(address, bits) : address);
}

function bitwise(operation: (left: number, right: number) => number): (a: Buffer, b: Buffer) => Buffer {
  return (a, b) => {
    if (isIpv4(a) !== isIpv4(b)) throw parameterError("cannot combine inet values of different sizes");
    const bits = Math.max(networkBits(a), networkBits(b));
    return writeNetwork(INET, bits, combine(networkAddress(a), networkAddress(b), operation));
  };
}

function numberOf(address: Buffer): bigint {
  return BigInt(`0x${address.toString("hex")}`);
}

function plus(bytes: Buffer, addend: bigint): Buffer {
  const address = networkAddress(bytes);
  const sum = numberOf(address) + addend;
  if (sum < 0n || sum >> BigInt(maxBits(bytes)) !== 0n) throw outOfRange("result is out of range");
  const hex = sum.toString(16).padStart(2 * address.length, "0");
  return writeNetwork(INET, networkBits(bytes), Buffer.from(hex, "hex"));
}

function minus(a: Buffer, b: Buffer): bigint {
  if (isIpv4(a) !== isIpv4(b)) throw parameterError("cannot subtract inet values of different sizes");
  // Between IPv6 addresses it wraps around, as the server's 128 bits do.
  const exact = numberOf(networkAddress(a)) - numberOf(networkAddress(b));
  const difference = isIpv4(a) ? exact : BigInt.asIntN(128, exact);
  if (BigInt.asIntN(64, difference) !== difference) throw outOfRange("result is out of range");
  return difference;
}

/** The smallest network that holds both. */
function merge(a: Buffer, b: Buffer): Buffer {
  if (isIpv4(a) !== isIpv4(b)) throw parameterError("cannot merge addresses from different families");
  let bits = Math.min(networkBits(a), networkBits(b));
  while (!sharesPrefix(a, b, bits)) bits--;
  return writeNetwork(CIDR, bits, networkOf(networkAddress(a), bits));
}

/** The address with the bits behind the prefix set. */
function broadcast(bytes: Buffer): Buffer {
  const address = networkAddress(bytes);
  const hosts = inverted(netmask(address.length, networkBits(bytes)));
  return writeNetwork(
    INET,
    networkBits(bytes),
    combine(address, hosts, (byte, mask) => byte | mask),
  );
}

function whole(bytes: Buffer, address: Buffer): Buffer {
  return writeNetwork(INET, maxBits(bytes), address);
}

const macBitwise = (operation: (left: number, right: number) => number) => {
  return (a: Buffer, b: Buffer): Buffer => combine(a, b, operation);
};

/** The manufacturer's part: three bytes, the others zero. */
function truncatedMac(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, 3), Buffer.alloc(bytes.length - 3)]);
}

const NETWORK_FUNCTIONS_OF_MACS: FunctionTable = {
  macaddr_not: inverted,
  macaddr_and: macBitwise((a, b) => a & b),
  macaddr_or: macBitwise((a, b) => a | b),
  macaddr_trunc: truncatedMac,
  macaddr8_not: inverted,
  macaddr8_and: macBitwise((a, b) => a & b),
  macaddr8_or: macBitwise((a, b) => a | b),
  macaddr8_trunc: truncatedMac,
  macaddrtomacaddr8: (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 3), Buffer.of(0xff, 0xfe), bytes.subarray(3)]),
  macaddr8_set7bit: (bytes: Buffer) => Buffer.concat([Buffer.of((bytes[0] as number) | 0x02), bytes.subarray(1)]),
};

export const NETWORK_FUNCTIONS: FunctionTable = {
  ...NETWORK_FUNCTIONS_OF_MACS,
  network_sub: (a: Buffer, b: Buffer) => isWithin(a, b, false),
  network_subeq: (a: Buffer, b: Buffer) => isWithin(a, b, true),
  network_sup: (a: Buffer, b: Buffer) => isWithin(b, a, false),
  network_supeq: (a: Buffer, b: Buffer) => isWithin(b, a, true),
  network_overlap: overlap,
  network_family: (bytes: Buffer) => (isIpv4(bytes) ? 4 : 6),
  network_masklen: networkBits,
  network_host: (bytes: Buffer) => hostText(networkAddress(bytes)),
  network_show: (bytes: Buffer) => `${hostText(networkAddress(bytes))}/${networkBits(bytes)}`,
  network_broadcast: broadcast,
  network_network: (bytes: Buffer) =>
    writeNetwork(CIDR, networkBits(bytes), networkOf(networkAddress(bytes), networkBits(bytes))),
  network_netmask: (bytes: Buffer) => whole(bytes, netmask(networkAddress(bytes).length, networkBits(bytes))),
  network_hostmask: (bytes: Buffer) =>
    whole(bytes, inverted(netmask(networkAddress(bytes).length, networkBits(bytes)))),
  inet_set_masklen: (bytes: Buffer, bits: number) => withBits(bytes, bits, INET),
  cidr_set_masklen: (bytes: Buffer, bits: number) => withBits(bytes, bits, CIDR),
  inet_to_cidr: (bytes: Buffer) => withBits(bytes, networkBits(bytes), CIDR),
  inet_same_family: (a: Buffer, b: Buffer) => isIpv4(a) === isIpv4(b),
  inet_merge: merge,
  inetnot: (bytes: Buffer) => writeNetwork(INET, networkBits(bytes), inverted(networkAddress(bytes))),
  inetand: bitwise((a, b) => a & b),
  inetor: bitwise((a, b) => a | b),
  inetpl: plus,
  /** The least int8 is its own negative here, as in PostgreSQL's C code. */
  inetmi_int8: (bytes: Buffer, subtrahend: bigint) => plus(bytes, BigInt.asIntN(64, -subtrahend)),
  inetmi: minus,
};
