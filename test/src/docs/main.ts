import { writeFile } from "node:fs/promises";
import process from "node:process";
import { withClient } from "@freshet/postgres";
import { configurationPage } from "./configuration.ts";
import { startDocServer } from "./doc-server.ts";
import { documentPath } from "./documents.ts";
import { pitfallsPage } from "./pitfalls.ts";
import { sqlFixture } from "./sql-fixture.ts";
import { sqlSupportPage } from "./sql-support.ts";

/** `npm run docs:generate`: writes the pages that are made from the program itself. */
await writeFile(documentPath("docs/configuration.md"), configurationPage());
await writeFile(documentPath("docs/pitfalls.md"), pitfallsPage());
const server = await startDocServer();
try {
  await withClient(server.upstream, (client) => client.query(sqlFixture));
  const page = await withClient(server.connection, sqlSupportPage);
  await writeFile(documentPath("docs/sql-support.md"), page);
} finally {
  await server.stop();
}
process.stdout.write("wrote docs/configuration.md, docs/pitfalls.md and docs/sql-support.md\n");
