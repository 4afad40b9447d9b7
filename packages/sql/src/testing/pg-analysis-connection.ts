import { FreshetError } from "@freshet/base";
import pg from "pg";
import type { AnalysisConnection, DescribedColumn } from "../analysis/analysis-connection.ts";

interface Field {
  readonly name: string;
  readonly tableID: number;
  readonly columnID: number;
  readonly dataTypeID: number;
  readonly dataTypeSize: number;
  readonly dataTypeModifier: number;
}

type Description = Awaited<ReturnType<AnalysisConnection["describe"]>>;

/** Parse, Describe, Sync as one of pg's queued queries; the client calls the handlers as messages come in. */
class DescribeQuery implements pg.Submittable {
  readonly #sql: string;
  readonly #settle: { resolve: (description: Description) => void; reject: (error: unknown) => void };
  #parameters: readonly number[] = [];
  #columns: readonly DescribedColumn[] = [];

  constructor(sql: string, settle: { resolve: (description: Description) => void; reject: (error: unknown) => void }) {
    this.#sql = sql;
    this.#settle = settle;
  }

  submit(connection: pg.Connection): void {
    connection.removeAllListeners("parameterDescription");
    connection.once("parameterDescription", (message: { dataTypeIDs: readonly number[] }) => {
      this.#parameters = message.dataTypeIDs;
    });
    connection.parse({ name: "", text: this.#sql, types: [] }, true);
    connection.describe({ type: "S", name: "" }, true);
    connection.sync();
  }

  handleRowDescription(message: { fields: readonly Field[] }): void {
    this.#columns = message.fields.map((field) => ({
      name: field.name,
      typeOid: field.dataTypeID,
      typmod: field.dataTypeModifier,
      collation: 0,
      tableOid: field.tableID,
      attribute: field.columnID,
      typeLength: field.dataTypeSize,
    }));
  }

  /** After an error the client forgets the query; what follows is only ReadyForQuery. */
  handleError(error: unknown): void {
    this.#settle.reject(upstreamError(error));
  }

  handleReadyForQuery(): void {
    this.#settle.resolve({ parameters: this.#parameters, columns: this.#columns });
  }
}

function upstreamError(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const { code, message, detail, hint } = error;
  return new FreshetError(code ?? "XX000", message, { detail, hint, cause: error });
}

const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };

/** An AnalysisConnection over a connected client of the pg library. */
export function pgAnalysisConnection(client: pg.Client): AnalysisConnection {
  return {
    async query(sql) {
      try {
        const result = await client.query<(string | null)[]>({ text: sql, rowMode: "array", types: AS_TEXT });
        return result.rows;
      } catch (error) {
        throw upstreamError(error);
      }
    },
    describe: (sql) =>
      new Promise<Description>((resolve, reject) => client.query(new DescribeQuery(sql, { resolve, reject }))),
  };
}
