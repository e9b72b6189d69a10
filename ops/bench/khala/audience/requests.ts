import type { JWK } from 'jose';

/** What one socket follows, from after which seq: the beginning where nothing is said. */
export interface Seat {
  topics: { topic: string; epoch: string; afterSeq: number }[];
  /** Of a Khala node. */
  token?: string;
}

export interface Opening {
  group: string;
  /** A Khala node, a bare `ws` server, or WebSocket frames on a bare socket. */
  kind: 'khala' | 'ws' | 'tcp';
  url: string;
  seats: Seat[];
  /** Sockets that are being opened at the same time. */
  atOnce: number;
  device?: { deviceId: string; privateJwk: JWK; publicJwk: JWK };
  /** Keeps the moment of each event. */
  timed?: boolean;
  /** Takes no more than this from SUBSCRIBED on, 0 is nothing at all; nobody waits for such a socket to catch up. */
  readBytesPerS?: number;
}

export interface Arrival {
  topic: string;
  seq: number;
  atUs: number;
}

/** How a socket ended. */
export interface Ending {
  closedAtUs: number;
  code: number;
  /** Frames that came after the refusal. */
  framesAfterError: number;
  events: number;
}

export type AudienceRequest =
  | { do: 'open'; opening: Opening }
  | { do: 'reach'; group: string; last: Record<string, number>; timeoutMs: number }
  | { do: 'dense'; group: string }
  | { do: 'arrivals'; group: string }
  | { do: 'endings'; group: string; timeoutMs: number }
  | { do: 'close'; group: string };

export interface AudienceAnswers {
  /** From SUBSCRIBE to CAUGHT_UP, of each socket of a node. */
  open: { caughtUpMs: number[] };
  reach: { events: number };
  dense: { events: number };
  /** Those since the last question. */
  arrivals: Arrival[];
  endings: Ending[];
  close: undefined;
}
