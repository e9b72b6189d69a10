import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readParents, versionTwo } from './cgroup.ts';

it('finds the v1 groups of a process on the host', () => {
  expect(
    readParents(
      '8:pids:/user.slice\n4:memory:/system.slice/oa.service\n0::/\n',
      [
        '31 25 0:27 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
        '32 25 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
      ].join('\n'),
    ),
  ).toEqual({
    memory: '/sys/fs/cgroup/memory/system.slice/oa.service',
    pids: '/sys/fs/cgroup/pids/user.slice',
  });
});

it('finds them in a container, where the mount begins below the root', () => {
  expect(
    readParents(
      '4:memory:/docker/abc/inner\n',
      '32 25 0:28 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n',
    ),
  ).toEqual({ memory: '/sys/fs/cgroup/memory/inner' });
});

it('finds the unified group of v2', () => {
  expect(
    readParents(
      '0::/user.slice/user-1000.slice/session.scope\n',
      '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n',
    ),
  ).toEqual({ unified: '/sys/fs/cgroup/user.slice/user-1000.slice/session.scope' });
});

it('finds nothing where nothing is mounted', () => {
  expect(readParents('0::/\n', '')).toEqual({});
});

it('writes the bounds where v2 looks for them, and reads its count of kills', () => {
  const parent = mkdtempSync(join(tmpdir(), 'oa-cgroup2-'));
  writeFileSync(join(parent, 'cgroup.subtree_control'), 'cpu memory pids\n');
  const host = versionTwo(parent);
  const group = host.create('7-1-0', { memoryBytes: 1_000, pids: 5 });
  const [directory = ''] = group.directories;
  expect(host.controllers).toEqual(['memory', 'pids']);
  expect(readFileSync(join(directory, 'memory.max'), 'utf8')).toBe('1000');
  expect(readFileSync(join(directory, 'pids.max'), 'utf8')).toBe('5');
  expect(group.memoryKills()).toBe(0);
  writeFileSync(join(directory, 'memory.events'), 'low 0\nhigh 0\noom 3\noom_kill 2\n');
  expect(group.memoryKills()).toBe(2);
  rmSync(parent, { recursive: true });
});
