import type { TopicClass } from '#proto/topics.ts';
import type { FanoutLog } from '../fanout/fanout-log.ts';
import type { KhalaMetrics } from '../metrics.ts';

/** Sums of what was written: a metric costs as much as a small write, so that it is recorded now and then. */
export class DeliveryCounts {
  readonly #metrics: KhalaMetrics;
  readonly #fanout: FanoutLog;
  readonly #byTopic = new Map<string, { topicClass: TopicClass; events: number; bytes: number }>();

  constructor(metrics: KhalaMetrics, fanout: FanoutLog) {
    this.#metrics = metrics;
    this.#fanout = fanout;
  }

  add(topic: string, topicClass: TopicClass, events: number, bytes: number): void {
    const counts = this.#byTopic.get(topic);
    if (counts) {
      counts.events += events;
      counts.bytes += bytes;
    } else {
      this.#byTopic.set(topic, { topicClass, events, bytes });
    }
  }

  record(): void {
    for (const [topic, { topicClass, events, bytes }] of this.#byTopic) {
      this.#fanout.served(topic, events);
      this.#metrics.khala_events_sent_total.record(events, { topic_class: topicClass });
      this.#metrics.khala_bytes_sent_total.record(bytes, { topic_class: topicClass });
    }
    this.#byTopic.clear();
  }
}
