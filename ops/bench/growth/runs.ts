import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Operator } from '../../testing/operator.ts';

/** The kinds of runs whose growth is measured; each ends as succeeded. */
export interface GrowingRuns {
  idle(): Promise<string>;
  verified(): Promise<string>;
  /** A run whose log gets `LOUD_EVENTS` events of `LOUD_PAYLOAD_BYTES` each. */
  loud(): Promise<string>;
}

export const LOUD_EVENTS = 1_000;
export const LOUD_PAYLOAD_BYTES = 300;

/** As a host sends them: what gathered within its flush interval. */
const BATCH_EVENTS = 50;
/** Twelve runs append 12,000 events meanwhile; two cores need four seconds for it. */
const AGENT_SECONDS = '20';
const POLL_MS = 200;
const POLLS_MAX = 600;

const FIX =
  "sed 's/cents + item.cents, 0/cents + item.cents * item.quantity, 0/' src/basket.js > new && mv new src/basket.js";

export function growingRuns(operator: Operator, repository: string): GrowingRuns {
  async function create(spec: object): Promise<string> {
    const { run_id } = await operator.call<{ run_id: string }>('runtime', 'POST', '/v1/runs', {
      spec: { objective: 'grow', ...spec },
    });
    return run_id;
  }
  const task = (command: string[]) =>
    create({ work_unit: 'agent_task', agent: { driver: 'command', command } });

  async function until(runId: string, done: (run: RunState) => boolean): Promise<void> {
    for (let poll = 0; poll < POLLS_MAX; poll += 1) {
      const { run } = await operator.call<{ run: RunState }>('runtime', 'GET', `/v1/runs/${runId}`);
      if (done(run)) return;
      if (run.status === 'failed') throw new Error(`run ${runId} failed: ${run.terminal_reason}`);
      await delay(POLL_MS);
    }
    throw new Error(`run ${runId} did not come that far`);
  }
  const ended = async (runId: string) => {
    // The replay file is derived after the end, and the bundle with it.
    await until(runId, (run) => run.status === 'succeeded' && Boolean(run.replay));
    return runId;
  };

  return {
    idle: async () => ended(await task(['true'])),
    async verified() {
      return ended(
        await create({
          work_unit: 'verified_patch_bundle',
          repo: { source: repository },
          agent: { driver: 'command', command: ['sh', '-c', FIX] },
          verification: { harness: { commands: ['node --test'] } },
        }),
      );
    },
    async loud() {
      const runId = await task(['sleep', AGENT_SECONDS]);
      await until(runId, (run) => run.phase === 'executing');
      for (let first = 0; first < LOUD_EVENTS; first += BATCH_EVENTS) {
        await operator.call('runtime', 'POST', `/v1/runs/${runId}/events`, {
          events: Array.from({ length: BATCH_EVENTS }, (_, index) => loudEvent(first + index)),
        });
      }
      return ended(runId);
    },
  };
}

interface RunState {
  status: string;
  phase: string;
  terminal_reason: string;
  replay?: object;
}

/** The length of a host's keys: the id of the turn's request and a counter. */
const KEY_PREFIX = `req_${'0'.repeat(24)}`;

function loudEvent(index: number) {
  const payload = { stream: 'stdout', text: '', tool_call_id: 'call-1' };
  const room = LOUD_PAYLOAD_BYTES - JSON.stringify(payload).length;
  return {
    event_type: 'tool.progress',
    payload: { ...payload, text: printed(index, room) },
    idempotency_key: `${KEY_PREFIX}/${index}`,
  };
}

/** What agents print is mostly source and reports, so that is what is measured; it compresses as such text does. */
const PRINTED = readdirSync(join(import.meta.dirname, '..'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(import.meta.dirname, '..', name), 'utf8'))
  .join('')
  .replaceAll(/[^\n -~]/g, '?');

/** A prime, so that no two events of a run begin at the same place. */
const STRIDE = 10_007;

/** A piece of that text whose JSON form has the wanted length. */
function printed(offset: number, jsonCharacters: number): string {
  const from = (offset * STRIDE) % (PRINTED.length - jsonCharacters);
  let text = PRINTED.slice(from, from + jsonCharacters);
  const excess = () => JSON.stringify(text).length - 2 - jsonCharacters;
  while (excess() > 0) text = text.slice(0, -excess());
  return text + '.'.repeat(-excess());
}
