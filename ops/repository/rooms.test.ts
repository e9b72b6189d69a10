import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, sourceFiles } from './layers.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const code = sourceFiles(ROOT).filter((file) => !/\.test\.ts$|(^|\/)testing\//.test(file));
const imports = code.flatMap((file) => importsOf(ROOT, file));

const PROCESSES = ['control', 'runtime', 'khala', 'worker', 'verifier'];

function processOf(path = ''): string | undefined {
  const [layer, room] = path.split('/');
  return layer === 'services' && room && PROCESSES.includes(room) ? room : undefined;
}

test('no process imports the code of another', () => {
  const seen = new Set(imports.map(({ file }) => processOf(file)));
  expect(PROCESSES.filter((name) => !seen.has(name))).toEqual([]);
  const coupled = imports.filter(({ file, target }) => {
    const [from, to] = [processOf(file), processOf(target)];
    return from && to && from !== to;
  });
  expect(coupled).toEqual([]);
});

/** What a process may know of the runtime's plane beside the runtime and its worker: how to be woken and how to read. */
const READS = [
  'db/runtime/hint.ts',
  'db/runtime/hint-hub.ts',
  'db/runtime/hint-payload.ts',
  'db/runtime/revocation-read.ts',
  'db/runtime/snapshot-read.ts',
  'db/runtime/sync-drift.ts',
  'db/runtime/sync-read.ts',
];

/** Folds of a log, which touch no table; the simulation puts them through more than a database could. */
const FOLDS = ['db/runtime/run-projection.ts'];

test('only the runtime, its worker and the activities import what writes the runtime plane', () => {
  const plane = imports.filter(({ target }) => target?.startsWith('db/runtime/'));
  const writers = [
    'db/',
    'activities/',
    'services/runtime/',
    'services/worker/',
    'ops/bench/',
    'ops/khala-checker/',
    'ops/khala-conformance/',
    'ops/new-lineage.ts',
  ];
  const others = plane.filter(({ file }) => !writers.some((room) => file.startsWith(room)));
  expect(others.length).toBeGreaterThan(0);
  const harmless = [...READS, ...FOLDS];
  expect(others.filter(({ target = '' }) => !harmless.includes(target))).toEqual([]);
});

/** The naive form that the bench compares Khala with. */
const BARE_SERVER = 'ops/bench/khala/floors/bare-server-process.ts';

test('nothing but Khala speaks to a client live', () => {
  const live = /text\/event-stream|\bEventSource\b|\.on\('upgrade'|new WebSocketServer/;
  const speakers = code.filter((file) => live.test(readFileSync(join(ROOT, file), 'utf8')));
  expect(speakers.length).toBeGreaterThan(0);
  const others = speakers.filter((file) => !file.startsWith('services/khala/'));
  expect(others).toEqual([BARE_SERVER]);
});
