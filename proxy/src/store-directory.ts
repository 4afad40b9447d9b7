import { join } from "node:path";
import type { FreshetOptions } from "@freshet/base";

/** Where an instance's store lies. */
export function storeDirectory({ data }: Pick<FreshetOptions, "data">): string {
  return join(data, "store");
}
