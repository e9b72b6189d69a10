import type { Kill } from './campaign/plan.ts';
import type { Platform } from './campaign/platform.ts';
import type { Rule } from './checker/violation.ts';

/** Something that the platform relies on, taken away under it: a campaign that does not notice is worth nothing. */
export interface Sabotage {
  name: string;
  takeAway(platform: Platform): Promise<void>;
  /** What has to happen for it to matter. */
  kills: Kill[];
  runs: number;
  notesPerRun: number;
  /** At least one of these is broken then. */
  breaks: Rule[];
}

/** Changes the text of a function of ours; throws where the text is not there any more. */
const patched = (name: string, what: string, by: string) => `
  do $sabotage$
  declare
    before text := pg_get_functiondef('${name}'::regproc);
    after text := replace(before, $what$${what}$what$, $by$${by}$by$);
  begin
    if before = after then raise exception 'nothing to take away in ${name}'; end if;
    execute after;
  end $sabotage$`;

/** The batch is in the log, the host does not know it, and sends it again when it comes back. */
const afterABatch: Kill = {
  kind: 'boundary',
  label: 'host at batch-sent',
  boundary: { victim: 'host', point: 'batch-sent' },
};

/**
 * Clients were told of commits within the last second or two: killed earlier, when nothing is acknowledged yet, even a server
 * that syncs nothing loses nothing that somebody was promised.
 */
const ofPostgresInMidStream: Kill = {
  kind: 'moment',
  label: 'postgres in the middle of acknowledgements',
  victims: ['postgres'],
  afterAcknowledgements: 60,
};

export const SABOTAGES: Sabotage[] = [
  {
    name: 'the unique key of events: neither looked up nor enforced',
    async takeAway({ sql }) {
      await sql.unsafe('drop index runtime.run_events_idempotency');
      await sql.unsafe(
        patched(
          'runtime.journal_append',
          'and s.idempotency_key is not null',
          'and s.idempotency_key is not null and false',
        ),
      );
    },
    kills: [afterABatch, afterABatch, afterABatch],
    runs: 30,
    notesPerRun: 3,
    breaks: ['event_doubled'],
  },
  {
    name: 'the sync of a commit to the disk',
    async takeAway({ sql }) {
      // A commit is acknowledged while its log record stands in the memory of the server, which dies with it. `fsync = off` would
      // not do: what was written, and not synced, stays in the page cache and outlives any signal.
      for (const setting of [
        'synchronous_commit = off',
        `wal_writer_delay = '10s'`,
        `wal_writer_flush_after = '1GB'`,
      ]) {
        await sql.unsafe(`alter system set ${setting}`);
      }
      await sql`select pg_reload_conf()`;
    },
    kills: [ofPostgresInMidStream, ofPostgresInMidStream, ofPostgresInMidStream],
    runs: 10,
    notesPerRun: 30,
    breaks: ['lost'],
  },
  {
    name: 'the check of the sequence: no lock on the head of a log, no unique number',
    async takeAway({ sql }) {
      await sql.unsafe('alter table runtime.run_events drop constraint run_events_pkey');
      await sql.unsafe(patched('runtime.journal_append', 'for update', ''));
    },
    kills: [],
    runs: 30,
    notesPerRun: 20,
    breaks: ['log_gap', 'log_chain'],
  },
];
