import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP line between two real ends, which a test can cut, block and restore. */
export interface TcpProxy {
  port: number;
  /** Breaks every open connection; how many they were. */
  cut(): number;
  /** Breaks every connection and refuses new ones until `restore`; how many there were. */
  down(): number;
  restore(): void;
  /** Bytes in neither direction, without a word: a half-open line. */
  freeze(): void;
  thaw(): void;
  /** Open connections hear nothing any more, for ever; new ones work. How many they were. */
  silence(): number;
  /** Connections from now on lead to another port. */
  moveTo(port: number): void;
  readonly accepted: number;
  close(): Promise<void>;
}

export async function startTcpProxy(first: { host: string; port: number }): Promise<TcpProxy> {
  let target = first;
  const sockets = new Set<Socket>();
  let refusing = false;
  let frozen = false;
  let accepted = 0;

  const server = createServer((near) => {
    if (refusing) {
      near.resetAndDestroy();
      return;
    }
    accepted += 1;
    const far = connect(target.port, target.host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
      if (frozen) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function cut(): number {
    const open = sockets.size / 2;
    for (const socket of sockets) socket.resetAndDestroy();
    return open;
  }

  return {
    port: (server.address() as AddressInfo).port,
    cut,
    down() {
      refusing = true;
      return cut();
    },
    restore() {
      refusing = false;
    },
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      frozen = false;
      for (const socket of sockets) socket.resume();
    },
    silence() {
      for (const socket of sockets) socket.unpipe().pause();
      return sockets.size / 2;
    },
    moveTo(port) {
      target = { ...target, port };
    },
    get accepted() {
      return accepted;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
