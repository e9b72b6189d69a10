import { connect } from '../connect.ts';
import { gatherHints, type Hinter } from './gathered-hints.ts';
import { HINT_CHANNEL } from './hint-payload.ts';

/**
 * NOTIFY on a connection of its own: inside the append's transaction it takes a cluster-wide lock across the commit's
 * fsync.
 */
export function createPostgresHinter(options: { url: string; applicationName: string }): Hinter {
  const sql = connect({ ...options, max: 1 });
  return gatherHints({
    send: (payload) => sql`select pg_notify(${HINT_CHANNEL}, ${payload})`.then(),
    close: () => sql.end({ timeout: 1 }),
  });
}
