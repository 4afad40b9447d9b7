import { FreshetError } from "@freshet/base";
import { type Command, type PlannedStatement, inspectStatement, parametersIn } from "@freshet/sql";
import { formatLsn } from "@freshet/values";
import type { PlannedInvalidation } from "../caches/cache.ts";
import type { CommandContext, CommandResult } from "../session/front-ports.ts";
import { assertWritable } from "../write-back/target.ts";
import type { CommandParts } from "./command-parts.ts";
import { type CacheOptions, readOptions } from "./cache-options.ts";
import { assertDatabase, sourceText } from "./create-cache.ts";

type ExplainCreateCache = Extract<Command, { kind: "explain-create-cache" }>;

/** A dry run: says whether the query can be cached, how its parameters are served and by which operators. */
export async function explainCreateCache(
  parts: CommandParts,
  command: ExplainCreateCache,
  context: CommandContext,
): Promise<CommandResult> {
  const { writeTo, mode, maxBytes } = readOptions(command.options);
  const text = sourceText(parts, command.source);
  assertDatabase(parts, context);
  const rows: [string, string][] = [["query id", inspectStatement(text).queryId]];
  try {
    const plan = await parts.builder.planCache({
      text,
      searchPath: context.facts.schemas,
      owner: context.facts.role,
      writeTo,
      mode,
      maxBytes,
    });
    if (plan.mode === "invalidate") rows.push(["supported", "yes"], ...describeInvalidation(plan.invalidation));
    else rows.push(["supported", "yes"], ...(await describeIncremental(parts, plan.planned, { writeTo, maxBytes })));
  } catch (thrown) {
    // Anything else than "cannot be cached" is the statement's own mistake (unknown table …) or a fault.
    if (!(thrown instanceof FreshetError) || thrown.code !== "0A000") throw thrown;
    rows.push(["supported", "no"], ["reason", thrown.message]);
    if (thrown.detail !== undefined) rows.push(["detail", thrown.detail]);
    if (thrown.hint !== undefined) rows.push(["hint", thrown.hint]);
  }
  return { tag: `SELECT ${rows.length}`, rows };
}

async function describeIncremental(
  parts: CommandParts,
  planned: PlannedStatement,
  { writeTo, maxBytes }: Pick<CacheOptions, "writeTo" | "maxBytes">,
): Promise<[string, string][]> {
  if (writeTo !== null) assertWritable(planned.plan);
  const partial = maxBytes !== null;
  const nodes = await parts.engine.check(planned.plan, { partial });
  const operators = nodes.map(({ depth, operator, detail, shared }): [string, string] => {
    return [
      "operator",
      `${"  ".repeat(depth)}${operator}${detail === "" ? "" : ` ${detail}`}${shared ? " (shared)" : ""}`,
    ];
  });
  const kept: [string, string][] = partial ? [["kept", `keys that were asked for, up to ${maxBytes} bytes`]] : [];
  return [["mode", "incremental"], ...kept, ...describe(planned), ...operators];
}

function describeInvalidation({ plan, reason }: PlannedInvalidation): [string, string][] {
  const rows: [string, string][] = [
    ["mode", "invalidate"],
    ["not incremental", reason],
    ...plan.tables.map(({ schema, name }): [string, string] => ["table", `${schema}.${name}`]),
    ...plan.slots.map((_slot, index): [string, string] => ["parameter", `${index + 1}: an answer for each value`]),
  ];
  for (const { tableOid, references } of plan.guards) {
    const table = plan.tables.find((known) => known.tableOid === tableOid);
    const texts = references.map((conditions) =>
      conditions.map(({ column, operator, slot }) => `${column} ${operator} ${slot + 1}`).join(" and "),
    );
    rows.push(["dropped by changes of", `${table?.name ?? tableOid} where ${texts.join(" or ")}`]);
  }
  if (plan.expiry === "midnight") rows.push(["expires", "at midnight of the session's TimeZone"]);
  for (const { table, column } of plan.thresholds)
    rows.push(["expires", `when the time that ${table}.${column} is compared with passes the value of a row`]);
  return rows;
}

function describe(planned: PlannedStatement): [string, string][] {
  const { plan } = planned;
  const rows: [string, string][] = plan.tables.map(({ schema, name }) => ["table", `${schema}.${name}`]);
  plan.parameters.forEach((parameter, index) => {
    const type = plan.types.find(({ oid }) => oid === parameter.type.typeOid)?.name ?? `type ${parameter.type.typeOid}`;
    rows.push(["parameter", `${index + 1}: ${type}${parameter.list ? ", list" : ""}, ${parameterUse(planned, index)}`]);
  });
  for (const note of planned.notes) rows.push(["note", note]);
  return rows;
}

function parameterUse(planned: PlannedStatement, index: number): string {
  const { plan } = planned;
  if (plan.equality.some(({ parameter }) => parameter === index)) return "key of the view";
  if (plan.range?.lower?.parameter === index || plan.range?.upper?.parameter === index) return "range scan of the view";
  return plan.read?.conditions.some((condition) => parametersIn([condition]).some(({ number }) => number === index + 1))
    ? "condition on the rows of the key, looked at when they are read"
    : "cut at read time";
}

export function explainLastStatement(context: CommandContext): CommandResult {
  const { last } = context;
  if (last === null) return { tag: "SELECT 0", rows: [] };
  return {
    tag: "SELECT 1",
    rows: [[last.destination, last.reason, last.cache, last.lsn === null ? null : formatLsn(last.lsn), last.replica]],
  };
}
