import { startHelper } from '../helper-process.ts';
import { SERVER_CORE } from '../pinned.ts';

/** A bare `ws` server on the servers' core. */
export interface BareServer {
  url: string;
  pid: number;
  /** Each frame to each socket, one call of `ws.send` for each of both. */
  send(frames: Uint8Array[]): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startBareServer(env: Record<string, string> = {}): Promise<BareServer> {
  const helper = startHelper<{ frames: Uint8Array[] }>(
    new URL('./bare-server-process.ts', import.meta.url),
    SERVER_CORE,
    env,
  );
  const port = await helper.ask({ frames: [] });
  return {
    url: `ws://127.0.0.1:${port}`,
    pid: helper.pid,
    send: (frames) => helper.ask({ frames }),
    stop: () => helper.stop(),
  };
}
