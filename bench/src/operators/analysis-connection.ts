import type { AnalysisConnection } from "@freshet/sql";
import type pg from "pg";

const asText: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/** The upstream as analysis needs it, for statements without parameters. */
export function analysisConnection(client: pg.Client): AnalysisConnection {
  return {
    async query(sql) {
      return (await client.query<(string | null)[]>({ text: sql, rowMode: "array", types: asText })).rows;
    },
    async describe(sql) {
      const { fields } = await client.query({ text: `SELECT * FROM (${sql}) AS described LIMIT 0`, rowMode: "array" });
      const columns = fields.map(({ name, dataTypeID, dataTypeModifier, dataTypeSize, tableID, columnID }) => ({
        name,
        typeOid: dataTypeID,
        typmod: dataTypeModifier,
        collation: 0,
        tableOid: tableID,
        attribute: columnID,
        typeLength: dataTypeSize,
      }));
      return { parameters: [], columns };
    },
  };
}
