import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DEPLOYMENTS, rowOf } from './deployments.ts';
import { type Deployment, listenServesUpToNodes, size } from './model.ts';

const LARGEST: Deployment = {
  sockets: 10_000_000,
  nodes: 1_000,
  topics: 4_000_000,
  topicsPerSocket: 3,
  writers: 50,
  hintsPerWriterMax: 1_000,
  appendsPerSecond: 20_000,
  eventsPerAppend: 2,
};

test('sockets and deliveries divide by nodes; hints multiply by them', () => {
  const half = size({ ...LARGEST, nodes: 500 });
  const whole = size(LARGEST);
  expect(whole.socketsPerNode).toBe(half.socketsPerNode / 2);
  expect(whole.deliveriesPerSecond).toBe(half.deliveriesPerSecond);
  expect(whole.deliveriesPerSecondAndNode).toBe(half.deliveriesPerSecondAndNode / 2);
  expect(whole.hintFanOutPerSecond).toBe(2 * half.hintFanOutPerSecond);
  expect(whole.postgresConnections).toBe(4_000);
});

test('a topic that everyone follows is read once per node, one that few follow about once in all', () => {
  const shared = size({ ...LARGEST, topics: 10 });
  expect(shared.topicsOfInterestPerNode).toBeCloseTo(10);
  expect(shared.rowsReadPerSecond).toBeCloseTo(40_000 * 1_000);
  const apart = size({ ...LARGEST, topics: 30_000_000 });
  expect(apart.rowsReadPerSecond / 40_000).toBeLessThan(1);
});

test('a writer gathers hints: beyond its rate they carry more topics instead of being more', () => {
  expect(size({ ...LARGEST, writers: 2 }).hintsPerSecond).toBe(2_000);
  expect(size({ ...LARGEST, hintsPerWriterMax: 20 }).coresPerNode).toBeLessThan(1);
  expect(size(LARGEST).coresPerNode).toBeGreaterThan(1);
  expect(size({ ...LARGEST, appendsPerSecond: 100 }).hintsPerSecond).toBe(100);
});

test('NATS takes over where LISTEN would need more than its share of the database', () => {
  const nodes = listenServesUpToNodes(200);
  const at = (count: number) =>
    size({ ...LARGEST, appendsPerSecond: 200, nodes: count }).hintDriver;
  expect([at(nodes), at(nodes + 1)]).toEqual(['postgres', 'nats']);
});

test('the document shows what the model says', () => {
  const document = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'sizing.md'), 'utf8');
  for (const deployment of DEPLOYMENTS) expect(document).toContain(rowOf(deployment));
});
