import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createGunzip } from 'node:zlib';
import { expect, test } from 'vitest';
import { newId, parseId } from '#proto/ids.ts';
import { decide, policyBundleId } from '#workflows/run/policy.ts';
import { runInput, taskSpec } from './testing/runs.ts';
import { openSteps } from './testing/steps.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const BATCHES = 60;
const EVENTS_PER_BATCH = 400;
/** 24,000 events go in first. */
const TIMEOUT_MS = 120_000;
const MIB = 1_048_576;
/** The log has about 50 MiB; a replay that held it would show. */
const GROWTH_BYTES_MAX = 32 * MIB;

test(
  'the replay of a long run is written in memory that does not grow with it',
  async () => {
    await using steps = await openSteps();
    const { activities, journal, artifacts } = steps;
    const run = runInput({ user_id: newId('user') }, taskSpec());
    const run_id = parseId('run', run.run_id);
    const decision = decide(run.policy, { point: 'create', spec: run.spec });
    await activities.recordRunCreated({ run, decision });
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const events = Array.from({ length: EVENTS_PER_BATCH }, (_, index) => ({
        event_type: 'text.delta',
        payload: {
          item_id: `item-${batch}`,
          delta: `${batch}/${index} ${'lorem ipsum '.repeat(170)}`,
        },
      }));
      await journal.append({ run_id, origin: 'platform', events });
    }
    await activities.finishRun({
      run_id,
      status: 'succeeded',
      reason_class: 'completed',
      reason: 'done',
      policy_bundle_id: policyBundleId(run.policy),
      decisions: [],
      turn_end: null,
      open_turn: null,
      verdict: null,
      patch: null,
    });

    const before = inUse();
    let peak = before;
    const watch = setInterval(() => {
      peak = Math.max(peak, inUse());
    }, 100);
    const { replay } = await activities.deriveRunFiles({ run_id });
    clearInterval(watch);

    const opened = await artifacts.get(replay.sha256);
    if (!opened) throw new Error('the replay is not in the store');
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of opened.stream.compose(createGunzip())) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    expect(bytes).toBeGreaterThan(45 * MIB);
    expect(replay.uri).toBe(`replay_hash:sha256:${hash.digest('hex')}`);
    expect(peak - before).toBeLessThan(GROWTH_BYTES_MAX);
  },
  TIMEOUT_MS,
);

/** What is reachable: without a collection first, garbage would count. */
function inUse(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
