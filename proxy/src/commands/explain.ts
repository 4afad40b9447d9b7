import { FreshetError } from "@freshet/base";
import { type Command, type PlannedStatement, inspectStatement } from "@freshet/sql";
import { formatLsn } from "@freshet/values";
import type { CommandContext, CommandResult } from "../session/front-ports.ts";
import { assertWritable } from "../write-back/target.ts";
import type { CommandParts } from "./command-parts.ts";
import { assertDatabase, readOptions, sourceText } from "./create-cache.ts";

type ExplainCreateCache = Extract<Command, { kind: "explain-create-cache" }>;

/** A dry run: says whether the query can be cached, how its parameters are served and by which operators. */
export async function explainCreateCache(
  parts: CommandParts,
  command: ExplainCreateCache,
  context: CommandContext,
): Promise<CommandResult> {
  const { writeTo } = readOptions(command.options);
  const text = sourceText(parts, command.source);
  assertDatabase(parts, context);
  const rows: [string, string][] = [["query id", inspectStatement(text).queryId]];
  try {
    const planned = await parts.builder.plan({ text, searchPath: context.facts.schemas, writeTo });
    if (writeTo !== null) assertWritable(planned.plan);
    rows.push(["supported", "yes"], ["mode", "incremental"], ...describe(planned));
    for (const node of await parts.engine.check(planned.plan)) {
      rows.push([
        "operator",
        `${"  ".repeat(node.depth)}${node.operator}${node.detail === "" ? "" : ` ${node.detail}`}${node.shared ? " (shared)" : ""}`,
      ]);
    }
  } catch (thrown) {
    // Anything else than "cannot be cached" is the statement's own mistake (unknown table …) or a fault.
    if (!(thrown instanceof FreshetError) || thrown.code !== "0A000") throw thrown;
    rows.push(["supported", "no"], ["reason", thrown.message]);
    if (thrown.detail !== undefined) rows.push(["detail", thrown.detail]);
    if (thrown.hint !== undefined) rows.push(["hint", thrown.hint]);
  }
  return { tag: `SELECT ${rows.length}`, rows };
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
  return "cut at read time";
}

export function explainLastStatement(context: CommandContext): CommandResult {
  const { last } = context;
  if (last === null) return { tag: "SELECT 0", rows: [] };
  return {
    tag: "SELECT 1",
    rows: [[last.destination, last.reason, last.cache, last.lsn === null ? null : formatLsn(last.lsn)]],
  };
}
