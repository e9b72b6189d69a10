/** The bad days of a workload. Each leaves every part running again, and each is counted where it happened. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../simulation/random.ts';
import { moveFloor } from './move-floor.ts';
import type { Stage } from './stage.ts';
import type { WrittenTopic } from './written-topic.ts';

export interface Disturbed {
  stage: Stage;
  topics: readonly WrittenTopic[];
  random: Random;
  /** The next tokens come after the old ones have expired. */
  delayTokens(count: number): void;
}

export const DISTURBANCES = {
  async node_killed({ stage, random }) {
    await random.pick(stage.nodes).restart('SIGKILL', random.below(400));
  },
  async node_drained({ stage, random }) {
    await random.pick(stage.nodes).restart('SIGTERM', random.below(200));
  },
  async postgres_restarted({ stage }) {
    await stage.restartPostgres('fast');
  },
  async postgres_crashed({ stage }) {
    await stage.restartPostgres('crash');
  },
  async lines_cut({ stage, random }) {
    random.pick(stage.nodes).line.cut();
  },
  async lines_half_open({ stage, random }) {
    random.pick(stage.nodes).line.silence();
  },
  async lines_frozen({ stage, random }) {
    const { line } = random.pick(stage.nodes);
    line.freeze();
    await delay(200 + random.below(800));
    line.thaw();
  },
  async database_line_cut({ stage, random }) {
    random.pick(stage.nodes).databaseLine.cut();
  },
  async database_line_frozen({ stage, random }) {
    const { databaseLine } = random.pick(stage.nodes);
    databaseLine.freeze();
    await delay(200 + random.below(1_000));
    databaseLine.thaw();
  },
  async hints_lost({ stage, random }) {
    stage.hinting = false;
    await delay(300 + random.below(900));
    stage.hinting = true;
  },
  async hints_forged({ stage, random }) {
    for (let forged = 0; forged < FORGED_HINTS; forged += 1) {
      await stage.owner`select pg_notify('khala_hint', ${forgedPayload(random)})`;
    }
  },
  async floor_moved({ stage, topics, random }) {
    for (const topic of random.shuffled(topics).slice(0, FLOORS_AT_ONCE)) {
      await moveFloor(stage, topic, random.below(400));
    }
  },
  async tokens_late({ delayTokens, random }) {
    delayTokens(4 + random.below(8));
  },
} satisfies Record<string, (disturbed: Disturbed) => Promise<void>>;

export type DisturbanceName = keyof typeof DISTURBANCES;

const FORGED_HINTS = 40;
const FLOORS_AT_ONCE = 6;

function forgedPayload(random: Random): string {
  const number = () => random.below(200);
  return random.pick([
    `${number()}:${number() * 1_000_000}`,
    `${number()}:9223372036854775807`,
    `${number()}:0,${number()}:1,${number()}:2`,
    '99999999999999999999:1',
    'no hint at all',
    '',
  ]);
}
