/** Thousands of broken frames at one node: it answers each with its code, keeps no memory of them, and serves the rest. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Random, randomOf } from '../simulation/random.ts';
import { KINDS, type Kind } from './peer/contract.ts';
import { Peer } from './peer/peer.ts';
import { encodeFrame } from './peer/protobuf.ts';
import { OPCODE, type OutgoingFrame } from './peer/raw-web-socket.ts';
import { startNodes, type TestNodes } from './testing/nodes.ts';

const SOCKETS = 1_200;
const AT_ONCE = 30;
const FRAMES_PER_SOCKET_MAX = 6;
const GROWTH_BYTES_MAX = 64 * 1024 * 1024;
const seed = Number(process.env['OA_SEED'] ?? Date.now() % 1_000_000);

const FIXTURES = join(import.meta.dirname, '..', '..', 'docs', 'protocol', 'fixtures');
const frames: { hex: string; json: object }[] = JSON.parse(
  readFileSync(join(FIXTURES, 'khala-frames.json'), 'utf8'),
);

let nodes: TestNodes;

beforeAll(async () => {
  nodes = await startNodes({ KHALA_HELLO_TIMEOUT_MS: '1000', OA_LOG_LEVEL: 'fatal' });
});
afterAll(() => nodes?.stop());

/** A real frame, broken in one of the ways in which bytes break. */
function broken(random: Random, form: 'binary' | 'json'): OutgoingFrame {
  const { hex, json } = random.pick(frames);
  const whole = form === 'json' ? Buffer.from(JSON.stringify(json)) : Buffer.from(hex, 'hex');
  const at = random.below(whole.length);
  const bytes = [
    () => whole.subarray(0, at),
    () =>
      Buffer.concat([
        whole.subarray(0, at),
        Buffer.from([random.below(256)]),
        whole.subarray(at + 1),
      ]),
    () => Buffer.concat([whole.subarray(at), whole]),
    () =>
      Buffer.concat([whole.subarray(0, at), Buffer.from('ffffffff0f', 'hex'), whole.subarray(at)]),
    () => Buffer.concat([whole, whole.subarray(at)]),
    () => encodeFrame(random.pick(Object.keys(KINDS) as Kind[]), {}),
  ];
  return {
    opcode: random.chance(0.95) ? OPCODE[form === 'json' ? 'text' : 'binary'] : random.below(16),
    payload: random.pick(bytes)(),
    more: random.chance(0.05),
    unmasked: random.chance(0.02),
    reservedBits: random.chance(0.02) ? random.below(8) : 0,
  };
}

/** The codes that a client may be given for it, or the line's end. */
const ENDINGS = [1000, 1002, 1005, 1006, 1007, 1009, 4001, 4003, 4004, 4005];

async function attack(random: Random, url: string): Promise<number> {
  const form = random.chance(0.5) ? 'json' : 'binary';
  const protocols = [form === 'json' ? 'khala.v1+json' : 'khala.v1'];
  const peer = await Peer.open(url, { protocols });
  for (let left = 1 + random.below(FRAMES_PER_SOCKET_MAX); left > 0; left -= 1) {
    peer.socket.send(broken(random, form));
  }
  if (random.chance(0.2)) peer.socket.halfClose();
  if (random.chance(0.1)) peer.end();
  while (!peer.close) await peer.changed();
  expect(peer.faults, `seed ${seed}`).toEqual([]);
  peer.end();
  return peer.close.code;
}

function residentBytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

async function storm(random: Random, sockets: number): Promise<Map<number, number>> {
  const [url = ''] = nodes.urls;
  const endings = new Map<number, number>();
  let left = sockets;
  async function lane(): Promise<void> {
    while (left > 0) {
      left -= 1;
      const code = await attack(random, url);
      endings.set(code, (endings.get(code) ?? 0) + 1);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return endings;
}

test.runIf(process.platform === 'linux')(
  `seed ${seed}: broken frames end their own socket and nothing else`,
  {
    timeout: 90_000,
  },
  async () => {
    const random = randomOf(seed);
    const [pid = 0] = nodes.pids;
    await storm(random, SOCKETS / 4);
    const before = residentBytes(pid);
    const endings = await storm(random, SOCKETS);
    expect([...endings.keys()].filter((code) => !ENDINGS.includes(code))).toEqual([]);
    expect(endings.get(4005), `seed ${seed}`).toBeGreaterThan(SOCKETS / 4);
    expect(residentBytes(pid) - before, `seed ${seed}`).toBeLessThan(GROWTH_BYTES_MAX);
    const healthy = await Peer.open(nodes.urls[0] ?? '');
    expect((await healthy.next('')).kind).toBe('challenge');
    healthy.end();
  },
);
