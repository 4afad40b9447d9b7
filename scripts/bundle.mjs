// Puts the built program into few files: Node takes a second to load a thousand.
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

process.chdir(path.resolve(path.dirname(fileURLToPath(import.meta.url)), ".."));

const bundle = await rolldown({
  // The engine's worker is a file of its own, beside whoever starts it.
  input: { freshet: "proxy/dist/main.js", "engine-worker": "engine/dist/worker/engine-worker.js" },
  platform: "node",
  // Packages from the registry stay what they are: some find their own files by where they lie.
  external: (id) => !/^(\.|\/|@freshet\/)/.test(id),
});
await bundle.write({ dir: "proxy/dist/bundle", format: "esm", sourcemap: true, entryFileNames: "[name].js" });
await bundle.close();
