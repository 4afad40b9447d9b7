import { errorMessage, type Logger, quoteLiteral } from "@freshet/base";
import type { ControlConnection } from "../control/control-connection.ts";

/** Retained WAL above which a warning is logged: a slot left behind fills the upstream's disk. */
const WARN_BYTES = 4 * 1024 ** 3;

/** Bytes of WAL that the upstream keeps for the slot; asked for from time to time. */
export class SlotGauge {
  readonly #control: ControlConnection;
  readonly #slotName: () => string;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #bytes: number | null = null;
  #asking = false;

  constructor(control: ControlConnection, slotName: () => string, intervalMs: number, logger: Logger) {
    this.#control = control;
    this.#slotName = slotName;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.#ask(), intervalMs);
    this.#timer.unref();
  }

  /** Null while unknown. */
  get bytes(): number | null {
    return this.#bytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const rows = await this.#control.query(
        `SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)::pg_catalog.text
           FROM pg_catalog.pg_replication_slots WHERE slot_name = ${quoteLiteral(this.#slotName())}`,
      );
      const text = rows[0]?.[0] ?? null;
      this.#bytes = text === null ? null : Number(text);
      if (this.#bytes !== null && this.#bytes > WARN_BYTES) {
        this.#logger.warn(
          { slot: this.#slotName(), bytes: this.#bytes },
          "the replication slot retains much WAL upstream",
        );
      }
    } catch (thrown) {
      this.#bytes = null;
      this.#logger.debug({ error: errorMessage(thrown) }, "the slot could not be looked at");
    } finally {
      this.#asking = false;
    }
  }
}
