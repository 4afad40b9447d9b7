import { quoteIdentifier } from "@freshet/base";
import type { Client } from "pg";
import { FRESHET_SCHEMA, instanceNames } from "./names.ts";
import { waitUntilFree } from "./slot.ts";
import { type Upstream, withSession } from "./upstream.ts";

const SLOT_WAIT_MS = 15_000;

/**
 * Removes what an instance made on the upstream, in the order that stops its costs first. Returns what was
 * removed, one description each. Rejects with 55006 while the instance still runs.
 */
export function uninstall(url: Upstream, instance: string): Promise<readonly string[]> {
  const names = instanceNames(instance);
  return withSession(url, async (session) => {
    const removed: string[] = [];
    if ((await waitUntilFree(session, names.slot, SLOT_WAIT_MS)) !== null) {
      await session.query("SELECT pg_drop_replication_slot($1)", [names.slot]);
      removed.push(`replication slot ${names.slot}`);
    }
    const drop = async (kind: string, name: string, query: string): Promise<void> => {
      if (!(await exists(session, query, name))) return;
      await session.query(`DROP ${kind} ${quoteIdentifier(name)}`);
      removed.push(`${kind.toLowerCase()} ${name}`);
    };
    await drop("PUBLICATION", names.publication, "SELECT FROM pg_publication WHERE pubname = $1");
    await drop("EVENT TRIGGER", names.ddlEndTrigger, "SELECT FROM pg_event_trigger WHERE evtname = $1");
    await drop("EVENT TRIGGER", names.dropTrigger, "SELECT FROM pg_event_trigger WHERE evtname = $1");
    await dropSchema(session, names.ddlFunction, removed);
    return removed;
  });
}

/** The schema goes with all that is in it, unless another instance's function shows that it is shared. */
async function dropSchema(session: Client, ddlFunction: string, removed: string[]): Promise<void> {
  if (!(await exists(session, "SELECT FROM pg_namespace WHERE nspname = $1", FRESHET_SCHEMA))) return;
  const schema = quoteIdentifier(FRESHET_SCHEMA);
  await session.query(`DROP FUNCTION IF EXISTS ${schema}.${quoteIdentifier(ddlFunction)}()`);
  const shared = `SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = $1 AND p.prorettype = 'event_trigger'::regtype`;
  if (await exists(session, shared, FRESHET_SCHEMA)) return;
  await session.query(`DROP SCHEMA ${schema} CASCADE`);
  removed.push(`schema ${FRESHET_SCHEMA}`);
}

async function exists(session: Client, query: string, name: string): Promise<boolean> {
  const answer = await session.query(query, [name]);
  return (answer.rowCount ?? 0) > 0;
}
