import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { environment } from "@freshet/base";
import type { ContainerRuntimeClient, StartedTestContainer } from "testcontainers";
import { guardContainer } from "./guard.ts";
import { replicationSettings, serverHandle, unsafeSettings } from "./server.ts";
import type { PostgresOptions, PostgresServer } from "./server.ts";

const superuser = { user: "postgres", password: "postgres" };
const serverPort = 5432;

/**
 * PostgreSQL in a container, or undefined where no Docker engine answers or it does not have the image: nothing is
 * ever pulled.
 */
export async function startContainer(options: PostgresOptions): Promise<PostgresServer | undefined> {
  if (!engineSocketExists()) return undefined;
  // testcontainers starts a helper container of its own from an image that may have to be pulled: the guard does its work.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
  const testcontainers = await import("testcontainers");
  const client = await answeringEngine(testcontainers.getContainerRuntimeClient);
  const image = environment()["FRESHET_TEST_POSTGRES_IMAGE"] ?? "postgres:18";
  if (client === undefined || !(await client.image.exists(testcontainers.ImageName.fromString(image))))
    return undefined;
  const database = options.database ?? "postgres";
  const container = await new testcontainers.GenericContainer(image)
    .withEnvironment({ POSTGRES_USER: superuser.user, POSTGRES_PASSWORD: superuser.password, POSTGRES_DB: database })
    .withCommand(["postgres", ...settingFlags(options)])
    .withExposedPorts(options.port === undefined ? serverPort : { container: serverPort, host: options.port })
    // The image's first start is for its set-up only.
    .withWaitStrategy(testcontainers.Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start();
  return handle(container, database);
}

async function handle(container: StartedTestContainer, database: string): Promise<PostgresServer> {
  const guard = await guardContainer(container.getId());
  const connection = {
    host: container.getHost(),
    port: container.getMappedPort(serverPort),
    ...superuser,
    database,
  };
  return serverHandle(connection, true, async () => {
    await container.stop({ remove: true, removeVolumes: true });
    guard.dismiss();
  });
}

function settingFlags(options: PostgresOptions): string[] {
  const settings = { ...replicationSettings, ...unsafeSettings, ...options.settings };
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** A cheap look before the library, which takes half a second to load. */
function engineSocketExists(): boolean {
  const variables = environment();
  if (variables["DOCKER_HOST"] !== undefined) return true;
  const runtime = variables["XDG_RUNTIME_DIR"];
  const sockets = ["/var/run/docker.sock", path.join(os.homedir(), ".docker/run/docker.sock")];
  if (runtime !== undefined) sockets.push(path.join(runtime, "docker.sock"));
  return sockets.some((socket) => existsSync(socket));
}

async function answeringEngine(
  connect: () => Promise<ContainerRuntimeClient>,
): Promise<ContainerRuntimeClient | undefined> {
  try {
    return await connect();
  } catch {
    // A socket without an engine behind it is the same as no engine.
    return undefined;
  }
}
