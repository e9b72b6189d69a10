/** How a room with network gets to the proxy outside: its socket, a program that bridges to it, variables that name it. */
import { join } from 'node:path';
import { quoted } from './quoted.ts';
import type { Mount } from './room.ts';

const DIRECTORY = '/run/egress';
const SOCKET = `${DIRECTORY}/socket`;
const PROGRAM = `${DIRECTORY}/node`;
const BRIDGE = `${DIRECTORY}/bridge.mjs`;

/** Free in every room: each has a network of its own. */
const PORT = 3128;

const BRIDGE_SOURCE = join(import.meta.dirname, '..', 'egress', 'bridge.mjs');

export function egressMounts(socket: string): Mount[] {
  return [
    { from: socket, to: SOCKET },
    { from: process.execPath, to: PROGRAM },
    { from: BRIDGE_SOURCE, to: BRIDGE },
  ];
}

export function throughEgress(command: string): string {
  return `exec ${PROGRAM} ${BRIDGE} ${PORT} ${SOCKET} ${quoted(command)}`;
}

const PROXY = `http://127.0.0.1:${PORT}`;

export const EGRESS_ENVIRONMENT = {
  http_proxy: PROXY,
  https_proxy: PROXY,
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  no_proxy: 'localhost,127.0.0.1',
  NO_PROXY: 'localhost,127.0.0.1',
} as const;
