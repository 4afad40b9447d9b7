import { sampleSeed } from "@freshet/base";
import fc from "fast-check";

// A run tells of the change, not of its luck: `FC_SEED=random` looks further.
fc.configureGlobal({ seed: sampleSeed() });
