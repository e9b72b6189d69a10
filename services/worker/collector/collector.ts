/** Collects artifacts that nothing refers to, a bounded share of the store at a time. */
import type { Sql } from '#db/connect.ts';
import {
  deleteUngrantedArtifacts,
  knownArtifacts,
  releaseGrants,
} from '#db/runtime/artifact-collection.ts';
import { createOrphanFiles } from './orphan-files.ts';

export type CollectedKind =
  | 'unfinished_upload'
  | 'orphan_file'
  | 'ungranted_row'
  | 'released_grant';

export interface CollectorOptions {
  sql: Sql;
  directory: string;
  now(): number;
  /** What is younger is left alone, whoever refers to it: longer than any upload and the step that grants it. */
  graceMs: number;
  /** Runs that ended longer ago keep their log and receipts, and no artifacts; null: all are kept. */
  keptMs: number | null;
  /** Aborted, a pass ends after the shelf it is at. */
  stopping: AbortSignal;
  onCollected(kind: CollectedKind, count: number, bytes: number): void;
}

/** Looked at in one pass, so that a large store is gone through in the background and a small one at once. */
const FILES_PER_PASS_MAX = 20_000;

const SHELVES = Array.from({ length: 256 }, (_, shelf) => shelf.toString(16).padStart(2, '0'));

export function createCollector(options: CollectorOptions): { sweep(): Promise<void> } {
  const { sql, directory, now, graceMs, keptMs, stopping, onCollected } = options;
  const files = createOrphanFiles({ directory, known: (hexes) => knownArtifacts(sql, hexes) });
  let next = 0;

  function count(kind: CollectedKind, number: number, bytes = 0): void {
    if (number > 0) onCollected(kind, number, bytes);
  }

  async function collectShelf(shelf: string, olderThanMs: number): Promise<number> {
    if (keptMs !== null) {
      const endedBefore = new Date(now() - keptMs);
      count('released_grant', await releaseGrants(sql, { shelf, endedBefore }));
    }
    const before = new Date(olderThanMs);
    count('ungranted_row', await deleteUngrantedArtifacts(sql, { shelf, before }));
    const removed = await files.removeFromShelf(shelf, olderThanMs);
    count('orphan_file', removed.files, removed.bytes);
    return removed.looked;
  }

  return {
    async sweep() {
      const olderThanMs = now() - graceMs;
      const unfinished = await files.removeUnfinished(olderThanMs);
      count('unfinished_upload', unfinished.files, unfinished.bytes);
      const setAside = await files.removeSetAside(olderThanMs);
      count('orphan_file', setAside.files, setAside.bytes);
      let looked = 0;
      for (let shelves = 0; shelves < SHELVES.length && looked < FILES_PER_PASS_MAX; shelves += 1) {
        if (stopping.aborted) return;
        const shelf = SHELVES[next] ?? '00';
        next = (next + 1) % SHELVES.length;
        looked += await collectShelf(shelf, olderThanMs);
      }
    },
  };
}
