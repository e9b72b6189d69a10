/**
 * A run and its log: writers that crash and repeat themselves, messages out of order, a clock that jumps back an hour.
 *
 * 1. A transition is legal exactly where the matrix of the reference says so; an illegal one changes nothing.
 * 2. A finished run never changes again.
 * 3. The log is gap-free and chained: no event can be left out, doubled, exchanged or altered unseen.
 * 4. A projection that grew with the log, one that was rebuilt in the middle, and one of the whole log are the same.
 */
import { type ProjectedEvent, runProjector } from '#db/runtime/run-projection.ts';
import { canonicalBytes, type JsonObject, sha256Of } from '#proto/canonical.ts';
import { type ChainedEvent, hashEvent, ROOT_HASH, verifyChain } from '#proto/event-chain.ts';
import {
  applyRunEvent,
  IllegalRunTransitionError,
  INITIAL_RUN_STATE,
  RUN_PHASES,
  type RunState,
  type RunStatus,
} from '#workflows/run/state.ts';
import type { Random } from '../random.ts';
import { must, mustEqual, type World } from '../world.ts';

export interface RunParts {
  applyRunEvent: typeof applyRunEvent;
  runProjector: typeof runProjector;
  hashEvent: typeof hashEvent;
  verifyChain: typeof verifyChain;
}

const PARTS: RunParts = { applyRunEvent, runProjector, hashEvent, verifyChain };

interface Message {
  key: string;
  event_type: string;
  payload: JsonObject;
}

type LoggedEvent = ProjectedEvent & Message & ChainedEvent;

const HOUR_MS = 3_600_000;
const RUN_ID = 'run_simulated';
const EVENTS_MAX = 40;

export function runWorld(parts: RunParts = PARTS): World {
  return {
    name: 'run',
    share: 33,
    play(random) {
      const { log, state } = write(parts, random);
      must(
        log.every((event, index) => event.seq === BigInt(index + 1)),
        'the log is gap-free',
      );
      mustEqual(parts.verifyChain(log).ok, true, 'the chain of an honest log verifies');
      checkProjections(parts, random, log, state);
      checkTampering(parts, random, log);
    },
  };
}

/** The matrix of reference 3.1 once more, in words of its own. */
function isLegal(status: RunStatus, { event_type, payload }: Message): boolean {
  const terminal = status === 'succeeded' || status === 'failed' || status === 'canceled';
  switch (event_type) {
    case 'run.started':
      return status === 'created' || status === 'running';
    case 'run.cancel_requested':
      return !terminal;
    case 'run.phase_changed':
      return status === 'running' || (status === 'created' && payload['phase'] === 'dispatching');
    case 'run.finished':
      if (terminal) return payload['status'] === status;
      return status !== 'canceling' || payload['status'] !== 'succeeded';
    default:
      return true;
  }
}

function statusAfter(status: RunStatus, { event_type, payload }: Message): RunStatus {
  switch (event_type) {
    case 'run.started':
      return 'running';
    case 'run.cancel_requested':
      return 'canceling';
    case 'run.finished':
      return payload['status'] as RunStatus;
    default:
      return status;
  }
}

function isTerminal(status: RunStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'canceled';
}

/** Messages in an order that nobody promised, some of them twice, some never, appended by writers that forget. */
function write(parts: RunParts, random: Random): { log: LoggedEvent[]; state: RunState } {
  const log: LoggedEvent[] = [];
  let state: RunState = INITIAL_RUN_STATE;
  let status: RunStatus = 'created';
  let nowMs = 1_700_000_000_000;
  for (const message of arrivals(random)) {
    nowMs += random.chance(0.05) ? -HOUR_MS : random.below(5_000);
    // Idempotency comes before any rule of state.
    if (log.some(({ key }) => key === message.key)) continue;
    if (log.at(-1)?.event_type === 'run.finished') {
      const before = state;
      const after = attempt(parts, state, message);
      must(after === null || after === before, 'a finished run never changes again', message);
      continue;
    }
    const after = attempt(parts, state, message);
    must((after !== null) === isLegal(status, message), 'the matrix decides', { status, message });
    if (after === null) continue;
    status = statusAfter(status, message);
    mustEqual(after.status, status, 'a legal transition leads where the matrix says');
    must(!isTerminal(status) || after.phase === null, 'a finished run has no phase', after);
    state = after;
    log.push(chained(parts, log, message, nowMs));
  }
  return { log, state };
}

/** Null where it is refused. A refusal for another reason than the matrix is a defect. */
function attempt(parts: RunParts, state: RunState, message: Message): RunState | null {
  const before = JSON.stringify(state);
  try {
    return parts.applyRunEvent(state, message.event_type, message.payload);
  } catch (error) {
    must(
      error instanceof IllegalRunTransitionError,
      'a refusal names the transition',
      String(error),
    );
    return null;
  } finally {
    must(JSON.stringify(state) === before, 'a transition changes no state but the one it returns');
  }
}

function arrivals(random: Random): Message[] {
  const messages: Message[] = [];
  const count = random.below(EVENTS_MAX);
  for (let number = 0; number < count; number += 1) {
    const message = messageOf(random, number);
    messages.push(message);
    // A writer that was killed between commit and acknowledgement says it again, soon or much later.
    if (random.chance(0.2)) messages.splice(random.below(messages.length + 1), 0, message);
  }
  if (random.chance(0.7)) messages.push(finish(random, 'end'));
  const isOrdered = random.chance(0.7);
  const sent = isOrdered ? [started(), ...messages] : random.shuffled([started(), ...messages]);
  return sent.filter(() => !random.chance(0.03));
}

function started(): Message {
  const payload = { worker_id: 'worker_1', actor: 'worker' };
  return { key: 'run:started', event_type: 'run.started', payload };
}

function finish(random: Random, key: string): Message {
  const status = random.pick(['succeeded', 'failed', 'canceled']);
  const payload = { status, reason_class: random.pick(['completed', 'failed']), reason: key };
  return { key: `finish:${key}`, event_type: 'run.finished', payload };
}

function messageOf(random: Random, number: number): Message {
  const key = `event:${number}`;
  switch (random.below(10)) {
    case 0:
      return random.chance(0.3)
        ? finish(random, key)
        : { key, event_type: 'text.delta', payload: {} };
    case 1:
      return { key, event_type: 'run.cancel_requested', payload: { reason: 'enough' } };
    case 2:
    case 3:
    case 4:
      return { key, event_type: 'run.phase_changed', payload: { phase: random.pick(RUN_PHASES) } };
    case 5: {
      const payload = { turn: random.below(5), worker_id: `worker_${random.below(3)}` };
      return { key, event_type: 'turn.started', payload };
    }
    case 6:
      return { key, event_type: 'run.executor_lost', payload: { recovery: random.below(4) } };
    case 7: {
      const attempt = { attempt: 1 + random.below(3) };
      return { key, event_type: 'verification.started', payload: attempt };
    }
    case 8: {
      const payload = {
        verdict: random.pick(['accepted', 'rejected']),
        tier: 'O',
        sandboxed: true,
      };
      return { key, event_type: 'verification.finished', payload };
    }
    default:
      return { key, event_type: 'tool.progress', payload: { text: `line ${number}` } };
  }
}

function chained(
  parts: RunParts,
  log: readonly LoggedEvent[],
  message: Message,
  nowMs: number,
): LoggedEvent {
  const seq = BigInt(log.length + 1);
  const { event_type, payload } = message;
  const payload_hash = sha256Of(canonicalBytes(payload));
  const prev_hash = log.at(-1)?.event_hash ?? ROOT_HASH;
  const event_hash = parts.hashEvent({ run_id: RUN_ID, seq, event_type, payload_hash, prev_hash });
  const recorded_at = new Date(nowMs);
  return { ...message, run_id: RUN_ID, seq, payload_hash, event_hash, recorded_at };
}

/** Invariant 4. */
function checkProjections(
  parts: RunParts,
  random: Random,
  log: readonly LoggedEvent[],
  state: RunState,
): void {
  const whole = parts.runProjector();
  let grown = parts.runProjector();
  for (const [index, event] of log.entries()) {
    whole.apply(event);
    if (random.chance(0.05)) {
      // The process died: what it knew is read from the log again.
      grown = parts.runProjector();
      for (const earlier of log.slice(0, index)) grown.apply(earlier);
    }
    grown.apply(event);
  }
  const projection = whole.projection();
  mustEqual(grown.projection(), projection, 'a projection that was rebuilt is the same');
  mustEqual(projection.status, state.status, 'the projection stands where the run stands');
  mustEqual(projection.phase, state.phase ?? '', 'the projection is in the phase of the run');
  const last = log.at(-1);
  mustEqual(projection.latest_seq, BigInt(log.length), 'the projection has seen the whole log');
  mustEqual(
    projection.last_event_hash,
    last?.event_hash ?? ROOT_HASH,
    'the projection ends with the log',
  );
  const end = log.find(({ event_type }) => event_type === 'run.finished');
  mustEqual(projection.trajectory_hash, end?.event_hash ?? null, 'the trajectory is its last hash');
  mustEqual(
    projection.turns,
    lastOf(log, 'turn.started', 'turn'),
    'the turns are those of the log',
  );
  mustEqual(
    projection.recoveries,
    lastOf(log, 'run.executor_lost', 'recovery'),
    'the recoveries are those of the log',
  );
}

function lastOf(log: readonly LoggedEvent[], type: string, field: string): number {
  return Number(log.findLast(({ event_type }) => event_type === type)?.payload[field] ?? 0);
}

/** Invariant 3. */
function checkTampering(parts: RunParts, random: Random, log: readonly LoggedEvent[]): void {
  if (log.length < 3) return;
  const at = random.below(log.length - 1);
  const [one, next] = [log[at], log[at + 1]];
  if (!one || !next) return;
  const forgeries: LoggedEvent[][] = [
    log.filter((_, index) => index !== at),
    log.flatMap((event, index) => (index === at ? [event, event] : [event])),
    log.map((event, index) => (index === at ? next : index === at + 1 ? one : event)),
    log.map((event, index) => (index === at ? { ...event, event_type: 'text.forged' } : event)),
  ];
  const forged = random.pick(forgeries);
  must(!parts.verifyChain(forged).ok, 'a log that was tampered with does not verify');
}
