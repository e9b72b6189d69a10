import { connect, type Socket } from 'node:net';

/** What of the driver's own options says where the server is. */
interface ServerAddress {
  path?: string | undefined;
  host: readonly string[];
  port: readonly number[];
}

/**
 * A socket that ends itself when nothing came or went for so long. A peer that vanished without a word (a pulled cable, a
 * firewall that forgot) would keep a query waiting for a quarter of an hour, the kernel's own patience.
 */
export function watchedSocket({ path, host, port }: ServerAddress, silenceMsMax: number): Socket {
  // The driver writes at once; Node keeps it until the connection stands.
  const socket = path ? connect(path) : connect(port[0] ?? 0, host[0]);
  return socket.setTimeout(silenceMsMax, () => socket.destroy());
}
