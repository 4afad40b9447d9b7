import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { environment } from "@freshet/base";
import { type Connection, freePort } from "@freshet/postgres";
import { Child } from "./child.ts";
import type { Upstream } from "./upstream.ts";

const host = "127.0.0.1";
/** The user "nobody": PgBouncer refuses to run as root. */
const nobody = { uid: 65534, gid: 65534 };

export interface PgBouncer extends Connection {
  readonly pid: number;
  stop(): Promise<void>;
}

/** PgBouncer in session mode, in front of the upstream. */
export async function startPgBouncer(program: string, upstream: Upstream): Promise<PgBouncer> {
  const folder = await mkdtemp(join(tmpdir(), "freshet-bench-pgbouncer-"));
  const port = await freePort();
  const file = join(folder, "pgbouncer.ini");
  await writeFile(file, configuration(upstream, port));
  const user = process.getuid?.() === 0 ? nobody : undefined;
  if (user !== undefined) for (const path of [folder, file]) await chown(path, user.uid, user.gid);
  await chmod(folder, 0o700);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const log = join(folder, "pgbouncer.log");
    const child = await Child.start({
      command: program,
      args: [file],
      log,
      environment: environment(),
      ...(user && { user }),
    });
    await child.until(() => accepts(port), "PgBouncer was to accept connections", 10_000);
    const { user: name, password, database } = upstream;
    const stop = async (): Promise<void> => {
      await child.end("SIGINT");
      await remove();
    };
    return { host, port, user: name, password, database, pid: child.pid, stop };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}

function configuration(upstream: Upstream, port: number): string {
  const { host, port: server, user, password, database } = upstream;
  return `[databases]
${database} = host=${host} port=${server} dbname=${database} user=${user} password=${password}
[pgbouncer]
listen_addr = ${host}
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = session
default_pool_size = 100
max_client_conn = 200
ignore_startup_parameters = extra_float_digits
`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
