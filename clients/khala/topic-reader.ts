/**
 * One topic on the reader's side, independent of any socket.
 *
 * 1. Dense: events are applied by `seq`, each exactly `last + 1`; a lower one is dropped, a higher one is a gap that the
 *    client heals by subscribing again after the last received seq.
 * 2. Apply, then advance: the watermark moves only after the application's handler resolved, and the store is never
 *    ahead of it.
 * 3. Bounded: what waits for a slow handler is limited; past the limit the reader asks for a pause, during which the
 *    server holds nothing for it but a number.
 * 4. What the events build on comes before them: a reader that bootstraps is told the state of a snapshot, or an empty
 *    one where the topic is read from its beginning, and then what came after it.
 */
import { BootstrapFailedError, StaleCursorError } from './errors.ts';
import type { FetchSnapshot } from './snapshot-source.ts';
import type {
  Snapshot,
  SnapshotRequired,
  StartFrom,
  SubscribeOptions,
  SyncEvent,
} from './types.ts';
import { type Item, settles, WaitingItems } from './waiting-items.ts';
import type { Watermark, WatermarkStore } from './watermark-store.ts';
import { WatermarkWriter } from './watermark-writer.ts';

/** Bootstraps in a row without one event: a topic that cannot be begun ends instead of being asked for for ever. */
const BOOTSTRAPS_MAX = 5;
const BEGINNING: Watermark = { epoch: '', seq: 0n };

/** What SUBSCRIBED says about where the topic begins. */
export interface Beginning {
  epoch: string;
  nextSeq: bigint;
  /** Empty where there is no snapshot before `nextSeq`. */
  snapshotPath: string;
}

export interface TopicReaderEvents {
  /** The handler fell behind or recovered: stop or restart the topic's flow. */
  onPause(): void;
  onResume(): void;
  /** It stands elsewhere, after a snapshot or before a bootstrap: the flow begins again from there. */
  onRepositioned(): void;
  /** What the events build on has been applied. */
  onSettled(): void;
  /** Nothing more will be applied. */
  onFault(error: unknown): void;
}

export type Offer = 'taken' | 'duplicate' | 'gap' | 'paused';

export class TopicReader {
  readonly topic: string;
  readonly #options: SubscribeOptions;
  readonly #apply: (event: SyncEvent) => void | Promise<void>;
  readonly #store: WatermarkStore;
  readonly #writer: WatermarkWriter;
  readonly #fetchSnapshot: FetchSnapshot;
  readonly #events: TopicReaderEvents;
  readonly #ending = new AbortController();
  readonly #waiting = new WaitingItems();
  #paused = false;
  #running = false;
  #ended = false;
  #received: Watermark | undefined;
  #applied: Watermark | undefined;
  /** Without a position: from a snapshot where there is one, instead of from the first event. */
  #bootstrapping = false;
  #bootstraps = 0;

  constructor(
    topic: string,
    options: SubscribeOptions,
    apply: (event: SyncEvent) => void | Promise<void>,
    store: WatermarkStore,
    fetchSnapshot: FetchSnapshot,
    events: TopicReaderEvents,
  ) {
    this.topic = topic;
    this.#options = options;
    this.#apply = apply;
    this.#store = store;
    this.#writer = new WatermarkWriter(topic, store, options.document !== undefined);
    this.#fetchSnapshot = fetchSnapshot;
    this.#events = events;
  }

  /** Settles where to begin. Nothing is offered before it resolved. */
  async open(): Promise<void> {
    const asked = this.#options.from ?? 'stored';
    const start = asked === 'stored' ? await this.#store.load(this.topic) : asked;
    const from = start ?? (this.#options.onSnapshot ? 'bootstrap' : 'beginning');
    this.#stand(from);
    if (typeof from === 'string' && this.#options.document) await this.#writer.forget();
    else this.#writer.begin(this.#applied);
  }

  get position(): Watermark | undefined {
    return this.#applied;
  }

  /** Nothing is missing under the events that were applied. */
  get settled(): boolean {
    return this.#waiting.settled;
  }

  /**
   * Where the server continues: after what was received, since that waits here and will be applied. Without one it
   * begins at a snapshot, if there is one.
   */
  get cursor(): Watermark | undefined {
    return this.#received ?? (this.#bootstrapping ? undefined : BEGINNING);
  }

  /** The server's answer to the subscription. A reader without a position adopts the lineage it names. */
  began({ epoch, nextSeq, snapshotPath }: Beginning): Offer {
    if (!this.#received) {
      this.#received = { epoch, seq: nextSeq - 1n };
      if (this.#bootstrapping) {
        this.#push(
          snapshotPath ? { type: 'snapshot', epoch, path: snapshotPath } : { type: 'empty', epoch },
        );
      }
    }
    return this.#received.epoch === epoch && this.#received.seq + 1n === nextSeq ? 'taken' : 'gap';
  }

  offer(event: SyncEvent, bytes: number): Offer {
    if (this.#paused || this.#ended) return 'paused';
    const received = this.#received;
    if (!received || received.epoch !== event.epoch || event.seq > received.seq + 1n) return 'gap';
    if (event.seq <= received.seq) return 'duplicate';
    this.#received = { epoch: event.epoch, seq: event.seq };
    this.#push({ type: 'event', event, bytes });
    if (this.#waiting.full) {
      this.#paused = true;
      this.#events.onPause();
    }
    return 'taken';
  }

  /** A gap where the server has sent more than arrived here. */
  caughtUp(position: Watermark): Offer {
    if (this.#paused || this.#ended) return 'paused';
    if ((this.#received?.seq ?? 0n) < position.seq) return 'gap';
    this.#push({ type: 'caught_up', position });
    return 'taken';
  }

  snapshotRequired(required: SnapshotRequired): void {
    this.#push({ type: 'snapshot_required', required });
  }

  /** Waits until what was applied is stored; what merely waits is dropped and comes again in the next life. */
  async close(): Promise<void> {
    this.#end();
    await this.#writer.flush();
  }

  #end(): void {
    this.#ended = true;
    this.#waiting.clear();
    this.#ending.abort();
  }

  #push(item: Item): void {
    if (this.#ended) return;
    this.#waiting.push(item);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let item = this.#waiting.next(); item; item = this.#waiting.next()) {
        await this.#take(item);
        if (this.#ended) return;
        this.#waiting.done(item);
        if (settles(item)) this.#events.onSettled();
        else this.#resumeIfWorkedOff();
      }
    } catch (error) {
      if (this.#ended) return;
      this.#end();
      this.#events.onFault(error);
    } finally {
      this.#running = false;
    }
  }

  async #take(item: Item): Promise<void> {
    switch (item.type) {
      case 'event':
        return this.#takeEvent(item.event);
      case 'caught_up':
        this.#bootstraps = 0;
        this.#options.onCaughtUp?.(item.position);
        return;
      case 'empty':
        return this.#applySnapshot({
          ...{ topic: this.topic, epoch: item.epoch },
          ...{ asOfSeq: 0n, documents: [] },
        });
      case 'snapshot': {
        const found = await this.#fetch(item.path, item.epoch);
        if (found === 'moved') return this.#beginAnew('bootstrap');
        return this.#applySnapshot(found);
      }
      case 'snapshot_required':
        return this.#recover(item.required);
    }
  }

  async #takeEvent(event: SyncEvent): Promise<void> {
    const { epoch, seq } = event;
    // A snapshot that was newer than the one announced has this event in it already.
    if (!this.#applied || seq > this.#applied.seq) {
      const applying = this.#apply(event);
      if (applying) await applying;
      this.#applied = { epoch, seq };
      this.#bootstraps = 0;
      const storing = this.#writer.advance(this.#applied, this.#options.document?.(event));
      if (storing) await storing;
    }
  }

  async #recover(required: SnapshotRequired): Promise<void> {
    const { onSnapshot, onSnapshotRequired } = this.#options;
    if (onSnapshot && required.snapshotUrl) {
      const found = await this.#fetch(required.snapshotUrl, required.epoch);
      if (found === 'moved') return this.#beginAnew('bootstrap');
      await this.#applySnapshot(found);
      return this.#reposition({ epoch: found.epoch, seq: found.asOfSeq });
    }
    if (onSnapshotRequired) return this.#beginAnew(await onSnapshotRequired(required));
    // Nothing need be lost where there is no snapshot: another lineage may be read from its beginning.
    if (onSnapshot && this.#received) return this.#beginAnew('bootstrap');
    throw new StaleCursorError(required);
  }

  async #fetch(path: string, epoch: string): Promise<Snapshot | 'moved'> {
    this.#bootstraps += 1;
    if (this.#bootstraps > BOOTSTRAPS_MAX) throw new BootstrapFailedError(this.topic);
    return this.#fetchSnapshot(this.topic, path, epoch, this.#ending.signal);
  }

  async #applySnapshot(snapshot: Snapshot): Promise<void> {
    await this.#options.onSnapshot?.(snapshot);
    const position = { epoch: snapshot.epoch, seq: snapshot.asOfSeq };
    await this.#writer.replace(position, snapshot.documents);
    this.#applied = position;
    // It may be newer than the one announced, and the stream goes on from there.
    if (this.#received && this.#received.seq < position.seq) this.#received = position;
  }

  async #beginAnew(from: StartPosition): Promise<void> {
    if (typeof from === 'string') await this.#writer.forget();
    else await this.#writer.replace(from, []);
    this.#reposition(from);
  }

  /** What waits belongs to where the reader stood before. */
  #reposition(from: StartPosition): void {
    this.#waiting.clear();
    this.#paused = false;
    this.#stand(from);
    this.#events.onRepositioned();
  }

  #stand(from: StartPosition): void {
    const position = typeof from === 'string' ? undefined : from;
    this.#bootstrapping = from === 'bootstrap';
    this.#received = position;
    this.#applied = position;
  }

  #resumeIfWorkedOff(): void {
    if (!this.#paused || !this.#waiting.nearlyWorkedOff) return;
    this.#paused = false;
    this.#events.onResume();
  }
}

type StartPosition = Exclude<StartFrom, 'stored'>;
