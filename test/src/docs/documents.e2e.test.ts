import { setTimeout as sleep } from "node:timers/promises";
import { now } from "@freshet/base";
import { withClient } from "@freshet/postgres";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDocServer } from "./doc-server.ts";
import type { DocServer } from "./doc-server.ts";
import { firstColumn, readDocument } from "./documents.ts";
import { sqlFixture } from "./sql-fixture.ts";
import { sqlSupportPage } from "./sql-support.ts";
import { asShown, readTranscript } from "./transcript.ts";
import type { Step } from "./transcript.ts";

/** A written-back table follows a moment after the commit. */
const WRITE_BACK_MS = 20_000;

let server: DocServer;
beforeAll(async () => {
  server = await startDocServer();
}, 180_000);
afterAll(() => server.stop());

interface Answer {
  readonly table: string[][];
  readonly tag: string;
  readonly notices: readonly string[];
}

/** Runs one statement in the simple protocol and keeps every value as the server spells it. */
async function ask(client: pg.Client, text: string): Promise<Answer> {
  const notices: string[] = [];
  const keep = (notice: { readonly message: string | undefined }): void => {
    notices.push(notice.message ?? "");
  };
  client.on("notice", keep);
  try {
    const types = { getTypeParser: () => String };
    const result = await client.query<(string | null)[]>({ text, rowMode: "array", types });
    const header = result.fields.map(({ name }) => name);
    const table = [header, ...result.rows.map((row) => row.map((value) => value ?? ""))];
    return { table, tag: [result.command, result.rowCount].join(" ").trim(), notices };
  } finally {
    client.off("notice", keep);
  }
}

async function check(client: pg.Client, step: Step): Promise<void> {
  const answer = await ask(client, step.statement);
  for (const notice of step.notices) expect(answer.notices).toContain(notice);
  const { statement, table, tag } = step;
  if (table === null) {
    // The driver keeps a tag's first word and its last number.
    const expected = [tag?.split(" ")[0], /\d+$/.exec(tag ?? "")?.[0]].join(" ").trim();
    expect({ statement, tag: answer.tag }).toEqual({ statement, tag: expected });
    return;
  }
  let rows = asShown(answer.table, table);
  const deadline = now() + WRITE_BACK_MS;
  while (/FROM product_ratings/.test(statement) && JSON.stringify(rows) !== JSON.stringify(table) && now() < deadline) {
    await sleep(20);
    rows = asShown((await ask(client, statement)).table, table);
  }
  expect({ statement, rows }).toEqual({ statement, rows: table });
}

describe("README.md", () => {
  it("shows what the program answers", async () => {
    const steps = readTranscript(await readDocument("README.md"));
    expect(steps.length).toBeGreaterThan(12);
    await withClient(server.connection, async (client) => {
      for (const step of steps) await check(client, step);
    });
  });
});

describe("docs/commands.md", () => {
  it.each(["SHOW CACHES", "SHOW PROXIED QUERIES", "SHOW FRESHET STATUS", "EXPLAIN LAST STATEMENT"])(
    "has the columns of %s",
    async (command) => {
      const columns = firstColumn(await readDocument("docs/commands.md"), `## ${command}`);
      const [header] = await withClient(server.connection, async (client) => (await ask(client, command)).table);
      expect(columns).toEqual(header);
    },
  );

  it("has the columns of EXPLAIN CREATE CACHE", async () => {
    const columns = firstColumn(await readDocument("docs/commands.md"), "## EXPLAIN CREATE CACHE");
    const text = "EXPLAIN CREATE CACHE FROM SELECT id FROM customers";
    const [header] = await withClient(server.connection, async (client) => (await ask(client, text)).table);
    expect(columns).toEqual(header);
  });
});

describe("docs/operations.md", () => {
  it("explains every metric of Freshet's, and no other", async () => {
    const text = await (await fetch(`${server.adminUrl}/metrics`)).text();
    const names = [...text.matchAll(/^# TYPE (freshet_\w+)/gm)].map(([, name]) => name ?? "");
    expect(names.length).toBeGreaterThan(5);
    const explained = firstColumn(await readDocument("docs/operations.md"), "## Metrics");
    expect(explained.toSorted()).toEqual(names.toSorted());
  });
});

describe("docs/sql-support.md", () => {
  it("says what the program says (npm run docs:generate)", async () => {
    await withClient(server.upstream, (client) => client.query(sqlFixture));
    const page = await withClient(server.connection, sqlSupportPage);
    expect(await readDocument("docs/sql-support.md")).toBe(page);
  });
});
