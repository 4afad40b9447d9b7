import { once } from "node:events";
import { createServer } from "node:net";
import { randomInt } from "node:crypto";

/** Below Linux's range for outgoing connections, which take ports at random and keep them for a while. */
const lowest = 20_000;
const highest = 32_000;

/** A port on `host` that could be bound a moment ago. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (await canBind(host, port)) return port;
  }
  throw new Error(`no free port found on ${host} between ${lowest} and ${highest}`);
}

async function canBind(host: string, port: number): Promise<boolean> {
  const server = createServer();
  server.listen({ host, port, exclusive: true });
  try {
    await once(server, "listening");
  } catch (error) {
    if (isPortTaken(error)) return false;
    throw error;
  }
  server.close();
  await once(server, "close");
  return true;
}

function isPortTaken(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EADDRINUSE" || code === "EACCES";
}
