import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort } from '#ops/dev/free-port.ts';

/** Debian puts it where the PATH of a person does not look. */
const PROGRAMS = ['nats-server', '/usr/sbin/nats-server'];
const START_TIMEOUT_MS = 10_000;

const program = PROGRAMS.find((name) => spawnSync(name, ['--version']).status === 0);

/** Why a test with a NATS server cannot run here; empty where it can. */
export const natsNeeded =
  process.env['NATS_URL'] || program ? '' : ' (apt-get install nats-server, or NATS_URL)';

export interface NatsServer {
  host: string;
  port: number;
  /** Kills it as a machine that fails does; undefined where the server is not ours. */
  crash: (() => Promise<void>) | undefined;
  /** On the same port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A real server: that of `NATS_URL`, or one of our own. */
export async function startNatsServer(): Promise<NatsServer> {
  const given = process.env['NATS_URL'];
  if (given) {
    const { hostname, port } = new URL(given);
    const nothing = async () => undefined;
    return {
      ...{ host: hostname, port: Number(port || 4222) },
      ...{ crash: undefined, start: nothing, stop: nothing },
    };
  }
  if (!program) throw new Error(`no NATS server${natsNeeded}`);
  const host = '127.0.0.1';
  const port = await freePort();
  let child: ChildProcess | undefined;
  const server: NatsServer = {
    host,
    port,
    crash: () => end('SIGKILL'),
    async start() {
      child = spawn(program, ['--addr', host, '--port', String(port)], { stdio: 'ignore' });
      await untilItAccepts(host, port);
    },
    stop: () => end('SIGTERM'),
  };
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
  await server.start();
  return server;
}

async function untilItAccepts(host: string, port: number): Promise<void> {
  const endMs = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const accepted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, host, () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (accepted) return;
    if (Date.now() > endMs) throw new Error('the NATS server did not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
