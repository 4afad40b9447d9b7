// Puts the built program, and the packages that it is made of, into few files: Node takes a second to load a thousand.
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

process.chdir(path.resolve(path.dirname(fileURLToPath(import.meta.url)), ".."));

/** They have native code, or find files of their own by where they lie; or are loaded only where they are wanted. */
const LEFT_ALONE = [
  "lmdb",
  "libpg-query",
  "msgpackr",
  "pino",
  "pino-pretty",
  "piscina",
  "@mongodb-js/saslprep",
  "pg-native",
];

const bundle = await rolldown({
  // The engine's worker is a file of its own, beside whoever starts it.
  input: { freshet: "proxy/dist/main.js", "engine-worker": "engine/dist/worker/engine-worker.js" },
  platform: "node",
  external: [/^node:/, ...LEFT_ALONE],
});
await bundle.write({ dir: "proxy/dist/bundle", format: "esm", sourcemap: true, entryFileNames: "[name].js" });
await bundle.close();
