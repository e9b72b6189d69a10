/** Readers in a process of their own, and what they are asked for. */
import { exportJWK } from 'jose';
import type { Device, Issuer } from '#services/khala/testing/harness.ts';
import { CLIENT_CORE } from '../pinned.ts';
import { startPinnedProcess } from '../pinned-process.ts';
import type { AudienceAnswers, AudienceRequest, Opening, Seat } from './requests.ts';

/** Sockets of a token: a node allows four. */
const SOCKETS_PER_TOKEN = 4;
const SYNC_TOKEN_LIFE_S = 900;
const SETTLE_TIMEOUT_MS = 60_000;

export interface Audience {
  open(opening: Opening): Promise<AudienceAnswers['open']>;
  /** Every socket has each event up to here exactly once, in order. Throws otherwise. */
  reach(group: string, last: Record<string, number>): Promise<AudienceAnswers['reach']>;
  /** So far, wherever each socket is: no seq missing, doubled or out of order. Throws otherwise. */
  dense(group: string): Promise<AudienceAnswers['dense']>;
  arrivals(group: string): Promise<AudienceAnswers['arrivals']>;
  /** How each socket ended, once all have; dense until then, or it throws. */
  endings(group: string): Promise<AudienceAnswers['endings']>;
  close(group: string): Promise<void>;
  stop(): Promise<void>;
}

export function startAudience(): Audience {
  const child = startPinnedProcess<AudienceRequest>(
    new URL('./audience-process.ts', import.meta.url),
    CLIENT_CORE,
  );
  const ask = <K extends AudienceRequest['do']>(
    request: Extract<AudienceRequest, { do: K }>,
  ): Promise<AudienceAnswers[K]> => child.ask(request) as Promise<AudienceAnswers[K]>;
  const timeoutMs = SETTLE_TIMEOUT_MS;
  return {
    open: (opening) => ask<'open'>({ do: 'open', opening }),
    reach: (group, last) => ask<'reach'>({ do: 'reach', group, last, timeoutMs }),
    dense: (group) => ask<'dense'>({ do: 'dense', group }),
    arrivals: (group) => ask<'arrivals'>({ do: 'arrivals', group }),
    endings: (group) => ask<'endings'>({ do: 'endings', group, timeoutMs }),
    close: (group) => ask<'close'>({ do: 'close', group }),
    stop: () => child.stop(),
  };
}

/** Seats of one device, with tokens for as many sockets as they are. */
export async function seatsOf(
  issuer: Issuer,
  device: Device,
  seats: readonly Seat['topics'][],
): Promise<Pick<Opening, 'seats' | 'device' | 'kind'>> {
  const tokens = new Map<string, { token: string; left: number }>();
  const seated: Seat[] = [];
  for (const topics of seats) {
    const granted = topics.map(({ topic }) => topic);
    const key = granted.join();
    let held = tokens.get(key);
    if (!held || held.left === 0) {
      const token = await issuer.token(device, { topics: granted, lifeS: SYNC_TOKEN_LIFE_S });
      held = { token, left: SOCKETS_PER_TOKEN };
      tokens.set(key, held);
    }
    held.left -= 1;
    seated.push({ topics, token: held.token });
  }
  return {
    kind: 'khala',
    seats: seated,
    device: {
      deviceId: device.deviceId,
      privateJwk: await exportJWK(device.key.privateKey),
      publicJwk: await exportJWK(device.key.publicKey),
    },
  };
}
