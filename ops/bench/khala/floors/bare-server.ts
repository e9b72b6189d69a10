import { SERVER_CORE } from '../pinned.ts';
import { startPinnedProcess } from '../pinned-process.ts';

/** A bare `ws` server on the servers' core. */
export interface BareServer {
  url: string;
  pid: number;
  /** Each frame to each socket, one call of `ws.send` for each of both. */
  send(frames: Uint8Array[]): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startBareServer(env: Record<string, string> = {}): Promise<BareServer> {
  const child = startPinnedProcess<{ frames: Uint8Array[] }>(
    new URL('./bare-server-process.ts', import.meta.url),
    SERVER_CORE,
    env,
  );
  const port = await child.ask({ frames: [] });
  return {
    url: `ws://127.0.0.1:${port}`,
    pid: child.pid,
    send: (frames) => child.ask({ frames }),
    stop: () => child.stop(),
  };
}
