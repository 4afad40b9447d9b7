import { FreshetError, SqlState } from "@freshet/base";

interface IdentLine {
  readonly map: string;
  readonly system: string | RegExp;
  readonly user: string;
}

/** Which names of certificates may log in as which users: a file in pg_ident.conf's format. */
export class IdentMap {
  readonly #lines: readonly IdentLine[];

  private constructor(lines: readonly IdentLine[]) {
    this.#lines = lines;
  }

  static readonly EMPTY: IdentMap = new IdentMap([]);

  /** Throws a FreshetError that names the line. */
  static parse(text: string, file: string): IdentMap {
    const lines = text.split(/\r?\n/).flatMap((line, index) => {
      const words = [...line.matchAll(/#.*$|"((?:[^"]|"")*)"|([^\s"#]+)/g)].filter(([word]) => !word.startsWith("#"));
      if (words.length === 0) return [];
      const [map, system, user] = words.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "");
      if (words.length !== 3 || map === undefined || system === undefined || user === undefined) {
        throw new FreshetError(
          SqlState.configFileError,
          `${file}, line ${index + 1}: a map, a name and a user are needed`,
        );
      }
      return [{ map, system: system.startsWith("/") ? new RegExp(system.slice(1), "u") : system, user }];
    });
    return new IdentMap(lines);
  }

  /** Without a map the names must be the same. */
  allows(map: string | undefined, system: string, user: string): boolean {
    if (map === undefined) return system === user;
    return this.#lines.some((line) => {
      if (line.map !== map) return false;
      if (typeof line.system === "string") return line.system === system && (line.user === user || line.user === "all");
      const found = line.system.exec(system);
      return found !== null && (line.user === "all" || line.user.replace("\\1", () => found[1] ?? "") === user);
    });
  }
}
