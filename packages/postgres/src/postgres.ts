import { environment } from "@freshet/base";
import { startContainer } from "./container.ts";
import { installedFolder, startEmbedded } from "./embedded.ts";
import { useExternal } from "./external.ts";
import type { PostgresOptions, PostgresServer } from "./server.ts";

export type { Connection, PostgresOptions, PostgresServer } from "./server.ts";

/**
 * A PostgreSQL server that is ready for logical replication. The one place that chooses where it comes from:
 * 1. a new database on the server that FRESHET_TEST_POSTGRES_URL names;
 * 2. the programs in the folder that FRESHET_TEST_POSTGRES_BIN names;
 * 3. a container, where a Docker engine answers and has the image (FRESHET_TEST_POSTGRES_IMAGE) already;
 * 4. the embedded PostgreSQL 18.
 * Whoever asks for a data directory or for persistence gets the embedded one, whoever asks for certain programs those.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { dataDir, persistent, programs } = options;
  if (dataDir !== undefined || persistent === true || programs !== undefined) return startEmbedded(options);
  const url = environment()["FRESHET_TEST_POSTGRES_URL"];
  if (url !== undefined && url !== "") return useExternal(url, options);
  if (installedFolder() !== undefined) return startEmbedded(options);
  return (await startContainer(options)) ?? startEmbedded(options);
}
