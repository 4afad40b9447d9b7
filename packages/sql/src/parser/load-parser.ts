import { loadModule } from "libpg-query";

/** Loads PostgreSQL's parser (WebAssembly). Everything in this package that reads SQL needs it once per thread. */
export async function loadParser(): Promise<void> {
  await loadModule();
}
