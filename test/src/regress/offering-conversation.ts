import type { Socket } from "node:net";
import { now } from "@freshet/base";
import { decodeErrorFields, encodeQuery } from "@freshet/wire";
import type { OfferLedger, OfferOutcome } from "./offer-ledger.ts";

const queryType = 0x51;
const errorType = 0x45;
const readyType = 0x5a;
const idleStatus = 0x49;

/**
 * One psql's messages in their order. A SELECT outside a transaction block is held back while `CREATE CACHE FROM` it is run in the same
 * session, so that role, schemas and settings are the SELECT's own; the answer to that stays here.
 */
export class OfferingConversation {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #ledger: OfferLedger;
  readonly #dropCaches: () => Promise<void>;
  #started = false;
  #idle = false;
  #fromClient: Buffer = Buffer.alloc(0);
  #passing: Promise<void> = Promise.resolve();
  /** The answer to an offer, which the client must not see. */
  #answer: OfferAnswer | undefined;

  constructor(client: Socket, upstream: Socket, ledger: OfferLedger, dropCaches: () => Promise<void>) {
    this.#client = client;
    this.#upstream = upstream;
    this.#ledger = ledger;
    this.#dropCaches = dropCaches;
  }

  fromUpstream(chunk: Buffer): void {
    if (this.#answer !== undefined) {
      this.#answer.push(chunk);
      return;
    }
    // A simple query's answer ends with ReadyForQuery, so its last bytes tell the transaction's state.
    const end = chunk.subarray(-6);
    if (end.length === 6 && end[0] === readyType && end.readUInt32BE(1) === 5) this.#idle = end[5] === idleStatus;
    this.#client.write(chunk);
  }

  fromClient(chunk: Buffer): void {
    this.#passing = this.#passing.then(async () => {
      this.#fromClient = Buffer.concat([this.#fromClient, chunk]);
      await this.#passWhole();
    });
  }

  clientEnded(): void {
    void this.#passing.then(() => this.#upstream.end());
  }

  /** The session is over: an offer that is under way has no answer. */
  ended(): void {
    this.#answer?.finish({ kind: "unanswered" });
  }

  async #passWhole(): Promise<void> {
    for (;;) {
      const header = this.#started ? 5 : 4;
      if (this.#fromClient.length < header) return;
      const length = this.#fromClient.readUInt32BE(header - 4) + header - 4;
      if (this.#fromClient.length < length) return;
      const message = this.#fromClient.subarray(0, length);
      this.#fromClient = this.#fromClient.subarray(length);
      if (this.#started && message[0] === queryType) {
        await this.#offerSelect(message.toString("utf8", 5, message.length - 1));
        this.#idle = false;
      }
      // A StartupMessage of protocol 3; a request for encryption is followed by another first message.
      if (!this.#started) this.#started = message.readUInt16BE(4) === 3;
      this.#upstream.write(message);
    }
  }

  async #offerSelect(text: string): Promise<void> {
    if (!this.#idle || !isOfferable(text) || !this.#ledger.mayOffer(text)) return;
    if (this.#ledger.full) {
      await this.#dropCaches();
      this.#ledger.dropped();
    }
    const began = now();
    const answer = new OfferAnswer();
    this.#answer = answer;
    this.#upstream.write(encodeQuery(`CREATE CACHE FROM ${text}`));
    const outcome = await answer.outcome;
    this.#answer = undefined;
    this.#ledger.offered({ text, outcome, ms: now() - began });
  }
}

/** One SELECT, and not about the catalogs, which no cache is made of. */
function isOfferable(text: string): boolean {
  const isSelect = /^[\s(]*(?:select|with|values|table)\b/i.test(text) && !/;\s*\S/.test(text);
  return isSelect && !/\b(?:pg_\w+|information_schema)\b/i.test(text);
}

/** What came back for an offer, up to its ReadyForQuery. */
class OfferAnswer {
  readonly outcome: Promise<OfferOutcome>;
  #resolve: (outcome: OfferOutcome) => void = () => undefined;
  #pending: Buffer = Buffer.alloc(0);
  #error: string | undefined;

  constructor() {
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  push(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 5) {
      const length = this.#pending.readUInt32BE(1) + 1;
      if (this.#pending.length < length) return;
      const message = this.#pending.subarray(0, length);
      this.#pending = this.#pending.subarray(length);
      if (message[0] === errorType) this.#error = decodeErrorFields(message, 0, length).get("M");
      if (message[0] === readyType)
        this.finish(this.#error === undefined ? { kind: "cached" } : { kind: "refused", error: this.#error });
    }
  }

  finish(outcome: OfferOutcome): void {
    this.#resolve(outcome);
  }
}
