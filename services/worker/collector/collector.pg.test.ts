import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Sql } from '#db/connect.ts';
import { knownArtifacts } from '#db/runtime/artifact-collection.ts';
import { grantArtifact } from '#db/runtime/artifacts.ts';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import { createTestRun } from '#db/testing/runs.ts';
import type { Sha256 } from '#proto/sha256.ts';
import {
  type ArtifactStore,
  createDirectoryStore,
  incomingDirectory,
  shelfDirectory,
} from '../../shared/artifact-store.ts';
import { type CollectedKind, type CollectorOptions, createCollector } from './collector.ts';
import { createOrphanFiles } from './orphan-files.ts';

const HOUR_MS = 3_600_000;
const TWO_HOURS_AGO = new Date(Date.now() - 2 * HOUR_MS);

let database: TestDatabase;
let sql: Sql;
let directory: string;
let store: ArtifactStore;
let runId: string;
let collected: Partial<Record<CollectedKind, number>>;

beforeEach(async () => {
  database = await testDatabase(['runtime']);
  sql = connect({ url: database.runtimeUrl, applicationName: 'collector-test' });
  directory = await mkdtemp(join(tmpdir(), 'oa-collector-'));
  store = createDirectoryStore(directory);
  runId = (await createTestRun(sql)).run_id;
  collected = {};
});
afterEach(async () => {
  await sql.end();
  await database[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

function collectorOf(more: Partial<CollectorOptions> = {}) {
  return createCollector({
    ...{ sql, directory, now: Date.now, graceMs: HOUR_MS, keptMs: null },
    stopping: new AbortController().signal,
    onCollected(kind, count) {
      collected[kind] = (collected[kind] ?? 0) + count;
    },
    ...more,
  });
}

async function put(text: string): Promise<Sha256> {
  async function* content() {
    yield Buffer.from(text);
  }
  const { sha256 } = await store.put(content(), { bytesMax: 1_000 });
  return sha256 as Sha256;
}

function pathOf(sha256: string): string {
  const hex = sha256.slice('sha256:'.length);
  return join(shelfDirectory(directory, hex.slice(0, 2)), hex);
}

const age = (path: string) => utimes(path, TWO_HOURS_AGO, TWO_HOURS_AGO);

const grant = (sha256: Sha256, bytes: number) =>
  grantArtifact(sql, { run_id: runId, sha256, bytes, kind: 'output' });

async function textOf(sha256: string): Promise<string | null> {
  const opened = await store.get(sha256);
  return opened && String(await buffer(opened.stream));
}

test('what a run grants stays, whatever its age; an old file that no row knows goes', async () => {
  const [granted, orphan, young] = [await put('granted'), await put('orphan'), await put('young')];
  await grant(granted, 7);
  await Promise.all([granted, orphan].map((one) => age(pathOf(one))));
  await collectorOf().sweep();
  expect(await textOf(granted)).toBe('granted');
  expect(await textOf(young)).toBe('young');
  expect(await store.has(orphan)).toBe(false);
  expect(collected).toEqual({ orphan_file: 1 });
});

test('an upload that ended without a name goes once it is old', async () => {
  const incoming = incomingDirectory(directory);
  await mkdir(incoming, { recursive: true });
  for (const name of ['dead', 'live']) await writeFile(join(incoming, name), 'half');
  await age(join(incoming, 'dead'));
  await collectorOf().sweep();
  expect(await readdir(incoming)).toEqual(['live']);
  expect(collected).toEqual({ unfinished_upload: 1 });
});

test('an artifact whose grants were taken away goes with its row, after the grace period', async () => {
  const sha256 = await put('of a pruned run');
  await grant(sha256, 15);
  await sql`delete from runtime.artifact_grants`;
  await age(pathOf(sha256));
  await collectorOf().sweep();
  expect(await store.has(sha256)).toBe(true);
  await sql`update runtime.artifacts set created_at = ${TWO_HOURS_AGO}`;
  await collectorOf().sweep();
  expect(await store.has(sha256)).toBe(false);
  expect(await sql`select from runtime.artifacts`).toHaveLength(0);
  expect(collected).toEqual({ ungranted_row: 1, orphan_file: 1 });
});

test('with a time to keep, ended runs lose their artifacts and others do not', async () => {
  const [ended, shared] = [await put('ended'), await put('shared')];
  await grant(ended, 5);
  await grant(shared, 6);
  const endedRun = runId;
  runId = (await createTestRun(sql)).run_id;
  await grant(shared, 6);
  await sql`update runtime.runs set terminal_at = ${TWO_HOURS_AGO} where run_id = ${endedRun}`;
  await sql`update runtime.artifacts set created_at = ${TWO_HOURS_AGO}`;
  await Promise.all([ended, shared].map((one) => age(pathOf(one))));
  await collectorOf({ keptMs: HOUR_MS }).sweep();
  expect(await store.has(ended)).toBe(false);
  expect(await textOf(shared)).toBe('shared');
  expect(collected).toEqual({ released_grant: 2, ungranted_row: 1, orphan_file: 1 });
});

test('what a killed collector left set aside goes back where it is granted or young', async () => {
  const [granted, orphan, young] = [await put('granted'), await put('orphan'), await put('young')];
  await grant(granted, 7);
  await Promise.all([granted, orphan].map((one) => age(pathOf(one))));
  const aside = join(directory, 'collecting');
  await mkdir(aside);
  for (const one of [granted, orphan, young]) {
    await rename(pathOf(one), join(aside, `${one.slice('sha256:'.length)}.left`));
  }
  await collectorOf().sweep();
  expect(await textOf(granted)).toBe('granted');
  expect(await textOf(young)).toBe('young');
  expect(await store.has(orphan)).toBe(false);
  expect(await readdir(aside)).toEqual([]);
});

test('an upload of the same content beside two collectors is never lost', async () => {
  const collectors = [1, 2].map(() =>
    createOrphanFiles({ directory, known: (hexes) => knownArtifacts(sql, hexes) }),
  );
  let removed = 0;
  for (let round = 0; round < 60; round += 1) {
    const text = `content ${round}`;
    const sha256 = await put(text);
    await age(pathOf(sha256));
    const upload = async () => {
      await delay(round % 6);
      await grant(await put(text), text.length);
    };
    const shelf = sha256.slice('sha256:'.length).slice(0, 2);
    const collect = collectors.map(async (one) => {
      removed += (await one.removeFromShelf(shelf, Date.now() - HOUR_MS)).files;
    });
    await Promise.all([upload(), ...collect]);
    expect(await textOf(sha256)).toBe(text);
  }
  expect(removed, 'some were collected before they came again').toBeGreaterThan(0);
}, 60_000);

test('a grant waits for a collector that deletes the row, and has it anew', async () => {
  const sha256 = await put('row');
  await grant(sha256, 3);
  await sql`delete from runtime.artifact_grants`;
  const holder = connect({ url: database.runtimeUrl, applicationName: 'collector-test' });
  let granting: Promise<void> | undefined;
  await holder.begin(async (tx) => {
    await tx`select from runtime.artifacts for update`;
    granting = grant(await put('row'), 3);
    await delay(100);
    await tx`delete from runtime.artifacts`;
  });
  await granting;
  expect(
    await sql`select from runtime.artifacts join runtime.artifact_grants using (sha256)`,
  ).toHaveLength(1);
  await holder.end();
});

test('a collector that is killed in the middle loses nothing, and the next one ends its work', async () => {
  const kept = new Map<Sha256, string>();
  for (let index = 0; index < 300; index += 1) {
    const sha256 = await put(`file ${index}`);
    await age(pathOf(sha256));
    if (index % 10 === 0) {
      await grant(sha256, 8);
      kept.set(sha256, `file ${index}`);
    }
  }
  const program = join(import.meta.dirname, '..', 'testing', 'collector-process.ts');
  let killedInWork = 0;
  for (let kill = 0; kill < 3; kill += 1) {
    const child = spawn(
      process.execPath,
      [program, database.runtimeUrl, directory, String(HOUR_MS)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const [said] = await once(child.stdout, 'data');
    if (String(said).startsWith('ready')) await once(child.stdout, 'data');
    killedInWork += 1;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(killedInWork).toBe(3);
  const left = await filesBelow(directory);
  await collectorOf().sweep();
  expect(left, 'it was in the middle').toBeGreaterThan(kept.size);
  expect(await filesBelow(directory)).toBe(kept.size);
  for (const [sha256, text] of kept) expect(await textOf(sha256)).toBe(text);
}, 120_000);

async function filesBelow(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((one) => one.isFile()).length;
}
