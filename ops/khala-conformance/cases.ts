/** The table: what the wire of a Khala node does, row by row. `node ops/khala-conformance/run.ts --list` prints it. */
import type { Case } from './case.ts';
import { cursorCases } from './cases/cursor.ts';
import { frameCases } from './cases/frames.ts';
import { handshakeCases } from './cases/handshake.ts';
import { jsonCases } from './cases/json-form.ts';
import { lifeCases } from './cases/life.ts';
import { revocationCases } from './cases/revocation.ts';
import { snapshotCases } from './cases/snapshot.ts';
import { subscribeCases } from './cases/subscribe.ts';
import { webSocketCases } from './cases/web-socket.ts';

export const CASES: readonly Case[] = [
  ...webSocketCases,
  ...handshakeCases,
  ...frameCases,
  ...jsonCases,
  ...subscribeCases,
  ...cursorCases,
  ...lifeCases,
  ...revocationCases,
  ...snapshotCases,
];
