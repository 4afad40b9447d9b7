import { readFileSync } from "node:fs";
import { type AuthenticationOptions, FreshetError, type Logger, SqlState, errorMessage } from "@freshet/base";
import type { AuthenticationRules } from "./authenticator.ts";
import { parseHbaFile } from "./hba-file.ts";
import { IdentMap } from "./ident-map.ts";
import { parseUserFile } from "./user-file.ts";

/** The files that say who may log in. A new version that cannot be read leaves the old one in force. */
export class AuthFiles {
  readonly #options: AuthenticationOptions;
  readonly #logger: Logger;
  #rules: AuthenticationRules;

  /** Throws a FreshetError when a file cannot be read. */
  constructor(options: AuthenticationOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#rules = readRules(options);
  }

  get rules(): AuthenticationRules {
    return this.#rules;
  }

  reload(): void {
    try {
      this.#rules = readRules(this.#options);
    } catch (thrown) {
      this.#logger.error(
        { error: errorMessage(thrown) },
        "the authentication files cannot be read; what is in force stays",
      );
    }
  }
}

function readRules({ authHbaFile, authIdentFile, authFile }: AuthenticationOptions): AuthenticationRules {
  return {
    hba: authHbaFile === undefined ? [] : parseHbaFile(read(authHbaFile), authHbaFile),
    identMap: authIdentFile === undefined ? IdentMap.EMPTY : IdentMap.parse(read(authIdentFile), authIdentFile),
    users: authFile === undefined ? new Map() : parseUserFile(read(authFile), authFile),
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (thrown) {
    throw new FreshetError(SqlState.configFileError, `could not read "${file}"`, {
      detail: errorMessage(thrown),
      cause: thrown,
    });
  }
}
