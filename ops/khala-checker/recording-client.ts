/** The real client, used as anyone would, with a record of everything that it applied. */
import { hash } from 'node:crypto';
import { WebSocket } from 'ws';
import { createKhalaClient } from '#clients/khala/client.ts';
import { StaleCursorError, TopicRefusedError } from '#clients/khala/errors.ts';
import type {
  KhalaClient,
  KhalaClientOptions,
  StartFrom,
  SyncEvent,
} from '#clients/khala/types.ts';
import type { Watermark } from '#clients/khala/watermark-store.ts';
import type { LaggingStore } from './lagging-store.ts';
import type { Entry, LifeEnding, TopicRecord } from './recording.ts';

export interface FollowedTopic {
  topic: string;
  granted: boolean;
  from: StartFrom;
}

export type Apply = (event: SyncEvent) => void;

export interface RecordingClientOptions
  extends Pick<
    KhalaClientOptions,
    'getSyncToken' | 'proofKey' | 'deviceId' | 'clientBuildId' | 'random'
  > {
  reader: string;
  life: number;
  topics: readonly FollowedTopic[];
  store: LaggingStore;
  /** The node for the next socket: a client moves whenever it has to dial anew. */
  nextNode(): { name: string; url: string };
  onApplied(): void;
  /** Around the application of each event: what a slow client, or a faulty one, does. */
  around?(apply: Apply): (event: SyncEvent) => void | Promise<void>;
  /** On the line: what a faulty node would say. */
  webSocket?: KhalaClientOptions['webSocket'];
}

export interface RecordingClient {
  records: TopicRecord[];
  /** Whether every granted topic stands at the head that `headOf` knows. */
  standsAt(headOf: (topic: string) => bigint): boolean;
  complete(): Promise<void>;
  close(): Promise<void>;
  crash(pick: <T>(saves: readonly T[]) => T): void;
}

export function createRecordingClient(options: RecordingClientOptions): RecordingClient {
  const { store, nextNode } = options;
  const watermarks = store.attach(startingOver(options.topics));
  const records = options.topics.map((followed) => recordOf(options, followed));
  let node = '';
  let over = false;

  const dial = options.webSocket ?? ((url, protocols) => new WebSocket(url, protocols));
  const client: KhalaClient = createKhalaClient({
    ...options,
    url: 'ws://chosen-for-each-socket/v1/sync',
    store: watermarks,
    webSocket(_, protocols) {
      const next = nextNode();
      node = next.name;
      for (const record of records) note(record, { type: 'connecting', atMs: Date.now(), node });
      return dial(next.url, protocols);
    },
  });

  function note(record: TopicRecord, entry: Entry): void {
    if (!over) record.entries.push(entry);
  }

  function follow(record: TopicRecord, from: StartFrom): void {
    const apply: Apply = (event) => {
      note(record, appliedEntry(event, node));
      if (!over) options.onApplied();
    };
    const subscription = client.subscribe(record.topic, {
      from,
      onEvent: options.around?.(apply) ?? apply,
      onCaughtUp: ({ epoch, seq }) => note(record, { type: 'caught_up', epoch, seq }),
      async onSnapshotRequired({ reason, epoch, floorSeq, headSeq }) {
        // Someone who needs the state reads it elsewhere; here the announced gap is passed over.
        const seq = reason === 'replay_budget_exceeded' ? headSeq : floorSeq;
        const goesOnAt: Watermark = { epoch, seq };
        note(record, { type: 'stale', reason, goesOnAt });
        return goesOnAt;
      },
    });
    subscription.ended.catch((fault: unknown) => {
      if (over) return;
      const refused = fault instanceof TopicRefusedError || fault instanceof StaleCursorError;
      finish(record, refused ? 'refused' : 'failed', String(fault));
    });
  }

  records.forEach((record, index) => {
    follow(record, options.topics[index]?.from ?? 'stored');
  });

  function finishAll(ending: LifeEnding): void {
    for (const record of records) if (record.ending === 'crashed') finish(record, ending, '');
  }

  return {
    records,
    standsAt: (headOf) =>
      records.every(({ topic, granted, ending }) => {
        if (!granted || ending !== 'crashed') return true;
        return (store.positionOf(topic)?.seq ?? 0n) >= headOf(topic);
      }),
    async complete() {
      finishAll('completed');
      over = true;
      await client.close();
      store.detach();
    },
    async close() {
      await client.close();
      finishAll('closed');
      over = true;
      store.detach();
    },
    crash(pick) {
      over = true;
      store.crash(pick);
      // The process would be gone; here the socket has to be given back.
      client.close().catch(() => undefined);
    },
  };
}

function startingOver(topics: readonly FollowedTopic[]): Map<string, Watermark | undefined> {
  return new Map(
    topics
      .filter(({ from }) => from !== 'stored')
      .map(({ topic, from }) => [topic, typeof from === 'object' ? from : undefined]),
  );
}

/** Until its end is known a record is one of a process that vanished. */
function recordOf(
  { reader, life, store }: RecordingClientOptions,
  { topic, granted, from }: FollowedTopic,
): TopicRecord {
  const begunAt =
    typeof from === 'object' ? from : from === 'stored' ? store.positionOf(topic) : undefined;
  return {
    ...{ reader, life, topic, granted, begunAt },
    from: typeof from === 'object' ? 'cursor' : from,
    entries: [],
    ending: 'crashed',
    reason: '',
  };
}

function finish(record: TopicRecord, ending: LifeEnding, reason: string): void {
  record.ending = ending;
  record.reason = reason;
}

function appliedEntry(event: SyncEvent, node: string): Entry {
  return {
    type: 'applied',
    topic: event.topic,
    epoch: event.epoch,
    seq: event.seq,
    claimedSha256: event.payloadHash.replace('sha256:', ''),
    // Stored payloads are canonical, and parsing keeps the order of their keys.
    contentSha256: hash('sha256', JSON.stringify(event.payload)),
    atMs: Date.now(),
    node,
  };
}
