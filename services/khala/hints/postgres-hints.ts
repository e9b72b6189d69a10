import type { Sql } from '#db/connect.ts';
import { HINT_CHANNEL, parseHint } from '#db/runtime/hint-payload.ts';
import type { HintListener, HintSource } from './hint-source.ts';

/** `postgres.js` listens again by itself after a lost connection; until the first success we do. */
const LISTEN_RETRY_MS = 500;

/** LISTEN on one connection of its own. `open` makes a pool that is used for nothing else. */
export function createPostgresHints(open: () => Sql): HintSource {
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  let sql: Sql | undefined;

  async function listen(listener: HintListener): Promise<void> {
    sql = open();
    try {
      await sql.listen(
        HINT_CHANNEL,
        (payload) => listener.onHints(parseHint(payload)),
        () => listener.onReset(),
      );
    } catch {
      // Without hints the safety poll carries the node; its readiness names the dead database.
      await sql.end({ timeout: 0 });
      if (!stopped) retry = setTimeout(() => void listen(listener), LISTEN_RETRY_MS);
    }
  }

  return {
    start: listen,
    async stop() {
      stopped = true;
      clearTimeout(retry);
      await sql?.end({ timeout: 1 });
    },
  };
}
