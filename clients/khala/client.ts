/**
 * Follows topics of a Khala node over one socket, for as long as the client lives.
 *
 * 1. idle → connecting → authenticating → replaying → live → backoff → blocked: `onState` tells every change, and only
 *    `blocked` needs someone else to act.
 * 2. A lost socket costs a resume after the last received seq, never an event (`topic-reader.ts`).
 * 3. A fault of one topic ends that subscription alone.
 */
import { backoffDelayMs } from './backoff.ts';
import { systemClock } from './clock.ts';
import { type Connection, type Ending, openConnection, type TopicMessage } from './connection.ts';
import { SubscriptionConflictError, SyncTokenRefused, TopicRefusedError } from './errors.ts';
import { createProver } from './proof.ts';
import { createSnapshotSource } from './snapshot-source.ts';
import { createSubscription, type OwnedSubscription } from './subscription.ts';
import { createTokenSource, type HeldToken } from './token-source.ts';
import type { TopicFlow } from './topic-flow.ts';
import type { BlockedAction, ClientState, KhalaClient, KhalaClientOptions } from './types.ts';

/** The server takes at most this many in one frame. */
const TOPICS_PER_SUBSCRIBE = 256;
/** A refresh that failed is tried again this often while the old token lives. */
const REFRESH_RETRY_MS = 2_000;

/** A socket that was admitted, and the token it last presented. */
interface Admission {
  connection: Connection;
  token: HeldToken;
}

export function createKhalaClient(options: KhalaClientOptions): KhalaClient {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const prover = createProver(options.proofKey);
  const tokens = createTokenSource((topics) => options.getSyncToken(topics), clock);
  const subscriptions = new Map<string, OwnedSubscription>();
  const fetchSnapshot = createSnapshotSource({
    url: options.url,
    clock,
    random,
    prove: prover.request,
    obtainToken: () => tokens.obtain(topics()),
    renewToken: () => tokens.renew(topics()),
    fetch: options.fetchSnapshot ?? ((url, init) => fetch(url, init)),
  });

  let state: ClientState = { name: 'idle' };
  let connection: Connection | undefined;
  let admission: Admission | undefined;
  let attempt = 0;
  let requestCount = 0;
  let closed = false;
  let cancelBackoff = () => {};
  let cancelRefresh = () => {};

  function enter(next: ClientState): void {
    state = next;
    options.onState?.(next);
  }

  const topics = () => [...subscriptions.keys()];
  const flows = () => [...subscriptions.values()].map(({ flow }) => flow);

  function connect(): void {
    cancelBackoff();
    if (closed || connection || subscriptions.size === 0) return;
    enter({ name: 'connecting', attempt });
    const opened = openConnection({
      url: options.url,
      webSocket: options.webSocket ?? ((url, protocols) => new WebSocket(url, protocols)),
      clock,
      deviceId: options.deviceId,
      clientBuildId: options.clientBuildId,
      prove: prover.socket,
      obtainToken: () => tokens.obtain(topics()),
      onChallenged: () => enter({ name: 'authenticating' }),
      onWelcome: (token) => admitted({ connection: opened, token }),
      onMessage: route,
      onEnded(ending, fault) {
        if (connection === opened) disconnected(ending, fault);
      },
    });
    connection = opened;
  }

  function admitted(by: Admission): void {
    admission = by;
    scheduleRefresh(by, by.token.refreshAtMs - clock.nowMs());
    request(flows());
    reportProgress();
  }

  /** Asks for what is ready and granted; a topic beyond the token gets a token that grants it first. */
  function request(candidates: TopicFlow[]): void {
    if (!admission) return;
    const { token, connection: on } = admission;
    const ready = candidates.filter((flow) => flow.ready);
    const granted = ready.filter((flow) => token.topics.has(flow.topic));
    for (let at = 0; at < granted.length; at += TOPICS_PER_SUBSCRIBE) {
      requestCount += 1;
      const requestId = `s${requestCount}`;
      const asked = granted.slice(at, at + TOPICS_PER_SUBSCRIBE);
      on.send({
        kind: 'subscribe',
        topics: asked.map(({ topic }) => topic),
        resume_after: asked.flatMap((flow) => {
          const cursor = flow.requested(requestId);
          return cursor ? [{ topic: flow.topic, ...cursor }] : [];
        }),
        request_id: requestId,
      });
    }
    const ungranted = ready.filter((flow) => !token.topics.has(flow.topic));
    for (const { topic } of ungranted.filter((flow) => token.asked.has(flow.topic))) {
      const refusal = new TopicRefusedError(
        topic,
        'forbidden_topic',
        'the token does not grant it',
      );
      subscriptions.get(topic)?.fail(refusal);
    }
    if (ungranted.some((flow) => !token.asked.has(flow.topic))) void refresh(admission);
  }

  function scheduleRefresh(by: Admission, delayMs: number): void {
    cancelRefresh();
    cancelRefresh = clock.after(Math.max(0, delayMs), () => void refresh(by));
  }

  async function refresh(by: Admission): Promise<void> {
    try {
      const token = await tokens.renew(topics());
      if (admission === by) await by.connection.refresh(token);
    } catch (error) {
      if (admission !== by) return;
      const fresh = error instanceof SyncTokenRefused ? refuseUngranted(by, error) : false;
      // With the old token alive the stream goes on; the server's own expiry ends it otherwise.
      if (error instanceof SyncTokenRefused && !fresh) block(error.action, error.message);
      else scheduleRefresh(by, REFRESH_RETRY_MS);
    }
  }

  /** A refusal brought about by a topic added later is that topic's, not the connection's. */
  function refuseUngranted(by: Admission, error: SyncTokenRefused): boolean {
    if (error.action !== 'stop') return false;
    const refused = [...subscriptions.values()].filter(
      ({ flow }) => !by.token.topics.has(flow.topic),
    );
    for (const subscription of refused) subscription.fail(error);
    return refused.length > 0;
  }

  function route(message: TopicMessage): void {
    subscriptions.get(message.topic)?.flow.receive(message);
    if (message.kind !== 'update') reportProgress();
  }

  function reportProgress(): void {
    if (!admission) return;
    let received = 0n;
    let total = 0n;
    let caughtUp = true;
    for (const flow of flows()) {
      caughtUp &&= flow.caughtUp;
      received += flow.progress.received;
      total += flow.progress.total;
    }
    if (!caughtUp) enter({ name: 'replaying', received, total });
    else if (state.name !== 'live') {
      attempt = 0;
      enter({ name: 'live' });
    }
  }

  function detach(): void {
    connection = undefined;
    admission = undefined;
    cancelRefresh();
    for (const flow of flows()) flow.disconnected();
  }

  function disconnected(ending: Ending, fault?: unknown): void {
    detach();
    if (fault instanceof SyncTokenRefused) block(fault.action, fault.message);
    else if (
      ending.action === 'log_in' ||
      ending.action === 'upgrade' ||
      ending.action === 'stop'
    ) {
      tokens.discard();
      block(ending.action, ending.reason);
    } else retryAfter(ending);
  }

  function retryAfter(ending: Ending): void {
    if (ending.action === 'refresh_token') tokens.discard();
    const delayMs =
      ending.action === 'resume_now' && attempt === 0
        ? 0
        : backoffDelayMs(attempt, ending.hintMs, random);
    enter({ name: 'backoff', delayMs, attempt, reason: ending.reason });
    attempt += 1;
    cancelBackoff = clock.after(delayMs, connect);
  }

  function block(action: BlockedAction, reason: string): void {
    const open = connection;
    detach();
    enter({ name: 'blocked', action, reason });
    open?.close();
  }

  return {
    get state() {
      return state;
    },
    store: options.store,
    subscribe(topic, subscribeOptions = {}) {
      if (closed) throw new SubscriptionConflictError('the client is closed');
      if (subscriptions.has(topic)) {
        throw new SubscriptionConflictError(`${topic} is already followed`);
      }
      const subscription = createSubscription(topic, subscribeOptions, options.store, {
        request: (flow) => request([flow]),
        fetchSnapshot,
        settled: reportProgress,
        unsubscribe() {
          connection?.send({ kind: 'unsubscribe', topics: [topic] });
        },
        ended() {
          if (subscriptions.get(topic) === subscription) subscriptions.delete(topic);
          reportProgress();
        },
      });
      subscriptions.set(topic, subscription);
      // Not at once: what is subscribed in the same tick shares the first token.
      if (state.name === 'idle') queueMicrotask(connect);
      return subscription.public;
    },
    retryNow() {
      if (state.name === 'backoff' || state.name === 'blocked') {
        attempt = 0;
        connect();
      }
    },
    async close() {
      closed = true;
      cancelBackoff();
      const ending = [...subscriptions.values()].map((subscription) => subscription.public.close());
      const open = connection;
      detach();
      open?.close();
      enter({ name: 'idle' });
      const outcomes = await Promise.allSettled(ending);
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}
