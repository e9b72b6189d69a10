/**
 * `node ops/sizing/measure-hints.ts [--seconds N] [--rate N] [--listeners 1,10,…]`: what one hint costs its server, by
 * the number of nodes that listen. Postgres (LISTEN) and nats-server get the same payloads at the same rate; latency is
 * from just before the publication to its arrival at every listener. One line of JSON per point.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import postgres from 'postgres';
import { startPostgres } from '../dev/embedded-postgres.ts';
import { freePort } from '../dev/free-port.ts';
import { cpuUsOfTree } from './cpu-time.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rate: { type: 'string', default: '200' },
    listeners: { type: 'string', default: '1,10,50,100,200' },
  },
});
const seconds = Number(values.seconds);
const ratePerSecond = Number(values.rate);

/** A hint of a few topics: what a busy service sends when commits follow each other. */
const TOPICS_PAYLOAD = Array.from({ length: 8 }, (_, index) => `${100_000 + index}:${42}`).join(
  ',',
);
const SUBJECT = 'khala_hint';

interface Contender {
  name: string;
  /** Process whose CPU is counted, with its children. */
  pid: number;
  listen(heard: (payload: string) => void): Promise<void>;
  publish(payload: string): Promise<unknown> | unknown;
  close(): Promise<void>;
}

async function postgresContender(): Promise<Contender> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-sizing-'));
  // Started by root, the server runs as user postgres, who has to reach the data directory.
  await chmod(directory, 0o755);
  const server = await startPostgres({
    directory: join(directory, 'data'),
    port: await freePort(),
    settings: { max_connections: '400' },
  });
  const publisher = postgres(server.url, { max: 1, fetch_types: false });
  const listeners: postgres.Sql[] = [];
  return {
    name: 'postgres',
    pid: server.pid,
    async listen(heard) {
      const sql = postgres(server.url, { max: 1, fetch_types: false });
      listeners.push(sql);
      await sql.listen(SUBJECT, heard);
    },
    // Sent now: the driver waits for whoever awaits a query.
    publish: (payload) => publisher`select pg_notify(${SUBJECT}, ${payload})`.execute(),
    async close() {
      await Promise.all([publisher, ...listeners].map((sql) => sql.end({ timeout: 1 })));
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function natsContender(): Promise<Contender> {
  const port = await freePort();
  const server: ChildProcess = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  });
  const sockets: Socket[] = [];
  const dial = async () => {
    for (;;) {
      const socket = connectTcp(port, '127.0.0.1').setNoDelay(true);
      const opened = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true)).on('error', () => resolve(false));
      });
      if (opened) {
        sockets.push(socket);
        socket.write('CONNECT {"verbose":false,"pedantic":false}\r\n');
        return socket;
      }
      await delay(50);
    }
  };
  const publisher = await dial();
  publisher.resume();
  return {
    name: 'nats',
    pid: server.pid ?? 0,
    async listen(heard) {
      const socket = await dial();
      const ready = Promise.withResolvers<void>();
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const lines = text.split('\r\n');
        text = lines.pop() ?? '';
        for (const line of lines) {
          if (line === 'PONG') ready.resolve();
          if (line === 'PING') socket.write('PONG\r\n');
          if (/^\d/.test(line)) heard(line);
        }
      });
      socket.write(`SUB ${SUBJECT} 1\r\nPING\r\n`);
      await ready.promise;
    },
    publish(payload) {
      publisher.write(`PUB ${SUBJECT} ${payload.length}\r\n${payload}\r\n`);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
    },
  };
}

async function measure(contender: Contender, listeners: number): Promise<void> {
  const sentAt: number[] = [];
  const latenciesMs: number[] = [];
  for (let index = 0; index < listeners; index += 1) {
    await contender.listen((payload) => {
      const sent = sentAt[Number(payload.split(':')[0])];
      if (sent !== undefined) latenciesMs.push(performance.now() - sent);
    });
  }
  const cpuBefore = cpuUsOfTree(contender.pid);
  const startedMs = performance.now();
  const wanted = ratePerSecond * seconds;
  const publishing: unknown[] = [];
  for (let sent = 0; sent < wanted; sent += 1) {
    const dueMs = startedMs + (sent * 1_000) / ratePerSecond;
    if (dueMs > performance.now()) await delay(dueMs - performance.now());
    sentAt.push(performance.now());
    publishing.push(contender.publish(`${sent}:1,${TOPICS_PAYLOAD}`));
  }
  await Promise.all(publishing);
  const endMs = performance.now() + 10_000;
  while (latenciesMs.length < wanted * listeners && performance.now() < endMs) await delay(20);
  const cpuUs = cpuUsOfTree(contender.pid) - cpuBefore;
  latenciesMs.sort((a, b) => a - b);
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN;
  const round = (value: number) => Math.round(value * 100) / 100;
  const point = {
    ...{ driver: contender.name, listeners, hints: wanted },
    heard: latenciesMs.length,
    per_second: round((wanted * 1_000) / (performance.now() - startedMs)),
    server_cpu_us_per_hint: round(cpuUs / wanted),
    server_cpu_us_per_hint_and_listener: round(cpuUs / wanted / listeners),
    p50_ms: round(at(0.5)),
    p99_ms: round(at(0.99)),
  };
  process.stdout.write(`${JSON.stringify(point)}\n`);
}

for (const listeners of values.listeners.split(',').map(Number)) {
  for (const start of [postgresContender, natsContender]) {
    const contender = await start();
    try {
      await measure(contender, listeners);
    } finally {
      await contender.close();
    }
  }
}
