import { Socket } from "node:net";
import type { Connection } from "@freshet/postgres";
import pg from "pg";

/** A socket on which a session has been logged in by the driver, which then lets go of it. */
export async function rawLogin(connection: Connection, applicationName = "raw"): Promise<Socket> {
  const { host, port, user, password, database } = connection;
  const socket = new Socket();
  const client = new pg.Client({
    host,
    port,
    user,
    password,
    database,
    application_name: applicationName,
    stream: () => socket,
  });
  // What becomes of the socket is none of the driver's business any more.
  client.on("error", () => undefined);
  await client.connect();
  socket.removeAllListeners();
  return socket;
}
