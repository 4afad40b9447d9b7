import { expect, test } from "vitest";
import { runSuite } from "./run-suite.ts";
import { whyNoSuite } from "./suite-source.ts";

/** Quick files about the protocol and the session; test_setup makes the tables that the others read. */
const files = [
  "test_setup",
  "copy",
  "copyselect",
  "transactions",
  "portals",
  "prepare",
  "guc",
  "async",
  "psql_crosstab",
];

const obstacle = whyNoSuite();
const skipped = obstacle === undefined ? "" : ` (not run here: ${obstacle})`;

test.skipIf(obstacle !== undefined)(
  `PostgreSQL's regression files print the same through Freshet${skipped}`,
  async () => {
    const { outcomes } = await runSuite({ files, log: () => undefined });
    expect(outcomes.map(({ file }) => file).toSorted()).toEqual(files.toSorted());
    for (const { file, direct, proxied } of outcomes)
      expect({ file, output: proxied }).toEqual({ file, output: direct });
    // Files that only failed to connect would be equal, too.
    expect(outcomes[0]?.direct).toContain("CREATE TABLE onek");
    expect(outcomes.every(({ direct }) => direct.endsWith("psql ended with 0\n"))).toBe(true);
  },
);
