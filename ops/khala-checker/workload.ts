/**
 * A seeded random workload against real nodes and a real Postgres: writers on many topics, readers with random cursors
 * and lives, and bad days for everything between them. Then the checker has the word. The seed fixes what is drawn;
 * how the processes interleave is the machine's.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { randomOf, seedOf } from '../simulation/random.ts';
import { check } from './check.ts';
import { DISTURBANCES, type DisturbanceName } from './disturbances.ts';
import { readTruth } from './read-truth.ts';
import { createReader, type Reader, TOKEN_LIFE_S } from './reader.ts';
import { deliveriesOf, movesOf, staleReasonsOf } from './recording.ts';
import { createStage } from './stage.ts';
import { countByClass, type FaultClass, type Violation } from './violation.ts';
import { createRunTopic, createWorkerTopic, type WrittenTopic } from './written-topic.ts';

export interface WorkloadOptions {
  seed: number;
  /** It goes on until so many were recorded and every disturbance has happened. */
  deliveries: number;
  nodes: number;
  users?: number;
  topicsPerUser?: number;
  readersPerUser?: number;
  /** Disturbances in their order; default: all, shuffled by the seed. */
  disturbances?: readonly DisturbanceName[];
  /** Told what happens, for whoever watches. */
  say?(line: string): void;
}

export interface WorkloadOutcome {
  seed: number;
  deliveries: number;
  events: number;
  topics: number;
  readers: number;
  lives: number;
  /** Lives that ended by a kill, and sockets that were opened to another node than the one before. */
  crashes: number;
  moves: number;
  /** Answers of SNAPSHOT_REQUIRED, by reason. */
  stale: Record<string, number>;
  elapsedMs: number;
  disturbances: Partial<Record<DisturbanceName, number>>;
  byClass: Record<FaultClass, number>;
  violations: Violation[];
}

const WRITERS = 3;
const EVENTS_PER_APPEND_MAX = 24;
const WRITER_PAUSE_MS = 12;
/** Enough is there, and the last bad days still find something under way. */
const WRITER_IDLE_PAUSE_MS = 60;
const LARGE_PAYLOAD_SHARE = 0.01;
const LARGE_PAYLOAD_BYTES = 16_384;
const PAYLOAD_BYTES_SPREAD = 160;
const CALM_MS = 250;
const CALM_SPREAD_MS = 500;

export async function runWorkload(options: WorkloadOptions): Promise<WorkloadOutcome> {
  const { seed, users = 2, topicsPerUser = 8, readersPerUser = 14 } = options;
  const startedMs = performance.now();
  // What is lost with the machine is no matter here, and Postgres is only ever killed as a process.
  await using stage = await createStage({ nodes: options.nodes, postgres: { fsync: 'off' } });
  const random = randomOf(seed);
  let applied = 0;
  let lateTokens = 0;

  const people = await Promise.all(Array.from({ length: users }, () => stage.issuer.newDevice()));
  const topicsOf = await Promise.all(
    people.map(({ userId }) =>
      Promise.all(
        Array.from({ length: topicsPerUser }, (_, index) =>
          index % 2 === 0 ? createRunTopic(stage, userId) : createWorkerTopic(stage, userId),
        ),
      ),
    ),
  );
  const topics = topicsOf.flat();

  const readers: Reader[] = people.flatMap((device, person) =>
    Array.from({ length: readersPerUser }, (_, index) => {
      const own = randomOf(seedOf(seed, person * readersPerUser + index));
      return createReader({
        name: `user-${person + 1}-reader-${index + 1}`,
        ...{ device, issuer: stage.issuer, random: own },
        own: topicsOf[person] ?? [],
        foreign: topicsOf[(person + 1) % users] ?? [],
        nextNode() {
          const { name, line } = own.pick(stage.nodes);
          return { name, url: `ws://127.0.0.1:${line.port}/v1/sync` };
        },
        tokenDelayMs() {
          if (lateTokens === 0) return 0;
          lateTokens -= 1;
          return TOKEN_LIFE_S * 1_000;
        },
        onApplied() {
          applied += 1;
        },
      });
    }),
  );

  const ending = Promise.withResolvers<void>();
  const reading = readers.map((reader) => reader.run(ending.promise));
  let writing = true;
  const writers = Array.from({ length: WRITERS }, (_, index) =>
    write(topics, randomOf(seedOf(seed, 1_000 + index)), {
      wanted: () => writing,
      pauseMs: () => (applied < options.deliveries ? WRITER_PAUSE_MS : WRITER_IDLE_PAUSE_MS),
    }),
  );

  const disturbances: WorkloadOutcome['disturbances'] = {};
  const deck = options.disturbances ?? random.shuffled(namesOfDisturbances());
  for (let turn = 0; turn < deck.length || applied < options.deliveries; turn += 1) {
    await delay(CALM_MS + random.below(CALM_SPREAD_MS));
    const name = deck[turn % deck.length];
    if (!name) continue;
    const disturbed = {
      stage,
      topics,
      random,
      delayTokens: (count: number) => {
        lateTokens = count;
      },
    };
    await DISTURBANCES[name](disturbed);
    disturbances[name] = (disturbances[name] ?? 0) + 1;
    options.say?.(`${name}, ${applied} deliveries`);
  }

  writing = false;
  await Promise.all(writers);
  lateTokens = 0;
  ending.resolve();
  await Promise.all(reading);

  const records = readers.flatMap((reader) => reader.records);
  const violations = check(records, await readTruth(stage.owner, topics));
  return {
    seed,
    deliveries: deliveriesOf(records),
    events: topics.reduce(
      (sum, { acknowledged }) => sum + Number(acknowledged.at(-1)?.headSeq ?? 0n),
      0,
    ),
    topics: topics.length,
    readers: readers.length,
    lives: records.length,
    crashes: readers.reduce((sum, reader) => sum + reader.crashes, 0),
    moves: records.reduce((sum, { entries }) => sum + movesOf(entries), 0),
    stale: staleReasonsOf(records),
    elapsedMs: performance.now() - startedMs,
    disturbances,
    byClass: countByClass(violations),
    violations,
  };
}

// The keys of a constant record are its names.
const namesOfDisturbances = () => Object.keys(DISTURBANCES) as DisturbanceName[];

async function write(
  topics: readonly WrittenTopic[],
  random: ReturnType<typeof randomOf>,
  pace: { wanted(): boolean; pauseMs(): number },
): Promise<void> {
  while (pace.wanted()) {
    const large = random.chance(LARGE_PAYLOAD_SHARE);
    const bytes = large ? LARGE_PAYLOAD_BYTES : random.below(PAYLOAD_BYTES_SPREAD);
    // A failed append may have been stored all the same; the journal says which, and the checker asks it.
    await random
      .pick(topics)
      .append(1 + random.below(EVENTS_PER_APPEND_MAX), bytes)
      .catch(() => delay(100));
    await delay(random.below(2 * pace.pauseMs()));
  }
}
