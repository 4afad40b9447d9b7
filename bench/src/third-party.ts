import { errorMessage } from "@freshet/base";

/** A module of bench/third-party, whose packages `npm run bench` installs; a text says why it cannot be had. */
export async function loadThirdParty<T>(name: string): Promise<T | string> {
  const url = new URL(`../third-party/${name}.js`, import.meta.url).href;
  try {
    return (await import(url)) as T;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ERR_MODULE_NOT_FOUND") {
      return `not installed (${errorMessage(thrown).split("\n")[0]})`;
    }
    throw thrown;
  }
}
