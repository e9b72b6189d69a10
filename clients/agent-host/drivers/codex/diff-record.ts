import { setTimeout as delay } from 'node:timers/promises';
import type { ArtifactRef } from '#proto/gen/types.ts';
import type { EventInput } from '../../spool.ts';

export interface DiffRecord {
  /** The whole diff of the turn so far; only the newest is kept. */
  changed(diff: string): void;
  /** Stores the last one, if it is not stored yet. */
  settle(): Promise<void>;
}

export interface DiffRecordDeps {
  turn: number;
  store(diff: string): Promise<ArtifactRef>;
  emit(event: EventInput): void;
  onFailure(error: unknown): void;
}

/** Codex tells the whole diff after each change of a file: one upload in this time shows a person enough. */
const STORE_INTERVAL_MS = 2_000;
/** A diff beyond this is told by its patch alone, at the end of the turn. */
export const TURN_DIFF_BYTES_MAX = 8 * 1024 * 1024;

export function createDiffRecord(deps: DiffRecordDeps): DiffRecord {
  let newest: string | undefined;
  let stored: string | undefined;
  let storing: Promise<void> | undefined;
  const settling = new AbortController();

  async function work(): Promise<void> {
    while (newest !== undefined && newest !== stored) {
      const diff = newest;
      const artifact = await deps.store(diff);
      stored = diff;
      deps.emit({
        event_type: 'turn.diff',
        payload: {
          turn: deps.turn,
          diff: { ...artifact },
          files_changed: diff.match(/^diff --git /gm)?.length ?? 0,
        },
        sheddable: true,
      });
      await delay(STORE_INTERVAL_MS, undefined, { signal: settling.signal }).catch(() => undefined);
    }
  }

  function begin(): Promise<void> {
    storing ??= work()
      .catch(deps.onFailure)
      .finally(() => {
        storing = undefined;
      });
    return storing;
  }

  return {
    changed(diff) {
      if (diff === '' || Buffer.byteLength(diff) > TURN_DIFF_BYTES_MAX) return;
      newest = diff;
      void begin();
    },
    async settle() {
      settling.abort();
      await begin();
    },
  };
}
