/** One user's client over many lives: it begins somewhere, follows some topics, and ends in order or by a kill. */
import { setTimeout as delay } from 'node:timers/promises';
import type { StartFrom, SyncEvent } from '#clients/khala/types.ts';
import { BUILD_ID, type Device, type Issuer } from '#services/khala/testing/harness.ts';
import type { Random } from '../simulation/random.ts';
import { createLaggingStore } from './lagging-store.ts';
import type { TopicRecord } from './recording.ts';
import { type Apply, createRecordingClient, type FollowedTopic } from './recording-client.ts';
import { headKnownOf, type WrittenTopic } from './written-topic.ts';

export interface ReaderOptions {
  name: string;
  device: Device;
  issuer: Issuer;
  own: readonly WrittenTopic[];
  foreign: readonly WrittenTopic[];
  random: Random;
  nextNode(): { name: string; url: string };
  /** How long the next token takes to be minted. */
  tokenDelayMs(): number;
  onApplied(): void;
}

export interface Reader {
  /** Lives until `ending` resolves; then it stays until it has everything, or the time is over. */
  run(ending: Promise<void>): Promise<void>;
  readonly records: TopicRecord[];
  /** A life was ended by a kill, so often. */
  readonly crashes: number;
}

/** Short enough to be renewed several times in a workload. */
export const TOKEN_LIFE_S = 5;
const LIFE_MS_MIN = 400;
const LIFE_MS_SPREAD = 4_000;
const TOPICS_PER_LIFE_MAX = 5;
const FOREIGN_SHARE = 0.1;
const CRASH_SHARE = 0.4;
const SLOW_SHARE = 0.15;
/** From a cursor a little beyond the head on: that is refused, and never skipped. */
const CURSOR_BEYOND_HEAD = 5;
const COMPLETE_TIMEOUT_MS = 60_000;
const LOOK_MS = 25;

export function createReader(options: ReaderOptions): Reader {
  const { name, device, issuer, random } = options;
  const store = createLaggingStore();
  const records: TopicRecord[] = [];
  let life = 0;
  let crashes = 0;

  function begin(topics: FollowedTopic[]) {
    life += 1;
    const slow = random.chance(SLOW_SHARE);
    const granting = random.chance(0.5);
    const client = createRecordingClient({
      ...{ reader: name, life, topics, store },
      nextNode: options.nextNode,
      onApplied: options.onApplied,
      around: slow ? slowly : undefined,
      proofKey: device.key,
      deviceId: device.deviceId,
      clientBuildId: BUILD_ID,
      // Storms are another test's matter; here time is short.
      random: () => random.below(100) / 1_000,
      async getSyncToken(asked) {
        await delay(options.tokenDelayMs());
        const own = new Set(topics.filter(({ granted }) => granted).map(({ topic }) => topic));
        // Even a token that names a foreign topic opens it to nobody but its owner.
        const granted = granting ? asked : asked.filter((topic) => own.has(topic));
        return {
          token: await issuer.token(device, { topics: granted, lifeS: TOKEN_LIFE_S }),
          expires_at: new Date(Date.now() + TOKEN_LIFE_S * 1_000).toISOString(),
        };
      },
    });
    records.push(...client.records);
    return client;
  }

  function slowly(apply: Apply): (event: SyncEvent) => Promise<void> | void {
    return (event) => {
      if (event.seq % 64n !== 0n) return apply(event);
      return delay(random.below(4)).then(() => apply(event));
    };
  }

  function followed(): FollowedTopic[] {
    const count = 1 + random.below(TOPICS_PER_LIFE_MAX);
    const own = random
      .shuffled(options.own)
      .slice(0, count)
      .map((topic) => ({ topic: topic.topic, granted: true, from: startOf(topic) }));
    if (options.foreign.length === 0 || !random.chance(FOREIGN_SHARE)) return own;
    const { topic } = random.pick(options.foreign);
    return [...own, { topic, granted: false, from: 'beginning' }];
  }

  function startOf(topic: WrittenTopic): StartFrom {
    const draw = random.below(10);
    if (draw < 6) return 'stored';
    if (draw < 8) return 'beginning';
    const seq = random.below(Number(headKnownOf(topic)) + CURSOR_BEYOND_HEAD);
    return { epoch: topic.epoch, seq: BigInt(seq) };
  }

  return {
    records,
    get crashes() {
      return crashes;
    },
    async run(ending) {
      let over = false;
      const end = ending.then(() => {
        over = true;
      });
      for (;;) {
        const client = begin(followed());
        await Promise.race([end, delay(LIFE_MS_MIN + random.below(LIFE_MS_SPREAD))]);
        if (over) {
          const heads = new Map(options.own.map((topic) => [topic.topic as string, topic]));
          await until(() =>
            client.standsAt((topic) => {
              const written = heads.get(topic);
              return written ? headKnownOf(written) : 0n;
            }),
          );
          await client.complete();
          return;
        }
        if (random.chance(CRASH_SHARE)) {
          client.crash((saves) => random.pick(saves));
          crashes += 1;
        } else {
          await client.close();
        }
      }
    },
  };
}

/** A reader that does not get there in time is no error here: its record shows what it lacks. */
async function until(reached: () => boolean): Promise<void> {
  const endMs = Date.now() + COMPLETE_TIMEOUT_MS;
  while (!reached() && Date.now() < endMs) await delay(LOOK_MS);
}
