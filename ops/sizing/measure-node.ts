/**
 * `node ops/sizing/measure-node.ts [--sockets N] [--events N]`: what a node costs per idle socket and per delivery, and
 * how often nodes ask Postgres when the same topics are followed on one node, and by halves on two. JSON.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { createKhalaClient } from '#clients/khala/client.ts';
import { createMemoryStore } from '#clients/khala/memory-store.ts';
import type { KhalaClient } from '#clients/khala/types.ts';
import { BUILD_ID, type Device } from '#services/khala/testing/harness.ts';
import { createStage, type Stage, type StagedNode } from '../khala-checker/stage.ts';
import { createRunTopic, headKnownOf, type WrittenTopic } from '../khala-checker/written-topic.ts';
import { type CountedLine, startCountedLine } from './counted-line.ts';
import { cpuUsOfTree } from './cpu-time.ts';

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '1000' },
    events: { type: 'string', default: '2000' },
  },
});
const sockets = Number(values.sockets);
const events = Number(values.events);
const FAN_OUT = 200;
const EVENTS_PER_APPEND = 5;
const SETTLE_MS = 4_000;
const TOPICS = 40;
const APPENDS = 400;
const APPEND_PAUSE_MS = 15;
const SOCKETS_AT_ONCE = 50;
const LOOK_MS = 20;

const lines: CountedLine[] = [];
const stage = await createStage({
  nodes: 2,
  // A poll that is rare leaves the reads of events to be counted.
  node: {
    KHALA_SAFETY_POLL_MS: '600000',
    KHALA_HEARTBEAT_INTERVAL_MS: '15000',
    KHALA_DEAD_AFTER_MS: '45000',
  },
  async databasePort(port) {
    const line = await startCountedLine(port);
    lines.push(line);
    return line.port;
  },
});
const device = await stage.issuer.newDevice();
const [first, second] = stage.nodes;
if (!first || !second) throw new Error('two nodes were asked for');

const idle = await idleSockets(stage, device, first);
const delivery = await deliveries(stage, device, first);
const reads = await readsByNodes(stage, device, [first, second]);
process.stdout.write(`${JSON.stringify({ ...idle, ...delivery, ...reads }, null, 2)}\n`);
await stage[Symbol.asyncDispose]();
for (const line of lines) await line.close();

async function idleSockets(on: Stage, who: Device, node: StagedNode) {
  const written = await createRunTopic(on, who.userId);
  await written.append(1, 100);
  await (await followers(on, who, node, [written], 20)).close();
  await delay(SETTLE_MS);
  const before = residentBytes(node);
  const followed = await followers(on, who, node, [written], sockets);
  await delay(SETTLE_MS);
  const bytes = residentBytes(node) - before;
  await followed.close();
  return {
    idle_socket_kib: round(bytes / sockets / 1_024),
    node_base_mib: round(before / 1_048_576),
  };
}

async function deliveries(on: Stage, who: Device, node: StagedNode) {
  const written = await createRunTopic(on, who.userId);
  const followed = await followers(on, who, node, [written], FAN_OUT);
  const before = cpuUsOf(node);
  for (let at = 0; at < events; at += EVENTS_PER_APPEND) {
    await written.append(EVENTS_PER_APPEND, 200);
    await delay(2);
  }
  await followed.reach(headKnownOf(written));
  const cpuUs = cpuUsOf(node) - before;
  await followed.close();
  return { delivery_cpu_us: round(cpuUs / (events * FAN_OUT)), delivered: events * FAN_OUT };
}

async function readsByNodes(on: Stage, who: Device, nodes: readonly [StagedNode, StagedNode]) {
  const topics = await Promise.all(
    Array.from({ length: TOPICS }, () => createRunTopic(on, who.userId)),
  );
  const statements = () => lines.reduce((sum, line) => sum + line.statements, 0);
  const read = async (shares: [StagedNode, WrittenTopic[]][], appendsAtOnce: number) => {
    const followed = await Promise.all(shares.map(([node, of]) => followers(on, who, node, of, 1)));
    await delay(SETTLE_MS);
    const before = statements();
    const cpuBefore = nodes.map(cpuUsOf);
    for (let at = 0; at < APPENDS; at += appendsAtOnce) {
      const turn = Array.from(
        { length: appendsAtOnce },
        (_, index) => topics[(at + index) % TOPICS],
      );
      await Promise.all(turn.map((topic) => topic?.append(1, 100)));
      await delay(APPEND_PAUSE_MS * appendsAtOnce);
    }
    await delay(SETTLE_MS);
    const statementsRun = statements() - before;
    const cpuUs = nodes.map((node, index) => cpuUsOf(node) - (cpuBefore[index] ?? 0));
    for (const each of followed) await each.close();
    return { statements: statementsRun, cpuUs };
  };
  const [one, two] = nodes;
  const halves: [StagedNode, WrittenTopic[]][] = [
    [one, topics.filter((_, index) => index % 2 === 0)],
    [two, topics.filter((_, index) => index % 2 === 1)],
  ];
  const apart = { one: await read([[one, topics]], 1), two: await read(halves, 1) };
  const together = { one: await read([[one, topics]], 8), two: await read(halves, 8) };
  const [interested = 0, uninterested = 0] = apart.one.cpuUs;
  return {
    append_of_interest_cpu_us: round(interested / APPENDS),
    append_without_interest_cpu_us: round(uninterested / APPENDS),
    reads_per_append: round(apart.one.statements / APPENDS),
    reads_two_nodes_to_one: round(apart.two.statements / apart.one.statements),
    reads_per_append_eight_at_once: round(together.one.statements / APPENDS),
    reads_two_nodes_to_one_eight_at_once: round(together.two.statements / together.one.statements),
  };
}

interface Followers {
  /** Resolves when each of them has applied up to `seq` of each topic. */
  reach(seq: bigint): Promise<void>;
  close(): Promise<void>;
}

/** So many clients with one socket each, live on all of these topics. */
async function followers(
  on: Stage,
  who: Device,
  node: StagedNode,
  topics: readonly WrittenTopic[],
  count: number,
): Promise<Followers> {
  const clients: KhalaClient[] = [];
  const positions: (() => bigint)[] = [];
  for (let at = 0; at < count; at += SOCKETS_AT_ONCE) {
    const group = Array.from({ length: Math.min(SOCKETS_AT_ONCE, count - at) }, () => {
      const client = clientOf(on, who, node);
      for (const { topic } of topics) {
        const subscription = client.subscribe(topic, { onEvent() {} });
        positions.push(() => subscription.position?.seq ?? 0n);
      }
      return client;
    });
    clients.push(...group);
    while (group.some(({ state }) => state.name !== 'live')) await delay(LOOK_MS);
  }
  return {
    async reach(seq) {
      while (positions.some((position) => position() < seq)) await delay(LOOK_MS);
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

function clientOf(on: Stage, who: Device, node: StagedNode): KhalaClient {
  return createKhalaClient({
    url: `ws://127.0.0.1:${node.line.port}/v1/sync`,
    webSocket: (url, protocols) => new WebSocket(url, protocols),
    getSyncToken: async (topics) => ({
      token: await on.issuer.token(who, { topics }),
      expires_at: '',
    }),
    ...{ proofKey: who.key, deviceId: who.deviceId, clientBuildId: BUILD_ID },
    store: createMemoryStore(),
  });
}

function cpuUsOf(node: StagedNode): number {
  return cpuUsOfTree(node.process.child.pid ?? 0);
}

function residentBytes(node: StagedNode): number {
  const status = readFileSync(`/proc/${node.process.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
