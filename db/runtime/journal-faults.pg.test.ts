import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { verifyChain } from '#proto/event-chain.ts';
import { type PostgresServer, startPostgres } from '../../ops/dev/embedded-postgres.ts';
import { freePort } from '../../ops/dev/free-port.ts';
import { connect } from '../connect.ts';
import { migrate } from '../migrate.ts';
import { databaseUrl, TEST_PASSWORDS, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { createJournal } from './journal.ts';
import { type StoredRunEvent, streamRunEvents } from './run-events.ts';
import type { StepDraft, StepResult } from './step.ts';

const WRITERS = 16;
const KILLS = 3;
const APPENDING_MS = 400;

function delta(run_id: StepDraft['run_id'], key: string): StepDraft {
  const event = { event_type: 'text.delta', payload: { delta: key }, idempotency_key: key };
  return { run_id, origin: 'platform', events: [event] };
}

async function restarted(start: () => Promise<PostgresServer>): Promise<PostgresServer> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await start();
    } catch (error) {
      // Backends that outlive their postmaster for a moment still hold its shared memory.
      if (attempts === 50) throw error;
      await delay(100);
    }
  }
}

test('Postgres killed in the middle of batches: nothing acknowledged is missing, no gap, the chain holds', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'oa-crash-postgres-'));
  await chmod(directory, 0o755);
  const port = await freePort();
  // The one test whose subject is durability: fsync stays on.
  const start = () => startPostgres({ directory: join(directory, 'data'), port });
  let server = await start();
  await migrate('runtime', server.url, { passwords: TEST_PASSWORDS });
  const url = databaseUrl(server.url, 'postgres', 'oa_runtime');
  const sql = connect({ url, max: 4, applicationName: 'oa-crash-test' });
  try {
    const runs = await Promise.all(Array.from({ length: 8 }, () => createTestRun(sql)));
    const acknowledged: { run_id: string; result: StepResult }[] = [];
    let refused = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const journal = createJournal({ sql, hint: () => {} });
      let alive = true;
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        for (let number = 0; alive; number += 1) {
          const run_id = runs[(writer + number) % (number % 2 === 0 ? 1 : runs.length)]?.run_id;
          if (run_id === undefined) throw new RangeError('no such run');
          await journal.append(delta(run_id, `${kill}/${writer}/${number}`)).then(
            (result) => acknowledged.push({ run_id, result }),
            () => {
              refused += 1;
              alive = false;
            },
          );
        }
      });
      await delay(APPENDING_MS);
      process.kill(server.pid, 'SIGKILL');
      await Promise.all(writers);
      server = await restarted(start);
    }
    expect(refused).toBeGreaterThanOrEqual(KILLS);
    expect(acknowledged.length).toBeGreaterThan(WRITERS * KILLS);
    for (const { run_id } of runs) {
      const log: (StoredRunEvent & { run_id: string })[] = [];
      for await (const event of streamRunEvents(sql, run_id)) log.push({ ...event, run_id });
      expect(verifyChain(log)).toMatchObject({ ok: true, head_seq: BigInt(log.length) });
      const hashes = new Map(log.map((event) => [event.seq, event.event_hash]));
      const lost = acknowledged
        .filter((one) => one.run_id === run_id)
        .flatMap((one) => one.result.events)
        .filter((event) => hashes.get(event.seq) !== event.event_hash);
      expect(lost).toEqual([]);
    }
  } finally {
    await sql.end({ timeout: 1 });
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
});

test('a connection cut between commit and answer: the same step again is a replay', async () => {
  await using database = await testDatabase(['runtime']);
  const { run_id } = await createTestRun(database.runtime);
  const target = new URL(database.runtimeUrl);
  let swallow = false;
  let swallowed = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connectSocket(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => [client, upstream].map((one) => one.destroy()));
    }
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      if (!swallow) return void client.write(chunk);
      swallowed += 1;
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const url = new URL(target);
  url.port = String(address.port);
  const sql = connect({ url: url.href, max: 1, applicationName: 'oa-cut-test' });
  const journal = createJournal({ sql, hint: () => {} });
  try {
    await journal.append(delta(run_id, 'before'));
    swallow = true;
    const cut = journal.append(delta(run_id, 'cut'));
    await expect(cut).rejects.toMatchObject({ code: 'service_unavailable', retryable: true });
    expect(swallowed).toBe(1);
    swallow = false;
    const again = await journal.append(delta(run_id, 'cut'));
    expect(again).toMatchObject({ head_seq: 2n, events: [{ seq: 2n, replayed: true }] });
  } finally {
    await sql.end({ timeout: 1 });
    for (const socket of sockets) socket.destroy();
    proxy.close();
  }
});
