/** Parts with a fault put into them, which a simulation must find. */
import { createDesk } from '#clients/agent-host/desk.ts';
import { reapEarlierLife } from '#clients/agent-host/reaper.ts';
import {
  type OpenRecord,
  openRequestJournal,
  type RequestJournal,
} from '#clients/agent-host/request-journal.ts';
import { Spool } from '#clients/agent-host/spool.ts';
import { createSubscription } from '#clients/khala/subscription.ts';
import type { SubscribeOptions } from '#clients/khala/types.ts';
import { runProjector } from '#db/runtime/run-projection.ts';
import { hashEvent, ROOT_HASH, verifyChain } from '#proto/event-chain.ts';
import { findLoop, type LoopState, observe } from '#workflows/run/loop-detection.ts';
import {
  decide,
  PLATFORM_RULES,
  type PolicyDecision,
  rulesInForce,
} from '#workflows/run/policy.ts';
import { applyRunEvent, type RunState } from '#workflows/run/state.ts';
import {
  heartbeatState,
  nextWorkerStatus,
  STATUS_AFTER_EVENT,
  type WorkerStatus,
} from '#workflows/worker/state.ts';
import type { World } from '../world.ts';
import { type DeskParts, deskWorld } from '../worlds/desk.ts';
import { type LoopParts, loopWorld } from '../worlds/loop.ts';
import { type PolicyParts, policyWorld } from '../worlds/policy.ts';
import { readerWorld } from '../worlds/reader.ts';
import { type RunParts, runWorld } from '../worlds/run.ts';
import { type SpoolParts, spoolWorld } from '../worlds/spool.ts';
import { type WorkerParts, workerWorld } from '../worlds/worker.ts';

const run = (fault: Partial<RunParts>): World =>
  runWorld({ applyRunEvent, runProjector, hashEvent, verifyChain, ...fault });
const worker = (fault: Partial<WorkerParts>): World =>
  workerWorld({
    nextWorkerStatus,
    heartbeatState,
    statusAfterEvent: STATUS_AFTER_EVENT,
    ...fault,
  });
const policy = (fault: Partial<PolicyParts>): World =>
  policyWorld({ decide, rulesInForce, ...fault });
const loop = (fault: Partial<LoopParts>): World => loopWorld({ observe, findLoop, ...fault });
const reader = (fault: typeof createSubscription): World =>
  readerWorld({ createSubscription: fault });

const desk = (fault: Partial<DeskParts>): World =>
  deskWorld({ createDesk, openRequestJournal, reapEarlierLife, ...fault });
const spool = (fault: SpoolParts): World => spoolWorld(fault);

/** Each with the words for what it does wrong. */
export const PLANTED_FAULTS: Readonly<Record<string, World>> = {
  'a late result reopens a canceled run': run({
    applyRunEvent: (state, type, payload) =>
      type === 'run.started' && state.status === 'canceled'
        ? { status: 'running', phase: 'executing' }
        : applyRunEvent(state, type, payload),
  }),
  'a run that is being canceled succeeds': run({
    applyRunEvent: (state, type, payload) =>
      applyRunEvent(state.status === 'canceling' ? RUNNING : state, type, payload),
  }),
  'a transition changes the state it was given': run({
    applyRunEvent(state, type, payload) {
      const next = applyRunEvent(state, type, payload);
      if (type === 'run.phase_changed') Object.assign(state, next);
      return next;
    },
  }),
  'a projection loses what it read before a restart': run({
    runProjector() {
      const projector = runProjector();
      let seen = 0;
      return {
        apply(event) {
          seen += 1;
          if (seen !== 2 || event.event_type !== 'turn.started') projector.apply(event);
        },
        projection: () => projector.projection(),
      };
    },
  }),
  'a projection counts recoveries instead of reading them': run({
    runProjector() {
      const projector = runProjector();
      let recoveries = 0;
      return {
        apply(event) {
          if (event.event_type === 'run.executor_lost') recoveries += 1;
          projector.apply(event);
        },
        projection: () => ({ ...projector.projection(), recoveries }),
      };
    },
  }),
  'the chain does not cover what came before': run({
    hashEvent: (link) => hashEvent({ ...link, prev_hash: ROOT_HASH }),
  }),
  'nobody checks the chain': run({
    verifyChain: () => ({ ok: true, head_seq: 0n, head_hash: ROOT_HASH }),
  }),
  'a worker that has failed is asked to stop': worker({
    nextWorkerStatus: (from, to) =>
      from === 'failed' && to === 'stopping' ? to : nextWorkerStatus(from, to),
  }),
  'a lease that ran out counts': worker({
    heartbeatState: (held, nowMs) => heartbeatState(held, nowMs - 1_000),
  }),
  'the log of a worker does not know that it failed': worker({
    statusAfterEvent: without(STATUS_AFTER_EVENT, 'worker.failed'),
  }),
  'a layer raises a limit': policy({
    rulesInForce: (set) =>
      Object.assign({}, PLATFORM_RULES, ...set.layers.map(({ rules }) => rules)),
  }),
  'the last layer is overlooked': policy({
    rulesInForce: (set) => rulesInForce({ ...set, layers: set.layers.slice(0, 2) }),
  }),
  'a decision depends on when it is taken': policy({
    decide: everySecondTime((decision) => ({ ...decision, explanation: 'it is late' })),
  }),
  'one turn too few': policy({
    decide: (set, question) =>
      decide(
        set,
        question.point === 'dispatch' ? { ...question, turn: question.turn + 1 } : question,
      ),
  }),
  'a refusal without a reason of its own': policy({
    decide: (set, question) => ({
      ...decide(set, question),
      reason_code: 'policy_allowed.default',
    }),
  }),
  'an edit does not begin the count again': loop({
    observe: (state, observation) =>
      observation.kind === 'file_changed' ? state : observe(state, observation),
  }),
  'a new outcome does not begin the count again': loop({
    findLoop: (state) =>
      findLoop({ ...state, calls: state.calls.map((call) => ({ ...call, isNewOutcome: false })) }),
  }),
  'the count is one too low': loop({
    findLoop: (state) => findLoop({ ...state, calls: state.calls.slice(1) }),
  }),
  'a poll is a call like any other': loop({
    observe: (state, observation) =>
      observe(
        state,
        observation.kind === 'call_began' ? { ...observation, polls: false } : observation,
      ),
  }),
  'a call that is told twice counts twice': loop({
    observe(state, observation) {
      const next = observe(state, observation);
      const last = state.calls.at(-1);
      const isStray = observation.kind === 'call_ended' && next === state;
      return isStray && last ? { ...state, calls: [...state.calls, last].slice(-30) } : next;
    },
  }),
  'the memory grows': loop({
    observe(state, observation): LoopState {
      const next = observe(state, observation);
      const last = next.calls.at(-1);
      return next.calls === state.calls || !last || next.calls.length === 0
        ? next
        : { ...next, calls: [...state.calls, last] };
    },
  }),
  'the breaker never opens': loop({
    findLoop: (state) => findLoop({ ...state, stale: 0 }),
  }),
  'an event is applied twice': reader((topic, options, store, host) =>
    createSubscription(topic, withHandler(options, doubled), store, host),
  ),
  'an event that fails is taken as applied': reader((topic, options, store, host) =>
    createSubscription(topic, withHandler(options, forgiving), store, host),
  ),
  'nobody looks at the sequence': reader((topic, options, store, host) => {
    const owned = createSubscription(topic, options, store, host);
    const { flow } = owned;
    let last = 0n;
    const receive = flow.receive.bind(flow);
    flow.receive = (message) => {
      if (message.kind === 'subscribed') last = message.from_seq - 1n;
      if (message.kind !== 'update') return receive(message);
      last += 1n;
      return receive({ ...message, update: { ...message.update, seq: last } });
    };
    return owned;
  }),
  'the store is ahead of the application': reader((topic, options, store, host) =>
    createSubscription(
      topic,
      options,
      { ...store, save: (name, at) => store.save(name, { ...at, seq: at.seq + 1n }) },
      host,
    ),
  ),
  'an answer to an older request is believed': reader((topic, options, store, host) => {
    const owned = createSubscription(topic, options, store, host);
    const { flow } = owned;
    let newest = '';
    const [receive, requested] = [flow.receive.bind(flow), flow.requested.bind(flow)];
    flow.requested = (requestId) => {
      newest = requestId;
      return requested(requestId);
    };
    flow.receive = (message) =>
      receive(message.kind === 'subscribed' ? { ...message, request_id: newest } : message);
    return owned;
  }),
  'a snapshot is never read': reader((topic, options, store, host) => {
    const owned = createSubscription(topic, options, store, host);
    const { flow } = owned;
    const receive = flow.receive.bind(flow);
    flow.receive = (message) => {
      if (message.kind !== 'snapshot_required') receive(message);
    };
    return owned;
  }),
  'caught up is said whatever was lost': reader(believesEveryCaughtUp),
  'a store that fails at a snapshot ends the subscription': reader(endsWithItsStore),
  'a request is remembered as long as the process lives': desk({
    openRequestJournal: async () => forgetfulJournal(),
  }),
  'a turn begins before it is on disk': desk({
    openRequestJournal: async (directory) => ({
      ...(await openRequestJournal(directory)),
      started: async () => {},
    }),
  }),
  'a receipt is posted before it is on disk': desk({
    openRequestJournal: async (directory) => ({
      ...(await openRequestJournal(directory)),
      finished: async () => {},
    }),
  }),
  'nobody reports the turns of an earlier life': desk({ reapEarlierLife: async () => 0 }),
  'the end of a request is not heard': desk({
    createDesk: (deps) => ({ ...createDesk(deps), ended: async () => {} }),
  }),
  'what was not acknowledged is forgotten by a new life': spool({
    open: async (...args) => {
      const opened = await Spool.open(...args);
      await opened.acknowledge(opened.waiting);
      return opened;
    },
  }),
  'one event too many is taken as acknowledged': spool({
    open: async (...args) => {
      const opened = await Spool.open(...args);
      const acknowledge = opened.acknowledge.bind(opened);
      opened.acknowledge = (count) => acknowledge(count + 1);
      return opened;
    },
  }),
  'anything is shed': spool({
    open: async (...args) => {
      const opened = await Spool.open(...args);
      const append = opened.append.bind(opened);
      opened.append = (event) => append({ ...event, sheddable: true });
      return opened;
    },
  }),
};

const RUNNING: RunState = { status: 'running', phase: 'executing' };

/** As it was before: what the server had sent counted as received. */
export function believesEveryCaughtUp(
  ...[topic, options, store, host]: Parameters<typeof createSubscription>
): ReturnType<typeof createSubscription> {
  const said: bigint[] = [];
  const onCaughtUp: SubscribeOptions['onCaughtUp'] = (position) =>
    options.onCaughtUp?.({ ...position, seq: said.shift() ?? position.seq });
  const owned = createSubscription(topic, { ...options, onCaughtUp }, store, host);
  const { flow } = owned;
  const receive = flow.receive.bind(flow);
  flow.receive = (message) => {
    if (message.kind !== 'caught_up') return receive(message);
    said.push(message.seq);
    return receive({ ...message, seq: 0n });
  };
  return owned;
}

/** As it was before: a store that failed under a new position ended the subscription instead of lagging. */
export function endsWithItsStore(
  ...[topic, options, store, host]: Parameters<typeof createSubscription>
): ReturnType<typeof createSubscription> {
  const onSnapshotRequired: SubscribeOptions['onSnapshotRequired'] = async (required) => {
    const position = (await options.onSnapshotRequired?.(required)) ?? 'beginning';
    if (typeof position !== 'string') await store.save(topic, position);
    return position;
  };
  return createSubscription(topic, { ...options, onSnapshotRequired }, store, host);
}

type Handler = NonNullable<SubscribeOptions['onEvent']>;

function withHandler(
  options: SubscribeOptions,
  change: (handler: Handler) => Handler,
): SubscribeOptions {
  const { onEvent } = options;
  return onEvent ? { ...options, onEvent: change(onEvent) } : options;
}

function doubled(handler: Handler): Handler {
  return async (event) => {
    await handler(event);
    if (event.seq % 5n === 0n) await handler(event);
  };
}

function forgiving(handler: Handler): Handler {
  return async (event) => {
    try {
      await handler(event);
    } catch {
      // The fault: the watermark moves on.
    }
  };
}

function without(
  statuses: Readonly<Record<string, WorkerStatus>>,
  name: string,
): Readonly<Record<string, WorkerStatus>> {
  return Object.fromEntries(Object.entries(statuses).filter(([other]) => other !== name));
}

function everySecondTime(change: (decision: PolicyDecision) => PolicyDecision): typeof decide {
  let calls = 0;
  return (set, question) => {
    calls += 1;
    const decision = decide(set, question);
    return calls % 2 === 0 ? change(decision) : decision;
  };
}

function forgetfulJournal(): RequestJournal {
  const records = new Map<string, OpenRecord>();
  const move = (id: string, change: (record: OpenRecord) => OpenRecord) => {
    const record = records.get(id);
    if (record) records.set(id, change(record));
  };
  return {
    async accept(request) {
      if (records.has(request.request_id)) return false;
      records.set(request.request_id, { request, state: 'accepted' });
      return true;
    },
    started: async (id, process) =>
      move(id, ({ request }) => ({ request, state: 'started', process })),
    finished: async (id, receipt) =>
      move(id, ({ request }) => ({ request, state: 'finished', receipt })),
    reported: async (id) => void records.delete(id),
    find: async (id) => records.get(id),
    open: async () => [...records.values()],
    prune: async () => {},
  };
}
