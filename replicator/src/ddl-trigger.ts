import { errorMessage, quoteIdentifier, SqlState } from "@freshet/base";
import type { Logger } from "@freshet/base";
import type { Client } from "pg";
import type { InstanceNames } from "./names.ts";
import { DDL_MESSAGE, FRESHET_SCHEMA, MESSAGE_PREFIX } from "./names.ts";
import { sqlState } from "./upstream.ts";

/** A command on more relations is announced as one that may have changed anything. */
const MOST_RELATIONS = 1000;

/**
 * Installs the event triggers that announce schema changes in the stream, unless they are there. Needs
 * superuser; without it schema changes show only in relation messages, and the log says so.
 */
export async function installDdlTrigger(session: Client, names: InstanceNames, logger: Logger): Promise<void> {
  // One that another version made goes on announcing when this session may not replace it.
  const present = await session.query(
    `SELECT FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
      WHERE evtname = ANY ($1::name[]) AND p.prosrc = $2 HAVING count(*) = 2`,
    [[names.ddlEndTrigger, names.dropTrigger], DDL_FUNCTION_BODY],
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
 * Freshet's own sessions do, temporary objects, and commands that change no query's answer. Where a command is
 * about relations alone the message tells which (with their ancestors and descendants, whose columns change with
 * them) and what they are called now; else whatever is in the catalog may have changed.
 */
const DDL_FUNCTION_BODY = `
DECLARE
  relevant boolean;
  relations oid[];
  names text[];
  scope jsonb;
BEGIN
  IF current_setting('freshet.internal', true) = 'on' THEN RETURN; END IF;
  IF tg_event = 'sql_drop' THEN
    SELECT bool_or(NOT d.is_temporary AND d.object_type <> 'index'), array_agg(d.objid) FILTER (WHERE d.classid = 'pg_class'::regclass),
        array_agg(d.object_name) FILTER (WHERE d.classid = 'pg_class'::regclass AND d.object_name IS NOT NULL)
      INTO relevant, relations, names FROM pg_event_trigger_dropped_objects() d
      HAVING bool_and(CASE WHEN d.original THEN d.classid = 'pg_class'::regclass ELSE d.classid IN ('pg_class'::regclass, 'pg_type'::regclass,
        'pg_constraint'::regclass, 'pg_attrdef'::regclass, 'pg_trigger'::regclass, 'pg_rewrite'::regclass, 'pg_policy'::regclass) END);
    IF NOT FOUND THEN
      relations := NULL;
      relevant := EXISTS (SELECT FROM pg_event_trigger_dropped_objects() d WHERE NOT d.is_temporary AND d.object_type <> 'index');
    END IF;
  ELSE
    relevant := tg_tag NOT IN ('CREATE INDEX', 'COMMENT', 'CREATE STATISTICS', 'REINDEX', 'REFRESH MATERIALIZED VIEW')
      AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c WHERE c.schema_name IS NULL OR c.schema_name NOT LIKE 'pg\\_temp%');
    IF relevant AND tg_tag NOT IN ('GRANT', 'REVOKE') AND NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c
        WHERE c.classid IS DISTINCT FROM 'pg_class'::regclass OR c.objid IS NULL) THEN
      WITH RECURSIVE touched AS (SELECT c.objid FROM pg_event_trigger_ddl_commands() c),
        up(oid) AS (SELECT objid FROM touched UNION SELECT i.inhparent FROM up JOIN pg_inherits i ON i.inhrelid = up.oid),
        down(oid) AS (SELECT oid FROM up UNION SELECT i.inhrelid FROM down JOIN pg_inherits i ON i.inhparent = down.oid)
      SELECT array_agg(down.oid), array_agg(r.relname::text) FILTER (WHERE r.oid IN (SELECT objid FROM touched))
        INTO relations, names FROM down LEFT JOIN pg_class r ON r.oid = down.oid;
    END IF;
  END IF;
  IF NOT coalesce(relevant, true) THEN RETURN; END IF;
  IF cardinality(relations) <= ${MOST_RELATIONS} THEN
    scope := jsonb_build_object('relations', to_jsonb(ARRAY(SELECT o::bigint FROM unnest(relations) o)), 'names', to_jsonb(coalesce(names, '{}')));
  END IF;
  PERFORM pg_logical_emit_message(true, '${MESSAGE_PREFIX}', '${DDL_MESSAGE}' || coalesce(' ' || scope::text, ''));
EXCEPTION WHEN OTHERS THEN
  RETURN;
END `;

function statements(names: InstanceNames): readonly string[] {
  const schema = quoteIdentifier(FRESHET_SCHEMA);
  const run = `${schema}.${quoteIdentifier(names.ddlFunction)}`;
  const end = quoteIdentifier(names.ddlEndTrigger);
  const drop = quoteIdentifier(names.dropTrigger);
  return [
    `CREATE SCHEMA IF NOT EXISTS ${schema}`,
    `CREATE OR REPLACE FUNCTION ${run}() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$${DDL_FUNCTION_BODY}$body$`,
    `DROP EVENT TRIGGER IF EXISTS ${end}`,
    `DROP EVENT TRIGGER IF EXISTS ${drop}`,
    `CREATE EVENT TRIGGER ${end} ON ddl_command_end EXECUTE FUNCTION ${run}()`,
    `CREATE EVENT TRIGGER ${drop} ON sql_drop EXECUTE FUNCTION ${run}()`,
    // Sessions with session_replication_role = replica change the schema too.
    `ALTER EVENT TRIGGER ${end} ENABLE ALWAYS`,
    `ALTER EVENT TRIGGER ${drop} ENABLE ALWAYS`,
  ];
}
