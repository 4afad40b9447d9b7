import { FreshetError, SqlState } from "@freshet/base";
import type { PrivilegeNeeds, Privileges } from "../front/privileges.ts";

/** Refuses a cache whose owner may not read what its query reads. */
export async function assertReadable(privileges: Privileges, role: string, needs: PrivilegeNeeds): Promise<void> {
  const privilege = await privileges.ask(role, needs);
  if (privilege === "granted" || privilege === "row_level_security") return;
  throw new FreshetError(
    SqlState.insufficientPrivilege,
    `role "${role}" may not read all tables and columns of the query`,
    { hint: "Grant SELECT on them to the role, or create the cache with a role that has it." },
  );
}
