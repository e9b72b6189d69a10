/** A line to Postgres that counts the statements which the other end has run. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CountedLine {
  port: number;
  readonly statements: number;
  close(): Promise<void>;
}

/** Of a message of the client: a type and a length, which counts itself. */
const HEAD_BYTES = 5;
const EXECUTE = 0x45;
const SIMPLE_QUERY = 0x51;

export async function startCountedLine(port: number): Promise<CountedLine> {
  const sockets = new Set<Socket>();
  let statements = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const count = statementCounter();
    near.on('data', (bytes) => {
      statements += count(bytes);
    });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true).pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get statements() {
      return statements;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Counts in what one client sends, whose first message (the start-up) has no type. */
export function statementCounter(): (bytes: Buffer) => number {
  let held = Buffer.alloc(0);
  let started = false;
  return (bytes) => {
    held = Buffer.concat([held, bytes]);
    let found = 0;
    for (;;) {
      const typeBytes = started ? 1 : 0;
      if (held.length < HEAD_BYTES) return found;
      const length = typeBytes + held.readUInt32BE(typeBytes);
      if (held.length < length) return found;
      if (started && (held[0] === EXECUTE || held[0] === SIMPLE_QUERY)) found += 1;
      held = held.subarray(length);
      started = true;
    }
  };
}
