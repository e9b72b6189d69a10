/**
 * What the rest of the node asks about revocations.
 *
 * 1. A node that does not know who is over admits nobody; one that does not know for longer keeps nobody.
 */
import { performance } from 'node:perf_hooks';
import type { RevocationRow } from '#db/runtime/revocation-read.ts';
import type { Grant } from '../authentication/sync-token.ts';
import type { NodeReader } from '../feed/node-reader.ts';
import type { JournalReader } from '../journal/journal-reader.ts';
import {
  OVERLOADED_RETRY_MS,
  REVOCATION_BLIND_MS,
  REVOCATION_LAG_MAX_MS,
  REVOCATION_LOOK_MS,
} from '../limits.ts';
import { SessionFault } from '../session/session-fault.ts';
import { createRevocationFollower } from './revocation-follower.ts';
import { createRevocationList, type RevocationList } from './revocation-list.ts';

export interface Revocations extends Pick<RevocationList, 'hasLost'> {
  /** Why nobody can be admitted now, where that is so. */
  unknownFault(): SessionFault | undefined;
  /** What ends a session with this grant, where something does. */
  faultOf(grant: Grant): SessionFault | undefined;
  /** For people: no older than the process. */
  lagMs(): number;
  start(): Promise<void>;
  stop(): void;
}

export interface RevocationTiming {
  lookEveryMs: number;
  /** With more than this nobody is admitted. */
  lagMaxMs: number;
  /** With more than this nobody is kept. */
  blindMs: number;
}

const TIMING: RevocationTiming = {
  lookEveryMs: REVOCATION_LOOK_MS,
  lagMaxMs: REVOCATION_LAG_MAX_MS,
  blindMs: REVOCATION_BLIND_MS,
};

export interface RevocationsOptions {
  reader: NodeReader;
  journal: Pick<JournalReader, 'headsByTopic'>;
  readTable(): Promise<RevocationRow[]>;
  timing?: RevocationTiming | undefined;
  now(): number;
  /** The sessions have to be asked again whether they may stay. */
  onRevoked(): void;
  /** Nothing was known of revocations for too long: every session ends with this. */
  onBlind(fault: SessionFault): void;
  onFault(fault: unknown): void;
}

export function createRevocations(options: RevocationsOptions): Revocations {
  const { reader, journal, readTable, onRevoked, onFault, onBlind, timing = TIMING } = options;
  const list = createRevocationList();
  const follower = createRevocationFollower({
    ...{ list, reader, journal, readTable, onRevoked, onFault },
    lookEveryMs: timing.lookEveryMs,
    monotonicMs: () => performance.now(),
  });
  let watch: NodeJS.Timeout | undefined;

  function unknownFault(): SessionFault | undefined {
    if (follower.lagMs() <= timing.lagMaxMs) return undefined;
    return new SessionFault('overloaded', 'revocations_unknown', {
      retryAfterMs: OVERLOADED_RETRY_MS,
    });
  }

  return {
    unknownFault,
    faultOf(grant) {
      const reason = list.reasonAgainst(grant);
      if (!reason) return undefined;
      // Another token of the same session is as good as ever; everything else needs a person.
      const action = reason === 'token_revoked' ? 'refresh_token' : 'log_in';
      return new SessionFault('reauth_required', reason, { action });
    },
    hasLost: list.hasLost,
    lagMs: () => Math.min(follower.lagMs(), performance.now()),
    async start() {
      watch = setInterval(() => {
        list.forgetExpired(options.now());
        const fault = follower.lagMs() > timing.blindMs ? unknownFault() : undefined;
        if (fault) onBlind(fault);
      }, timing.lookEveryMs);
      watch.unref();
      await follower.start();
    },
    stop() {
      clearInterval(watch);
      follower.stop();
    },
  };
}
