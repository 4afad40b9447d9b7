import { setTimeout as sleep } from "node:timers/promises";
import { SeededRandom } from "@freshet/base";
import type { Connection } from "@freshet/postgres";
import { TextClient } from "./support.ts";

/** Sessions that change `customers` and `orders` at random, straight upstream, until told to stop. */
export class Writers {
  readonly #loops: Promise<void>[] = [];
  #stopping = false;
  #transactions = 0;

  static async start(connection: Connection, seed: number, count: number): Promise<Writers> {
    const writers = new Writers();
    for (let index = 0; index < count; index++) {
      const client = await TextClient.connect(connection);
      writers.#loops.push(writers.#run(client, new SeededRandom(seed + index)));
    }
    return writers;
  }

  /** Transactions that were committed or rolled back. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Resolves when the last transaction has ended; rejects when one failed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#loops);
  }

  async #run(client: TextClient, rng: SeededRandom): Promise<void> {
    try {
      while (!this.#stopping) {
        await client.rows(transaction(rng));
        this.#transactions++;
        // Leaves the machine some time for the program under test.
        if (rng.chance(0.5)) await sleep(rng.integer(1, 8));
      }
    } finally {
      await client.end();
    }
  }
}

/** Some statements in one transaction; rows are locked in one order, so that nobody dead-locks. */
function transaction(rng: SeededRandom): string {
  const statements: string[] = [];
  if (rng.chance(0.2))
    statements.push(`UPDATE customers SET region = 'region ${rng.integer(0, 8)}' WHERE id = ${rng.integer(1, 201)}`);
  const count = rng.integer(1, 4);
  for (let index = 0; index < count; index++) statements.push(insertion(rng));
  if (rng.chance(0.5)) statements.push(change(rng));
  return `BEGIN; ${statements.join("; ")}; ${rng.chance(0.1) ? "ROLLBACK" : "COMMIT"}`;
}

function insertion(rng: SeededRandom): string {
  const status = rng.pick(["'new'", "'paid'", "NULL"]);
  return `INSERT INTO orders (customer_id, amount, status) VALUES (${rng.integer(1, 201)}, ${rng.integer(0, 200_000)} / 100.0, ${status})`;
}

function change(rng: SeededRandom): string {
  const customer = rng.integer(1, 201);
  const one = `SELECT id FROM orders WHERE customer_id = ${customer} ORDER BY id LIMIT ${rng.integer(1, 4)} FOR UPDATE SKIP LOCKED`;
  return rng.pick([
    `UPDATE orders SET amount = amount + 1.25, status = 'paid' WHERE id IN (${one})`,
    `UPDATE orders SET customer_id = ${rng.integer(1, 201)} WHERE id IN (${one})`,
    `DELETE FROM orders WHERE id IN (${one})`,
    // The row that leads the ranking goes.
    "DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY amount DESC, id LIMIT 2 FOR UPDATE SKIP LOCKED)",
  ]);
}
