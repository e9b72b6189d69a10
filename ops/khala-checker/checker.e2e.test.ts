/** Recorded deliveries of real clients from real nodes on bad days, judged by the checker; and faults that it must find. */
import { expect, test } from 'vitest';
import { BUILD_ID } from '#services/khala/testing/harness.ts';
import { check } from './check.ts';
import { DISTURBANCES } from './disturbances.ts';
import { createLaggingStore } from './lagging-store.ts';
import { PLANTS } from './plants.ts';
import { readTruth } from './read-truth.ts';
import { createRecordingClient } from './recording-client.ts';
import { createStage } from './stage.ts';
import { FAULT_CLASSES } from './violation.ts';
import { runWorkload } from './workload.ts';
import { createRunTopic, headKnownOf } from './written-topic.ts';

const DELIVERIES = 200_000;
const EVENTS = 20;

test('two nodes, every kind of bad day: each event comes once, in order, to everyone who may see it', {
  timeout: 600_000,
}, async () => {
  const outcome = await runWorkload({ seed: 1, deliveries: DELIVERIES, nodes: 2 });
  expect(outcome.violations.slice(0, 10)).toEqual([]);
  expect(outcome.deliveries).toBeGreaterThanOrEqual(DELIVERIES);
  expect(Object.keys(outcome.disturbances).sort()).toEqual(Object.keys(DISTURBANCES).sort());
  expect(outcome.crashes).toBeGreaterThan(0);
  // Retention did overtake readers, and cursors past the head were tried.
  expect(outcome.stale).toMatchObject({
    retention_expired: expect.any(Number),
    cursor_ahead: expect.any(Number),
  });
});

test('three nodes: clients that are thrown from one to the other lose nothing', {
  timeout: 300_000,
}, async () => {
  const outcome = await runWorkload({
    ...{ seed: 2, deliveries: 20_000, nodes: 3, readersPerUser: 8 },
    disturbances: ['lines_cut', 'node_killed', 'lines_cut', 'node_drained', 'lines_cut'],
  });
  expect(outcome.violations.slice(0, 10)).toEqual([]);
  expect(outcome.disturbances).toMatchObject({ lines_cut: 3, node_killed: 1, node_drained: 1 });
  expect(outcome.moves).toBeGreaterThan(10);
});

test('a fault of each class, planted in a client or in what a node says, is found', {
  timeout: 300_000,
}, async () => {
  await using stage = await createStage({ nodes: 1, postgres: { fsync: 'off' } });
  const device = await stage.issuer.newDevice();
  const written = await createRunTopic(stage, device.userId);
  await written.append(EVENTS, 20);
  const line = stage.nodes[0]?.line;
  const clients = FAULT_CLASSES.map((fault) =>
    createRecordingClient({
      ...{ reader: fault, life: 1, store: createLaggingStore(), ...PLANTS[fault]() },
      topics: [{ topic: written.topic, granted: true, from: 'beginning' }],
      ...{ proofKey: device.key, deviceId: device.deviceId, clientBuildId: BUILD_ID },
      nextNode: () => ({ name: 'node', url: `ws://127.0.0.1:${line?.port}/v1/sync` }),
      getSyncToken: async (topics) => ({
        token: await stage.issuer.token(device, { topics }),
        expires_at: '',
      }),
      onApplied() {},
    }),
  );
  for (const client of clients) {
    const { reader } = client.records[0] ?? {};
    // These two are told that there is nothing to come.
    const head = reader === 'hidden_gap' ? 0n : headKnownOf(written);
    await expect.poll(() => client.standsAt(() => head), { timeout: 60_000 }).toBe(true);
  }
  await expect
    .poll(
      () =>
        clients
          .flatMap(({ records }) => records[0]?.entries ?? [])
          .filter(({ type }) => type === 'caught_up').length,
      { timeout: 60_000 },
    )
    .toBeGreaterThanOrEqual(FAULT_CLASSES.length);
  for (const client of clients) await client.complete();

  const violations = check(
    clients.flatMap(({ records }) => records),
    await readTruth(stage.owner, [written]),
  );
  const foundBy = (reader: string) =>
    violations.filter((found) => found.reader === reader).map(({ fault }) => fault);
  for (const fault of FAULT_CLASSES) expect(foundBy(fault), fault).toContain(fault);
});
