import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { enforceable, ISOLATION_FLAGS } from './flags.ts';
import type { Machine } from './machine.ts';

const ADR = join(import.meta.dirname, '..', '..', '..', 'docs', 'adr', '0003-harness-isolation.md');

const machine: Machine = {
  bwrap: '/usr/bin/bwrap',
  bwrapVersion: '0.8.0',
  prlimit: '/usr/bin/prlimit',
  identity: { kind: 'user_namespace' },
  disablesUserNamespaces: true,
  architecture: 'x64',
  cgroups: null,
  memoryBytes: 2 ** 34,
};
const namesOf = (flags: readonly { name: string }[]) => flags.map(({ name }) => name);

it('is the table of the decision record, row by row', () => {
  const rows = readFileSync(ADR, 'utf8').match(/^\| `\w+` \| .+ \|$/gm) ?? [];
  expect(rows.map((row) => row.split(' | ').slice(0, 2).join(' | '))).toEqual(
    ISOLATION_FLAGS.map(({ name, guards }) => `| \`${name}\` | ${guards}`),
  );
});

it('names what a machine without control groups cannot enforce', () => {
  const { enforced, unenforced } = enforceable(ISOLATION_FLAGS, machine);
  expect(namesOf(unenforced)).toEqual(['memory_total', 'pids_total']);
  expect(namesOf(enforced)).toContain('processes_per_uid');
});

it('names what an unknown architecture and a bare system cannot enforce', () => {
  const bare: Machine = {
    ...machine,
    prlimit: null,
    architecture: 'riscv64',
    disablesUserNamespaces: false,
  };
  expect(namesOf(enforceable(ISOLATION_FLAGS, bare).unenforced)).toEqual([
    'no_user_namespaces',
    'system_calls',
    'memory_total',
    'pids_total',
    'processes_per_uid',
    'memory_per_process',
    'file_size',
    'open_files',
    'no_core_dumps',
  ]);
});

it('does not call a wall missing where a stronger one stands, but does where that is missing too', () => {
  const root: Machine = {
    ...machine,
    identity: { kind: 'setpriv', program: 'setpriv', uidBase: 1 },
  };
  expect(namesOf(enforceable(ISOLATION_FLAGS, root).unenforced)).not.toContain(
    'no_user_namespaces',
  );
});
