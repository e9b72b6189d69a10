/**
 * A client of Khala on a bad line: frames lost, doubled and exchanged, connections cut with frames in flight, a slow or
 * failing application, a store that lags, fails or is lost, lineages that end, and lives of the client that end anywhere.
 *
 * 1. Within a life each seq is applied exactly once, in order, without a gap, one at a time.
 * 2. A new life begins at what is stored, and the store is never ahead of what was applied.
 * 3. On a line that works again everything up to the head is applied.
 * 4. Nothing but its application ends a subscription.
 */
import type { TopicMessage } from '#clients/khala/connection.ts';
import { createSubscription, type OwnedSubscription } from '#clients/khala/subscription.ts';
import type { SnapshotRequired, SyncEvent } from '#clients/khala/types.ts';
import type { Watermark, WatermarkStore } from '#clients/khala/watermark-store.ts';
import type { Random } from '../random.ts';
import { must, mustEqual, type World } from '../world.ts';
import { SimulatedNode, TOPIC } from './simulated-node.ts';

export interface ReaderParts {
  createSubscription: typeof createSubscription;
}

const STEPS_MAX = 40;
/** Microtasks after which whatever could go on has gone on, unless a pile of events waits. */
const TICKS = 24;
const DRAIN_ROUNDS_MIN = 2_000;
/** More than a reader lets wait: it asks for silence. */
const FLOOD_EVENTS = 4_400;
const FROM_THE_BEGINNING = { epoch: '', seq: 0n };

export function readerWorld(parts: ReaderParts = { createSubscription }): World {
  return { name: 'reader', share: 19, play: (random) => new Reading(parts, random).play() };
}

class Reading {
  readonly #random: Random;
  readonly #parts: ReaderParts;
  readonly #node = new SimulatedNode();
  #stored: Watermark | undefined;
  #life: Life | undefined;
  #requests = 0;
  #broken: Error | undefined;

  constructor(parts: ReaderParts, random: Random) {
    this.#parts = parts;
    this.#random = random;
  }

  async play(): Promise<void> {
    const random = this.#random;
    this.#begin();
    for (let step = random.below(STEPS_MAX); step > 0; step -= 1) {
      this.#act();
      if (random.chance(0.5)) await ticks(TICKS);
      this.#report();
    }
    await this.#heal();
  }

  /** What was found inside a callback of the client, which is not to swallow it. */
  #report(): void {
    if (this.#broken) throw this.#broken;
  }

  #act(): void {
    const random = this.#random;
    const node = this.#node;
    switch (random.below(14)) {
      case 0:
      case 1:
      case 2:
        node.append(1 + random.below(20));
        break;
      case 3:
        node.disconnect();
        break;
      case 4:
      case 5:
        this.#connect();
        break;
      case 6:
        // Killed: nothing of this life goes on.
        this.#life?.kill();
        this.#begin();
        break;
      case 7:
        if (random.chance(0.3)) node.restore(random);
        break;
      case 8:
        if (random.chance(0.5)) node.expire(random);
        break;
      case 9:
        if (random.chance(0.02)) node.append(FLOOD_EVENTS);
        break;
      default:
        this.#deliver(1 + random.below(8));
    }
  }

  #connect(): void {
    const { connected } = this.#node;
    this.#node.connected = true;
    if (connected) return;
    const flow = this.#life?.subscription.flow;
    flow?.disconnected();
    this.#request();
  }

  #request(): void {
    const flow = this.#life?.subscription.flow;
    if (!flow?.ready || !this.#node.connected) return;
    this.#requests += 1;
    const requestId = `request ${this.#requests}`;
    const cursor = flow.requested(requestId) ?? FROM_THE_BEGINNING;
    this.#node.subscribe(requestId, { topic: TOPIC, ...cursor });
  }

  #deliver(messages: number, isFaulty = true): void {
    for (let count = messages; count > 0; count -= 1) {
      const message = isFaulty ? this.#take() : this.#node.line.shift();
      if (!message) return;
      this.#life?.subscription.flow.receive(message);
    }
  }

  /** The next message of a line that loses, doubles and exchanges some. */
  #take(): TopicMessage | undefined {
    const random = this.#random;
    const { line } = this.#node;
    if (random.chance(0.04)) line.shift();
    // A copy comes at once or some frames later.
    if (random.chance(0.08) && line[0]) line.splice(random.below(6), 0, line[0]);
    if (random.chance(0.04) && line.length > 1) line.push(...line.splice(0, 1));
    return line.shift();
  }

  #begin(): void {
    const life = new Life(this.#parts, this.#random, this.#stored, {
      request: () => {
        if (this.#life === life) this.#request();
      },
      unsubscribe: () => {
        if (this.#life === life) this.#node.unsubscribe();
      },
      save: (watermark) => {
        this.#stored = watermark;
      },
      broken: (error) => {
        this.#broken ??= error;
      },
    });
    this.#life = life;
    // A new process is a new connection.
    this.#node.disconnect();
    this.#node.connected = this.#random.chance(0.8);
  }

  /** Invariant 3. */
  async #heal(): Promise<void> {
    const node = this.#node;
    if (this.#random.chance(0.5)) this.#life?.mend();
    else this.#restart();
    node.append(1);
    node.disconnect();
    // Floods make long journals, and each event costs microtasks of its own.
    const roundsMax = DRAIN_ROUNDS_MIN + Number(node.head);
    for (let round = 0; round < roundsMax; round += 1) {
      if (this.#life?.ended) this.#restart();
      this.#connect();
      this.#deliver(1_000, false);
      await ticks(TICKS);
      this.#report();
      const { applied } = this.#life ?? {};
      if (applied?.epoch === node.epoch && applied.seq === node.head) return;
    }
    const { applied } = this.#life ?? {};
    must(false, 'on a line that works everything is applied', { applied, head: node.head });
  }

  #restart(): void {
    this.#life?.kill();
    this.#begin();
    this.#life?.mend();
  }
}

const APPLICATION_FAILED = new Error('the application failed');

interface Outside {
  request(): void;
  unsubscribe(): void;
  save(watermark: Watermark | undefined): void;
  broken(error: Error): void;
}

/** One life of the client, and what it has applied. */
class Life {
  readonly subscription: OwnedSubscription;
  readonly #random: Random;
  readonly #outside: Outside;
  /** Up to here, by this life's own account; undefined before anything is known. */
  applied: Watermark | undefined;
  ended = false;
  #alive = true;
  #applying = false;
  #isHealthy = false;

  constructor(parts: ReaderParts, random: Random, stored: Watermark | undefined, outside: Outside) {
    this.#random = random;
    this.#outside = outside;
    this.applied = stored;
    this.subscription = parts.createSubscription(
      TOPIC,
      {
        onEvent: (event) => this.#apply(event),
        onSnapshotRequired: (required) => this.#takeSnapshot(required),
        onCaughtUp: (position) => this.#hearCaughtUp(position),
      },
      this.#store(stored),
      {
        request: outside.request,
        unsubscribe: outside.unsubscribe,
        ended: () => {},
        settled: () => {},
        fetchSnapshot: async () => 'moved',
      },
    );
    this.subscription.public.ended.catch((fault: unknown) => this.#end(fault));
  }

  /** Invariant 4. */
  #end(fault: unknown): void {
    this.ended = true;
    if (!this.#alive || fault === APPLICATION_FAILED) return;
    this.#check(() => must(false, 'the line does not end a subscription', String(fault)));
  }

  kill(): void {
    this.#alive = false;
  }

  mend(): void {
    this.#isHealthy = true;
  }

  async #apply(event: SyncEvent): Promise<void> {
    if (!this.#alive) return new Promise(() => {});
    this.#check(() => {
      const { epoch, seq, payload } = event;
      const { applied } = this;
      must(!this.#applying, 'events are applied one at a time', seq);
      mustEqual(payload, `${epoch} ${seq}`, 'an event is what the journal holds');
      mustEqual(seq, (applied?.seq ?? 0n) + 1n, 'each seq is applied once, and none left out');
      must(!applied || applied.epoch === epoch, 'one lineage follows another by a snapshot', epoch);
    });
    this.#applying = true;
    await this.#wait();
    this.#applying = false;
    if (!this.#isHealthy && this.#random.chance(0.005)) throw APPLICATION_FAILED;
    this.applied = { epoch: event.epoch, seq: event.seq };
  }

  async #takeSnapshot({ epoch, headSeq, floorSeq }: SnapshotRequired) {
    await this.#wait();
    const isWhole = floorSeq === 1n && this.#random.chance(0.3);
    this.applied = isWhole ? undefined : { epoch, seq: headSeq };
    return this.applied ?? 'beginning';
  }

  #hearCaughtUp({ epoch, seq }: Watermark): void {
    if (!this.#alive) return;
    const { applied } = this;
    this.#check(() => {
      const isThere = applied ? applied.seq >= seq && applied.epoch === epoch : seq === 0n;
      must(isThere, 'caught up is said when it is so', { applied, epoch, seq });
    });
  }

  #store(stored: Watermark | undefined): WatermarkStore {
    return {
      load: async () => stored,
      save: async (_topic, watermark) => {
        await this.#wait();
        if (!this.#isHealthy && this.#random.chance(0.05)) throw new Error('the disk is full');
        const { applied } = this;
        this.#check(() => {
          const isAhead = applied?.epoch === watermark.epoch && watermark.seq > applied.seq;
          must(!isAhead, 'the store is not ahead of what was applied', { applied, watermark });
        });
        this.#outside.save(watermark);
      },
      forget: async () => {
        await this.#wait();
        this.#outside.save(undefined);
      },
    };
  }

  async #wait(): Promise<void> {
    if (this.#random.chance(0.1)) await ticks(this.#random.below(2 * TICKS));
    if (!this.#alive) await new Promise(() => {});
  }

  #check(invariant: () => void): void {
    try {
      invariant();
    } catch (error) {
      // A client that swallows what its callback throws does not swallow this.
      if (error instanceof Error) this.#outside.broken(error);
    }
  }
}

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await null;
}
