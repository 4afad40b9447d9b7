import type { AnalysisConnection } from "@freshet/sql";
import type pg from "pg";

/** An upstream connection as far as statements without parameters need one. */
export function analysisConnection(client: pg.Client): AnalysisConnection {
  const asText: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };
  return {
    async query(sql) {
      const result = await client.query<(string | null)[]>({ text: sql, rowMode: "array", types: asText });
      return result.rows;
    },
    async describe(sql) {
      const { fields } = await client.query({ text: `SELECT * FROM (${sql}) described LIMIT 0`, rowMode: "array" });
      const columns = fields.map((field) => ({
        name: field.name,
        typeOid: field.dataTypeID,
        typmod: field.dataTypeModifier,
        collation: 0,
        tableOid: field.tableID,
        attribute: field.columnID,
        typeLength: field.dataTypeSize,
      }));
      return { parameters: [], columns };
    },
  };
}
