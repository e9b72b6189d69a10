import { createEventHandover } from './event-handover.ts';
import type { FetchSnapshot } from './snapshot-source.ts';
import { TopicFlow } from './topic-flow.ts';
import { TopicReader } from './topic-reader.ts';
import type { SubscribeOptions, Subscription } from './types.ts';
import type { WatermarkStore } from './watermark-store.ts';

export interface SubscriptionHost {
  request(flow: TopicFlow): void;
  unsubscribe(): void;
  fetchSnapshot: FetchSnapshot;
  /** What the events build on was applied. */
  settled(): void;
  /** The topic is no longer followed, for whatever reason. */
  ended(): void;
}

export interface OwnedSubscription {
  public: Subscription;
  flow: TopicFlow;
  fail(error: unknown): void;
}

/** Joins a reader (what is applied) with its flow (what the server was asked for) behind the public handle. */
export function createSubscription(
  topic: string,
  options: SubscribeOptions,
  store: WatermarkStore,
  host: SubscriptionHost,
): OwnedSubscription {
  const handover = options.onEvent ? undefined : createEventHandover();
  const outcome = Promise.withResolvers<void>();
  // A caller that iterates sees the fault there; unobserved here it must not end the process.
  outcome.promise.catch(() => undefined);
  let closing: Promise<void> | undefined;

  const reader = new TopicReader(
    topic,
    options,
    options.onEvent ?? ((event) => handover?.apply(event)),
    store,
    host.fetchSnapshot,
    {
      onPause: () => flow.hold(),
      onResume: () => flow.restart(),
      onRepositioned: () => flow.restart(),
      onSettled: host.settled,
      onFault: fail,
    },
  );
  const flow = new TopicFlow(reader, {
    request: () => host.request(flow),
    unsubscribe: host.unsubscribe,
    fail,
  });

  function end(error?: unknown): Promise<void> {
    closing ??= (async () => {
      flow.hold();
      host.ended();
      handover?.end(error);
      try {
        await reader.close();
        if (error === undefined) outcome.resolve();
        else outcome.reject(error);
      } catch (storeFault) {
        outcome.reject(error ?? storeFault);
        throw storeFault;
      }
    })();
    return closing;
  }

  function fail(error: unknown): void {
    end(error).catch(() => undefined);
  }

  reader.open().then(() => {
    if (!closing) flow.restart();
  }, fail);

  return {
    flow,
    fail,
    public: {
      topic,
      get position() {
        return reader.position;
      },
      ended: outcome.promise,
      close: () => end(),
      [Symbol.asyncIterator]() {
        if (!handover) throw new TypeError('a subscription with onEvent is not iterated');
        return handover.iterate(() => end());
      },
    },
  };
}
