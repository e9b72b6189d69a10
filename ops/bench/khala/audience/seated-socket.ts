import type { Positions } from './positions.ts';
import type { Ending } from './requests.ts';

/** One reader, whatever it reads from. */
export interface SeatedSocket {
  readonly positions: Positions;
  /** It follows all its topics, live; milliseconds from SUBSCRIBE to CAUGHT_UP. */
  readonly ready: Promise<number>;
  readonly open: boolean;
  readonly ended: Promise<Ending>;
  close(): void;
}
