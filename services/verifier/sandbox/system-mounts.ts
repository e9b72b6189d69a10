import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Room } from './room.ts';
import { SYSTEM_DIRECTORIES } from './toolchain.ts';

/** Files of `/etc` that programs need to start and to check certificates; accounts and names come from us. */
const SYSTEM_FILES = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/protocols',
  '/etc/services',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
];

/** The host's programs and libraries, read-only; a link stays a link (`/bin` → `usr/bin`). */
export function systemMounts({ toolchain, mounts }: Room): string[] {
  const directories = SYSTEM_DIRECTORIES.filter((path) => existsSync(path)).flatMap((path) =>
    lstatSync(path).isSymbolicLink()
      ? ['--symlink', readlinkSync(path), path]
      : ['--ro-bind', path, path],
  );
  const points = [...SYSTEM_FILES, ...toolchain.mounts, ...mounts.map(({ to }) => to), '/var/tmp'];
  return [
    ...directories,
    ...parentsOf(points).flatMap((path) => ['--perms', '0755', '--dir', path]),
    ...SYSTEM_FILES.flatMap((path) => ['--ro-bind-try', path, path]),
  ];
}

/** Bubblewrap makes missing parents closed to others than their owner; these are made open, outermost first. */
function parentsOf(points: readonly string[]): string[] {
  const parents = new Set<string>();
  for (const point of points) {
    const chain: string[] = [];
    for (let path = dirname(point); path !== '/'; path = dirname(path)) chain.unshift(path);
    const belowSystem = SYSTEM_DIRECTORIES.some((path) => path === chain[0]);
    if (!belowSystem) for (const path of chain) parents.add(path);
  }
  return [...parents];
}
