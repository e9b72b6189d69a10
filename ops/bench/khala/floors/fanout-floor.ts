import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BINARY_OPCODE, webSocketFrame } from '#services/khala/wire/web-socket-frame.ts';
import { pin, SERVER_CORE } from '../pinned.ts';

const SOURCE = join(import.meta.dirname, 'fanout-floor.c');

/** `send(2)` to as many sockets as it was started for, in C, on the servers' core. */
export interface FanoutFloor {
  url: string;
  pid: number;
  send(frame: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

/** Undefined where no C compiler is. */
export async function startFanoutFloor(sockets: number): Promise<FanoutFloor | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-bench-floor-'));
  const program = join(directory, 'fanout-floor');
  try {
    execFileSync('cc', ['-O2', '-o', program, SOURCE], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (fault) {
    await rm(directory, { recursive: true });
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fault;
  }
  const child = spawn(program, [String(sockets)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const pid = child.pid ?? 0;
  pin(pid, SERVER_CORE);
  const [port] = await once(child.stdout, 'data');
  return {
    url: `tcp://127.0.0.1:${Number(String(port))}`,
    pid,
    async send(frame) {
      const message = webSocketFrame(BINARY_OPCODE, frame);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(message.length);
      const sent = once(child.stdout, 'data');
      child.stdin.write(Buffer.concat([length, message]));
      await sent;
    },
    async stop() {
      child.stdin.end();
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}
