import process from "node:process";
import { runClosedLoop } from "./closed-loop.ts";
import type { Load } from "./load.ts";

/** The load generator's own process: takes one load from its parent and sends the result back. */
process.once("message", (load: Load) => {
  runClosedLoop(load).then(
    (result) => process.send?.(result, undefined, undefined, () => process.disconnect()),
    (thrown: unknown) => {
      process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
      process.exit(1);
    },
  );
});
