/** What an operator asks a node beside its metrics: the same numbers by topic, bounded, since the process started. */
import type { DeliveryMetrics } from '#proto/gen/types.ts';

/** Disconnect causes that are shown. */
const CAUSES_KEPT = 32;
/** Topics with counts; the one that was longest silent is forgotten first. */
const TOPICS_COUNTED_MAX = 10_000;

export interface TopicCounts {
  served: number;
  budgetExceeded: number;
  behindFloor: number;
  lastViolation: string;
}

export class FanoutLog {
  readonly #topics = new Map<string, TopicCounts>();
  readonly #causes: string[] = [];
  #served = 0;
  #slowConsumers = 0;
  #polls = 0;
  #throttledPolls = 0;
  #limitedPolls = 0;
  #fairnessLimitedReads = 0;

  served(topic: string, events: number): void {
    this.#served += events;
    this.#countsOf(topic).served += events;
  }

  /** A cursor that could not be continued, or a join that was refused. */
  refused(topic: string, reason: string): void {
    const counts = this.#countsOf(topic);
    counts.lastViolation = reason;
    if (reason === 'replay_budget_exceeded') counts.budgetExceeded += 1;
    if (reason === 'retention_expired' || reason === 'compacted') counts.behindFloor += 1;
  }

  closed(cause: string): void {
    if (cause === 'slow_consumer') this.#slowConsumers += 1;
    this.#causes.push(cause);
    if (this.#causes.length > CAUSES_KEPT) this.#causes.shift();
  }

  polled(outcome: 'done' | 'throttled' | 'limited'): void {
    if (outcome === 'throttled') this.#throttledPolls += 1;
    else this.#polls += 1;
    if (outcome === 'limited') this.#limitedPolls += 1;
  }

  /** A topic had more than a page. */
  pageFilled(): void {
    this.#fairnessLimitedReads += 1;
  }

  of(topic: string): Readonly<TopicCounts> {
    return this.#topics.get(topic) ?? NOTHING;
  }

  delivery(activeConsumers: number): DeliveryMetrics {
    return {
      total_polls: String(this.#polls),
      throttled_polls: String(this.#throttledPolls),
      limited_polls: String(this.#limitedPolls),
      fairness_limited_polls: String(this.#fairnessLimitedReads),
      slow_consumer_evictions: String(this.#slowConsumers),
      served_messages: String(this.#served),
      active_consumers: String(activeConsumers),
      recent_disconnect_causes: [...this.#causes],
    };
  }

  #countsOf(topic: string): TopicCounts {
    const counts = this.#topics.get(topic) ?? { ...NOTHING };
    // Deleting first keeps the map in order of use, so that the first key is the longest silent.
    this.#topics.delete(topic);
    this.#topics.set(topic, counts);
    const [oldest] = this.#topics.keys();
    if (this.#topics.size > TOPICS_COUNTED_MAX && oldest !== undefined) this.#topics.delete(oldest);
    return counts;
  }
}

const NOTHING: TopicCounts = { served: 0, budgetExceeded: 0, behindFloor: 0, lastViolation: '' };
