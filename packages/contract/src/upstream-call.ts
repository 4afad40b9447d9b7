import { assert } from "@freshet/base";
import type { Row } from "@freshet/values";

/** Calls that PostgreSQL is to make: one for each list of arguments. */
export interface UpstreamCallRequest {
  /** The call as SQL, with an argument between each two parts. */
  readonly parts: readonly string[];
  readonly argumentTypes: readonly number[];
  readonly role: string;
  readonly searchPath: readonly string[];
  /** Each list as a packed row. */
  readonly lists: readonly Row[];
}

/** A result in binary send format, or the SQLSTATE that the call failed with. */
export type CallOutcome = { readonly value: Buffer | null } | { readonly failure: string };

/** Makes calls and returns when their outcomes are known, in the lists' order; throws when Freshet is stopping. */
export type MakeUpstreamCalls = (request: UpstreamCallRequest) => readonly CallOutcome[];

const TAG = { null: 0, value: 1, failure: 2 } as const;

/** One outcome: a tag, then the value or the SQLSTATE. */
export function encodeOutcome(outcome: CallOutcome): Buffer {
  if ("failure" in outcome) return Buffer.from(`${String.fromCharCode(TAG.failure)}${outcome.failure}`, "latin1");
  if (outcome.value === null) return Buffer.from([TAG.null]);
  return Buffer.concat([Buffer.from([TAG.value]), outcome.value]);
}

/** The value is a view on `bytes`. */
export function decodeOutcome(bytes: Buffer): CallOutcome {
  const rest = bytes.subarray(1);
  switch (bytes[0]) {
    case TAG.null:
      return { value: null };
    case TAG.value:
      return { value: rest };
    default:
      assert(bytes[0] === TAG.failure, "an outcome has a tag");
      return { failure: rest.toString("latin1") };
  }
}

/** Makes calls without holding up its thread. */
export interface UpstreamCaller {
  /** In the lists' order. Waits for the upstream where that is not there; rejects when it is told to stop. */
  call(request: UpstreamCallRequest): Promise<readonly CallOutcome[]>;
}
