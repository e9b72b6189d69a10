/** One fault of each class, planted where the client itself cannot see it: behind it, or in what its node says. */
import type { MessageOf } from '#clients/khala/connection.ts';
import type { Update } from '#proto/gen/domain.ts';
import type { KhalaMessage } from '#proto/khala-frame.ts';
import type { RecordingClientOptions } from './recording-client.ts';
import { tamperedLine } from './tampered-line.ts';
import type { FaultClass } from './violation.ts';

type Plant = Pick<RecordingClientOptions, 'around' | 'webSocket'>;

const PLANTED_SEQ = 5n;

export const PLANTS: Record<FaultClass, () => Plant> = {
  lost: () => ({
    around: (apply) => (event) => {
      if (event.seq !== PLANTED_SEQ) apply(event);
    },
  }),
  doubled: () => ({
    around: (apply) => (event) => {
      apply(event);
      if (event.seq === PLANTED_SEQ) apply(event);
    },
  }),
  reordered: () => ({
    around(apply) {
      let held: Parameters<typeof apply>[0] | undefined;
      return (event) => {
        if (event.seq === PLANTED_SEQ) {
          held = event;
          return;
        }
        apply(event);
        if (held) apply(held);
        held = undefined;
      };
    },
  }),
  foreign: () => ({
    webSocket: tamperedLine((message) => [
      rewritten(message, (update) =>
        update.seq === PLANTED_SEQ
          ? { ...update, payload: Buffer.from('{"of":"another"}') }
          : update,
      ),
    ]),
  }),
  early: () => ({
    webSocket: tamperedLine((message) =>
      message.kind === 'caught_up' ? [message, invented(message)] : [message],
    ),
  }),
  hidden_gap: () => ({
    webSocket: tamperedLine((message) => {
      if (message.kind === 'subscribed') return [{ ...message, head_seq: message.from_seq - 1n }];
      if (message.kind === 'caught_up') return [{ ...message, seq: 0n }];
      return message.kind === 'update' || message.kind === 'update_batch' ? [] : [message];
    }),
  }),
  refused() {
    let told = false;
    return {
      webSocket: tamperedLine((message) => {
        if (message.kind !== 'subscribed' || told) return [message];
        told = true;
        return [falselyStale(message)];
      }),
    };
  },
};

function falselyStale(answer: MessageOf<'subscribed'>): KhalaMessage {
  const { topic, epoch, head_seq } = answer;
  return {
    kind: 'snapshot_required',
    ...{ topic, epoch, head_seq, floor_seq: head_seq },
    ...{ code: 'stale_cursor', reason: 'retention_expired' },
    ...{ snapshot_seq: 0n, snapshot_url: '' },
  };
}

function rewritten(message: KhalaMessage, change: (update: Update) => Update): KhalaMessage {
  if (message.kind === 'update') return { ...message, update: change(message.update) };
  if (message.kind === 'update_batch') return { ...message, updates: message.updates.map(change) };
  return message;
}

/** The event after the head, which nobody has written. */
function invented({ topic, seq }: { topic: string; seq: bigint }): KhalaMessage {
  const update: Update = {
    seq: seq + 1n,
    kind: 'text.delta',
    payload: Buffer.from('{"delta":"invented"}'),
    payload_hash: `sha256:${'0'.repeat(64)}`,
    recorded_at_ms: 0n,
    doc_key: '',
    doc_version: 0n,
    event_hash: '',
  };
  return { kind: 'update', topic, seq: seq + 1n, update };
}
