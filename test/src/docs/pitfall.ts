/** A mistake that proxies before have made, what Freshet does, and the test that shows it. */
export interface Pitfall {
  readonly area: string;
  readonly pitfall: string;
  readonly freshet: string;
  readonly proofs: readonly PitfallProof[];
}

/** A test file, and a part of a test's name that stands in it as it is. */
export interface PitfallProof {
  readonly file: string;
  readonly test: string;
}
