import { FreshetError, SqlState } from "@freshet/base";
import { type StoredSecret, parseSecret } from "./secrets.ts";

/** Reads PgBouncer's userlist.txt: lines of `"user" "secret"`, a password or what pg_authid holds. Never shows a secret. */
export function parseUserFile(text: string, file: string): ReadonlyMap<string, StoredSecret> {
  const users = new Map<string, StoredSecret>();
  text.split(/\r?\n/).forEach((line, index) => {
    if (/^\s*([;#].*)?$/.test(line)) return;
    const parts = /^\s*"((?:[^"]|"")*)"\s+"((?:[^"]|"")*)"/.exec(line);
    const [, user, secret] = parts ?? [];
    if (user === undefined || secret === undefined) {
      throw new FreshetError(SqlState.configFileError, `${file}, line ${index + 1}: not of the form "user" "secret"`);
    }
    users.set(user.replaceAll('""', '"'), parseSecret(secret.replaceAll('""', '"')));
  });
  return users;
}
