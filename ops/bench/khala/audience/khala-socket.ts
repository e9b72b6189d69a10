/** A reader of a Khala node: the protocol of docs/khala.md, and nothing of what a whole client does beside it. */
import { decodeJwt } from 'jose';
import { WebSocket } from 'ws';
import type { Prove } from '#clients/khala/proof.ts';
import { PROTOCOL_VERSION } from '#proto/compat.ts';
import {
  decodeFrame,
  encodeFrame,
  FRAME_SCHEMA_VERSION,
  KHALA_PROTOCOL,
  type KhalaMessage,
} from '#proto/khala-frame.ts';
import { monotonicUs } from '../monotonic.ts';
import { Positions } from './positions.ts';
import { paceReading } from './reading-pace.ts';
import type { Ending, Opening, Seat } from './requests.ts';
import { scanUpdates } from './scan-updates.ts';
import type { SeatedSocket } from './seated-socket.ts';

const BUILD_ID = '20261121T000000Z';

export function openKhalaSocket(opening: Opening, seat: Seat, prove: Prove): SeatedSocket {
  const { token = '', topics } = seat;
  const deviceId = opening.device?.deviceId ?? '';
  const positions = new Positions(opening.timed ?? false);
  const socket = new WebSocket(opening.url, [KHALA_PROTOCOL], { perMessageDeflate: false });
  const { promise: ready, resolve: onReady, reject: onFailed } = Promise.withResolvers<number>();
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<Ending>();
  let waiting = topics.length;
  let subscribedAtUs = 0;
  let framesAfterError: number | undefined;
  let heartbeats: NodeJS.Timeout | undefined;
  let pace: ((bytes: number) => void) | undefined;
  const send = (message: KhalaMessage) => socket.send(encodeFrame(message));

  async function handle(message: KhalaMessage): Promise<void> {
    switch (message.kind) {
      case 'challenge': {
        const jti = decodeJwt(token).jti ?? '';
        const proof = await prove({ nonce: message.nonce, jti, device_id: deviceId });
        send({
          ...{ kind: 'hello', token, proof, device_id: deviceId, client_build_id: BUILD_ID },
          ...{ protocol_version: PROTOCOL_VERSION, schema_version: FRAME_SCHEMA_VERSION },
        });
        return;
      }
      case 'welcome':
        heartbeats = setInterval(
          () => send({ kind: 'heartbeat', sent_at_ms: 0n }),
          message.heartbeat_interval_ms,
        );
        subscribedAtUs = monotonicUs();
        send({
          ...{ kind: 'subscribe', request_id: 'bench', topics: topics.map(({ topic }) => topic) },
          resume_after: topics.map(({ topic, epoch, afterSeq }) =>
            afterSeq === 0
              ? { topic, epoch: '', seq: 0n }
              : { topic, epoch, seq: BigInt(afterSeq) },
          ),
        });
        return;
      case 'subscribed': {
        const afterSeq = Number(message.from_seq) - 1;
        const wanted = topics.find(({ topic }) => topic === message.topic);
        if (wanted?.afterSeq !== afterSeq) {
          positions.faults.push(`${message.topic} begins after ${afterSeq}`);
        }
        positions.begin(message.topic, afterSeq);
        if (opening.readBytesPerS !== undefined) {
          pace ??= paceReading(socket, opening.readBytesPerS);
          onReady(0);
        }
        return;
      }
      case 'caught_up':
        waiting -= 1;
        if (waiting === 0) onReady((monotonicUs() - subscribedAtUs) / 1_000);
        return;
      case 'error':
        framesAfterError ??= 0;
        onFailed(new Error(`${message.code}: ${message.message}`));
        return;
      case 'snapshot_required':
        onFailed(new Error(`snapshot required: ${message.reason}`));
        return;
      default:
        return;
    }
  }

  socket.on('message', (frame: Buffer) => {
    if (framesAfterError !== undefined) framesAfterError += 1;
    pace?.(frame.length);
    const updates = scanUpdates(frame);
    if (updates) positions.record(updates);
    else handle(decodeFrame(frame)).catch(onFailed);
  });
  socket.on('error', onFailed);
  socket.on('close', (code) => {
    clearInterval(heartbeats);
    onFailed(new Error(`closed with ${code}`));
    const { events } = positions;
    onEnded({ closedAtUs: monotonicUs(), code, framesAfterError: framesAfterError ?? 0, events });
  });
  ready.catch(() => undefined);
  return {
    ...{ positions, ready, ended, close: () => socket.terminate() },
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
  };
}
