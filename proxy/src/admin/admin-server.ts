import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { FreshetError, type Logger, SqlState, errorMessage } from "@freshet/base";
import { Registry } from "prom-client";

export interface AdminParts {
  /** All metrics in Prometheus's text form. */
  readonly metrics: () => Promise<string>;
  /** Null when everything is caught up, else what is missing. */
  readonly notReady: () => string | null;
  readonly logger: Logger;
}

/** HTTP for machines: /healthz (the process lives), /readyz (caches are caught up), /metrics (Prometheus). */
export class AdminServer {
  readonly #parts: AdminParts;
  readonly #server: Server;

  constructor(parts: AdminParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((thrown: unknown) => {
        this.#parts.logger.error({ error: errorMessage(thrown) }, "an admin request failed");
        send(response, 500, "internal error\n");
      });
    });
  }

  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }> {
    return new Promise((resolve, reject) => {
      // Also later: that a connection cannot be accepted is not the end.
      this.#server.on("error", (thrown: Error) => {
        this.#parts.logger.warn({ error: thrown.message }, "the admin server has an error");
        reject(
          new FreshetError(SqlState.cannotConnect, `cannot listen on the admin address ${host}:${port}`, {
            detail: thrown.message,
            cause: thrown,
          }),
        );
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve({ host, port: typeof address === "object" && address !== null ? address.port : port });
      });
    });
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      send(response, 405, "only GET\n");
      return;
    }
    const path = (request.url ?? "/").split("?", 1)[0];
    if (path === "/healthz") {
      send(response, 200, "ok\n");
    } else if (path === "/readyz") {
      const missing = this.#parts.notReady();
      send(response, missing === null ? 200 : 503, `${missing ?? "ready"}\n`);
    } else if (path === "/metrics") {
      response.setHeader("content-type", Registry.PROMETHEUS_CONTENT_TYPE);
      send(response, 200, await this.#parts.metrics());
    } else {
      send(response, 404, "there are /healthz, /readyz and /metrics\n");
    }
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  response.statusCode = status;
  if (!response.hasHeader("content-type")) response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(body);
}
