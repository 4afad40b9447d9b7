import { now, random, sleep } from "@freshet/base";
import type { Bench } from "../bench.ts";
import { markerQuery } from "../data/tables.ts";
import { BareConsumer } from "../load/bare-consumer.ts";
import { ValueReader } from "../load/value-reader.ts";
import { type Distribution, distribution } from "../statistics.ts";

/** Milliseconds from the moment at which the writer knew that it had committed; that may be after others knew. */
export interface LatencyResult {
  /** Until a reader saw the change in the cache. */
  readonly visible: Distribution;
  /** Until a consumer that does nothing got the commit from its walsender. */
  readonly walsender: Distribution;
  /** The difference, commit by commit: what Freshet adds. */
  readonly added: Distribution;
}

const PUBLICATION = "bench_bare";
/** The reader's own round trips and the first commits' warm-up are no part of an idle system's latency. */
const WARM_UP_COMMITS = 20;

/** One commit at a time on a system that is idle otherwise. */
export async function measureLatency(bench: Bench, nextMarker: () => number): Promise<LatencyResult> {
  const { upstream, freshet, options } = bench;
  const commits = options.quick ? 50 : 500;
  bench.log(`changes: latency of ${commits} commits ...`);
  await upstream.sql.run(`CREATE PUBLICATION ${PUBLICATION} FOR TABLE bench_marker`);
  const bare = await BareConsumer.open(upstream, PUBLICATION);
  const reader = await ValueReader.open(freshet);
  const writer = await ValueReader.open(upstream);
  try {
    await bench.expectHit(markerQuery);
    return await bench.withoutMisses("marker", async () => {
      const samples = await takeSamples({ bare, reader, writer }, nextMarker, WARM_UP_COMMITS + commits);
      return summary(samples.slice(WARM_UP_COMMITS));
    });
  } finally {
    for (const connection of [bare, reader, writer]) connection.close();
    await upstream.sql.run(`DROP PUBLICATION ${PUBLICATION}`);
  }
}

interface Connections {
  readonly bare: BareConsumer;
  readonly reader: ValueReader;
  readonly writer: ValueReader;
}

/** Milliseconds from the writer's answer. */
interface Sample {
  readonly visible: number;
  readonly walsender: number;
}

async function takeSamples(
  { bare, reader, writer }: Connections,
  nextMarker: () => number,
  commits: number,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  while (samples.length < commits) {
    await sleep(5 + random() * 20);
    const marker = nextMarker();
    const received = bare.nextCommit();
    const written = writer.query(`UPDATE bench_marker SET value = ${marker} WHERE id = 1`).then(() => now());
    const seen = reader.until(markerQuery, marker);
    const [committed, walsender, visible] = await Promise.all([written, received, seen]);
    samples.push({ visible: visible - committed, walsender: walsender - committed });
  }
  return samples;
}

function summary(samples: readonly Sample[]): LatencyResult {
  return {
    visible: distribution(samples.map(({ visible }) => visible)),
    walsender: distribution(samples.map(({ walsender }) => walsender)),
    added: distribution(samples.map(({ visible, walsender }) => visible - walsender)),
  };
}
