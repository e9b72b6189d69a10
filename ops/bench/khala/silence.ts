import { setTimeout as delay } from 'node:timers/promises';
import { insertRevocations } from '#db/runtime/revocations.ts';
import { transaction } from '#db/transaction.ts';
import { type Measure, median, quantile } from '../measure.ts';
import { seatsOf, startAudience } from './audience/audience.ts';
import { monotonicUs } from './monotonic.ts';
import { sized } from './sizes.ts';
import { createKhalaStage } from './stage.ts';

const NODES = 2;
/** Each ends a socket on each node: a p99 of four hundred is that of four. */
const REVOCATIONS = sized(200, 10);
const SESSIONS_AT_ONCE = 20;
const APPEND_EVERY_MS = 20;
const EVENT_BYTES = 200;
/** What a socket has heard before it is revoked, at least. */
const RECENT_EVENTS = 5;

/** From the order until both nodes have closed the session's sockets, its commit included; a topic that never rests. */
export async function measureSilence(): Promise<Measure> {
  await using stage = await createKhalaStage();
  const nodes = [await stage.startNode(), await stage.startNode()];
  const audience = startAudience();
  const owner = await stage.issuer.newDevice();
  const live = await stage.createTopic(owner.userId);
  let head = await stage.append(live.runId, RECENT_EVENTS, EVENT_BYTES);
  let writing = true;
  const writer = (async () => {
    for (; writing; await delay(APPEND_EVERY_MS)) {
      head = await stage.append(live.runId, 1, EVENT_BYTES);
    }
  })();
  const tookMs: number[] = [];
  try {
    for (let wave = 0; tookMs.length < REVOCATIONS * NODES; wave += 1) {
      const sessions = await Promise.all(
        Array.from({ length: Math.min(SESSIONS_AT_ONCE, REVOCATIONS) }, async (_, index) => {
          const device = { ...(await stage.issuer.newDevice()), userId: owner.userId };
          const groups = nodes.map((_, node) => `${wave}-${index}-${node}`);
          const seats = await seatsOf(stage.issuer, device, [
            [{ ...live, afterSeq: head - RECENT_EVENTS }],
          ]);
          for (const [node, group] of groups.entries()) {
            const url = nodes[node]?.url ?? '';
            await audience.open({ ...seats, ...{ group, url, atOnce: 1 } });
          }
          return { sessionId: device.sessionId, groups };
        }),
      );
      for (const { sessionId, groups } of sessions) {
        const orderedAtUs = monotonicUs();
        await transaction(stage.sql, (tx) =>
          insertRevocations(tx, stage.journal, [{ session_id: sessionId }], 'bench', Date.now()),
        );
        for (const group of groups) {
          for (const ending of await audience.endings(group)) {
            if (ending.framesAfterError > 0) throw new Error('a revoked socket got a frame');
            if (ending.events === 0)
              throw new Error('a socket was revoked before it heard anything');
            tookMs.push((ending.closedAtUs - orderedAtUs) / 1_000);
          }
        }
      }
    }
  } finally {
    writing = false;
    await writer;
    await audience.stop();
    for (const node of nodes) await node.stop();
  }
  return {
    name: `revoke → silence, p99, ${NODES} nodes, and not a frame after`,
    value: quantile(tookMs, 0.99),
    unit: 'ms',
    better: 'lower',
    ...{ goal: 250, stretch: 50 },
    baseline: `absolute, the commit included, ${tookMs.length} sockets; p50 ${median(tookMs).toFixed(1)} ms, worst ${quantile(tookMs, 1).toFixed(1)} ms`,
    samples: { subject_ms: tookMs },
  };
}
