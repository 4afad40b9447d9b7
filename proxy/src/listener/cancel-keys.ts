import { randomBytes, timingSafeEqual } from "node:crypto";
import { type BackendKeyData, OLDEST_PROTOCOL_VERSION } from "@freshet/wire";

/** What a cancel request interrupts. */
export interface CancelTarget {
  /** Resolves when the interruption has been passed on; the requesting connection is closed then, as PostgreSQL does. */
  cancel(): Promise<void>;
}

const NEW_KEY_BYTES = 32;
const OLD_KEY_BYTES = 4;

/** The keys by which clients of this process may interrupt each other's work: the upstream's own or Freshet's. */
export class CancelKeys {
  readonly #byProcess = new Map<number, { readonly secretKey: Buffer; readonly target: CancelTarget }[]>();
  #processId = 0;

  /** Notes a key that the client has got; the result forgets it. */
  register(key: BackendKeyData, target: CancelTarget): () => void {
    const entry = { secretKey: key.secretKey, target };
    this.#byProcess.set(key.processId, [...(this.#byProcess.get(key.processId) ?? []), entry]);
    return () => {
      const rest = (this.#byProcess.get(key.processId) ?? []).filter((other) => other !== entry);
      if (rest.length === 0) this.#byProcess.delete(key.processId);
      else this.#byProcess.set(key.processId, rest);
    };
  }

  /** Makes a key of Freshet's own, as long as the client's protocol version allows. */
  issue(version: number, processId?: number): BackendKeyData {
    this.#processId = (this.#processId + 1) & 0x7fffffff;
    const bytes = version > OLDEST_PROTOCOL_VERSION + 1 ? NEW_KEY_BYTES : OLD_KEY_BYTES;
    return { processId: processId ?? this.#processId, secretKey: randomBytes(bytes) };
  }

  /** Whose key it is; null when nobody's here. */
  find(processId: number, secretKey: Buffer): CancelTarget | null {
    const entries = this.#byProcess.get(processId) ?? [];
    const found = entries.find(
      (entry) => entry.secretKey.length === secretKey.length && timingSafeEqual(entry.secretKey, secretKey),
    );
    return found?.target ?? null;
  }
}
