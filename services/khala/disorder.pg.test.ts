/** A seeded storm of everything that goes wrong on an ordinary bad day; what is applied stays dense. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemoryStore } from '#clients/khala/memory-store.ts';
import type { KhalaClient } from '#clients/khala/types.ts';
import { createFollower, type Follower } from './testing/follow.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  type RunningNode,
  startNode,
} from './testing/harness.ts';
import { startTcpProxy, type TcpProxy } from './testing/tcp-proxy.ts';

const STEPS = 300;
const RUNS = 4;
const READERS = 3;

let authority: Authority;
let issuer: Issuer;
let device: Device;
let nodes: RunningNode[];
let lines: TcpProxy[];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  const start = () => startNode(issuer, authority.database.khalaUrl, { safetyPollMs: 100 });
  nodes = await Promise.all([start(), start()]);
  lines = await Promise.all(nodes.map(({ port }) => startTcpProxy({ host: '127.0.0.1', port })));
});

afterAll(async () => {
  await Promise.all(lines?.map((line) => line.close()) ?? []);
  await Promise.all(nodes?.map((node) => node.stop()) ?? []);
  await authority?.[Symbol.asyncDispose]();
});

/** Mulberry32: small, seeded, good enough to choose calamities. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const SEEDS = [Number(process.env['OA_SEED'] ?? Date.now() % 1_000_000), 20_261_121];

test.each(SEEDS)('seed %i', { timeout: 60_000 }, async (seed) => {
  const random = randomOf(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const runs = await Promise.all(Array.from({ length: RUNS }, () => authority.newRun(device)));
  const heads = new Map(runs.map(({ topic }) => [topic, 0n]));
  const fired = { cut: 0, backend: 0, hint: 0, left: 0, node: 0 };

  // A reader outlives its client: the store and the record stay, the socket and even the node change.
  const readers = Array.from({ length: READERS }, () => ({
    store: createMemoryStore(),
    life: undefined as { follower: Follower; client: KhalaClient } | undefined,
    applied: [] as { topic: string; epoch: string; seq: bigint }[],
  }));
  function begin(reader: (typeof readers)[number], line: TcpProxy): void {
    const url = `ws://127.0.0.1:${line.port}/v1/sync`;
    const follower = createFollower(issuer, device, url, { store: reader.store, random });
    for (const { topic } of runs) {
      follower.follow(topic, { onEvent: (event) => void reader.applied.push(event) });
    }
    reader.life = { follower, client: follower.client };
  }
  const lineAt = (index: number) => {
    const line = lines[index % lines.length];
    if (!line) throw new Error('two nodes, two lines');
    return line;
  };
  readers.forEach((reader, index) => {
    begin(reader, lineAt(index));
  });

  for (let step = 0; step < STEPS; step += 1) {
    const run = runs[below(RUNS)];
    const reader = readers[below(READERS)];
    if (!run || !reader) continue;
    switch (below(12)) {
      case 0:
        fired.cut += 1;
        lineAt(below(2)).cut();
        break;
      case 1:
        fired.backend += 1;
        await authority.database.owner`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name like 'oa-khala%'`;
        break;
      case 2:
        fired.hint += 1;
        await authority.database.owner`
          select pg_notify('khala_hint', ${`${below(50)}:${below(100_000)},x,1:`})`;
        break;
      case 3:
        authority.hinting = random() < 0.5;
        break;
      case 4:
        fired.left += 1;
        await reader.life?.client.close();
        begin(reader, lineAt(below(2)));
        break;
      default:
        heads.set(run.topic, await authority.append(run.runId, 1 + below(30)));
    }
    if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, below(25)));
  }
  authority.hinting = true;

  for (const reader of readers) {
    for (const [topic, head] of heads) {
      const seqs = () => reader.applied.filter((event) => event.topic === topic);
      await expect
        .poll(() => seqs().at(-1)?.seq ?? 0n, { timeout: 20_000, message: `seed ${seed}` })
        .toBe(head);
      const applied = seqs().map(({ seq }) => seq);
      const expected = Array.from({ length: Number(head) }, (_, index) => BigInt(index + 1));
      expect(applied, `seed ${seed}`).toEqual(expected);
    }
    await reader.life?.client.close();
    expect(reader.life?.follower.client.state.name).toBe('idle');
  }
  // The faults fired.
  expect(
    Math.min(fired.cut, fired.backend, fired.hint, fired.left),
    `seed ${seed}`,
  ).toBeGreaterThan(0);
});
