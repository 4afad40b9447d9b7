import { choiceKind, textKind } from "./option-kinds.ts";
import type { OptionSpecs } from "./options.ts";

/** Who may create and drop caches, beside superusers. */
export const cacheCommandRoles = ["owners", "readers", "superusers"] as const;
export type CacheCommandRoles = (typeof cacheCommandRoles)[number];

/** Who may use Freshet's own statements. */
export interface CommandOptions {
  readonly cacheCommands: CacheCommandRoles;
  readonly cacheRole: string | undefined;
}

export const commandOptionSpecs: OptionSpecs<CommandOptions> = {
  cacheCommands: {
    kind: choiceKind(cacheCommandRoles, "WHO"),
    description:
      "Who may create a cache, beside superusers: owners of all its tables, or readers, who may read them. A cache is dropped by its creator and by these owners. superusers: nobody else may do either.",
    default: "owners",
  },
  cacheRole: {
    kind: textKind("ROLE", "the name of a role", /^[^\0]+$/),
    description: "A role whose members may create any cache of what they may read, and drop any.",
    optional: true,
  },
};
