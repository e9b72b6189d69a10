/**
 * Events of a run on their way from an agent host to the log: the host is killed in the middle of a line, answers of the
 * platform are lost, batches are sent again.
 *
 * 1. The log holds every event that was not shed, once, in the order in which they were written.
 * 2. An event keeps its key for ever: the log never sees one key with two events.
 * 3. Nothing that decides something is shed.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { Spool, type SpooledEvent } from '#clients/agent-host/spool.ts';
import type { Random } from '../random.ts';
import { must, mustEqual, type World } from '../world.ts';
import { scratch } from './scratch.ts';

export interface SpoolParts {
  open: typeof Spool.open;
}

const STEPS_MAX = 30;
/** So small that some histories reach them. */
const LIMITS = { waitingBytesMax: 1_500, fileBytesMax: 6_000 };

export function spoolWorld(parts: SpoolParts = { open: Spool.open }): World {
  return { name: 'spool', share: 2, play: (random) => play(parts, random) };
}

async function play({ open }: SpoolParts, random: Random): Promise<void> {
  using directory = scratch();
  const path = join(directory.path, 'events.ndjson');
  const written: string[] = [];
  const log = new Map<string, string>();
  let spool = await open(path, 'turn', LIMITS);
  for (let step = random.below(STEPS_MAX); step > 0; step -= 1) {
    switch (random.below(4)) {
      case 0:
      case 1: {
        const sheddable = random.chance(0.6);
        const text = `${step} ${'x'.repeat(random.below(300))}`;
        const isKept = await spool.append({
          event_type: 'tool.progress',
          payload: { text },
          sheddable,
        });
        must(isKept || sheddable, 'nothing that decides something is shed');
        if (isKept) written.push(text);
        break;
      }
      case 2:
        await send(spool, log, random);
        break;
      default:
        if (!random.chance(0.4)) break;
        // Killed, perhaps while a line was being written, which was never acknowledged to the agent.
        await spool.close();
        if (random.chance(0.5)) appendFileSync(path, '{"event_type":"tool.pro');
        spool = await open(path, 'turn', LIMITS);
    }
  }
  while (spool.waiting > 0) await send(spool, log, random);
  await spool.close();
  mustEqual([...log.values()], written, 'the log holds what was written, once and in order');
}

/** One batch, of which the platform takes all or nothing; whether its answer arrives is another matter. */
async function send(spool: Spool, log: Map<string, string>, random: Random): Promise<void> {
  const batch = await spool.peek(1 + random.below(6), 1 + random.below(1_000));
  if (random.chance(0.2)) return;
  for (const event of batch) take(log, event);
  if (!random.chance(0.2)) await spool.acknowledge(batch.length);
}

function take(log: Map<string, string>, { idempotency_key, payload }: SpooledEvent): void {
  const text = String(payload['text']);
  const known = log.get(idempotency_key);
  must(known === undefined || known === text, 'a key stands for one event', { known, text });
  log.set(idempotency_key, text);
}
