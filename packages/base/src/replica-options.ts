import { type Address, type OptionKind, addressKind, formatAddress, millisecondsKind } from "./option-kinds.ts";
import type { OptionSpecs } from "./options.ts";

/** The standbys of the upstream that reads may go to. */
export interface ReplicaOptions {
  readonly replicas: readonly Address[] | undefined;
  readonly replicaCheckIntervalMs: number;
  readonly replicaMaxLagMs: number;
}

export const replicaOptionSpecs: OptionSpecs<ReplicaOptions> = {
  replicas: {
    kind: addressListKind(),
    description:
      "Hot standbys of upstream, which take reads of pooled clients that are not answered from a cache. User, password and TLS are those of upstream.",
    optional: true,
  },
  replicaCheckIntervalMs: {
    kind: millisecondsKind({ min: 10, max: 3_600_000 }),
    description: "How often each of them is asked how it is.",
    default: 1000,
  },
  replicaMaxLagMs: {
    kind: millisecondsKind({ min: 0, max: 3_600_000 }),
    description: "A replica whose data is older takes no reads. 0: no limit.",
    default: 10_000,
  },
};

/** Several of them, separated by commas. */
function addressListKind(): OptionKind<readonly Address[]> {
  const one = addressKind();
  return {
    placeholder: "HOST:PORT,…",
    expected: "a list like replica1:5432,replica2:5432",
    parse: (text) => {
      const addresses = text.split(",").map((part) => one.parse(part.trim()));
      return addresses.every((address) => address !== undefined) ? addresses : undefined;
    },
    format: (value) => value.map(formatAddress).join(","),
  };
}
