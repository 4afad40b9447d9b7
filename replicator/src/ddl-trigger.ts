import { errorMessage, quoteIdentifier, SqlState } from "@freshet/base";
import type { Logger } from "@freshet/base";
import type { Client } from "pg";
import type { InstanceNames } from "./names.ts";
import { DDL_MESSAGE, FRESHET_SCHEMA, MESSAGE_PREFIX } from "./names.ts";
import { sqlState } from "./upstream.ts";

/**
 * Installs the event triggers that announce schema changes in the stream, unless they are there. Needs
 * superuser; without it schema changes show only in relation messages, and the log says so.
 */
export async function installDdlTrigger(session: Client, names: InstanceNames, logger: Logger): Promise<void> {
  const present = await session.query(
    "SELECT FROM pg_event_trigger WHERE evtname = ANY ($1::name[]) HAVING count(*) = 2",
    [[names.ddlEndTrigger, names.dropTrigger]],
  );
  if (present.rowCount === 1) return;
  try {
    await session.query("BEGIN");
    for (const statement of statements(names)) await session.query(statement);
    await session.query("COMMIT");
  } catch (error) {
    await session.query("ROLLBACK");
    if (sqlState(error) !== SqlState.insufficientPrivilege) throw error;
    logger.warn(
      { reason: errorMessage(error) },
      "no privilege for an event trigger: a schema change is seen only with the table's next change",
    );
  }
}

/**
 * The function must never fail the application's DDL, hence the exception handler. It passes over what
 * Freshet's own sessions do, temporary objects, and commands that change no query's answer.
 */
function statements(names: InstanceNames): readonly string[] {
  const schema = quoteIdentifier(FRESHET_SCHEMA);
  const run = `${schema}.${quoteIdentifier(names.ddlFunction)}`;
  const end = quoteIdentifier(names.ddlEndTrigger);
  const drop = quoteIdentifier(names.dropTrigger);
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE OR REPLACE FUNCTION ${run}() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  relevant boolean;
BEGIN
  IF current_setting('freshet.internal', true) = 'on' THEN RETURN; END IF;
  IF tg_event = 'sql_drop' THEN
    relevant := EXISTS (SELECT FROM pg_event_trigger_dropped_objects() d WHERE NOT d.is_temporary AND d.object_type <> 'index');
  ELSE
    relevant := tg_tag NOT IN ('CREATE INDEX', 'COMMENT', 'CREATE STATISTICS', 'REINDEX', 'REFRESH MATERIALIZED VIEW')
      AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c WHERE c.schema_name IS NULL OR c.schema_name NOT LIKE 'pg\\_temp%');
  END IF;
  IF relevant THEN PERFORM pg_logical_emit_message(true, '${MESSAGE_PREFIX}', '${DDL_MESSAGE}'); END IF;
EXCEPTION WHEN OTHERS THEN
  RETURN;
END $body$`,
    `DROP EVENT TRIGGER IF EXISTS ${end}`,
    `DROP EVENT TRIGGER IF EXISTS ${drop}`,
    `CREATE EVENT TRIGGER ${end} ON ddl_command_end EXECUTE FUNCTION ${run}()`,
    `CREATE EVENT TRIGGER ${drop} ON sql_drop EXECUTE FUNCTION ${run}()`,
    // Sessions with session_replication_role = replica change the schema too.
    `ALTER EVENT TRIGGER ${end} ENABLE ALWAYS`,
    `ALTER EVENT TRIGGER ${drop} ENABLE ALWAYS`,
  ];
}
