/**
 * The hash chain of a run's log.
 *
 * 1. `seq` starts at 1 and has no gap.
 * 2. `event_hash = sha256(canonical{event_type, payload_hash, prev_hash, run_id, seq})`, `seq` a JSON number.
 * 3. The first event's `prev_hash` is ROOT_HASH; every other one's is the `event_hash` before it.
 */
import { hashCanonical, type JsonValue, type Sha256 } from './canonical.ts';

/** What stands before the first event. */
export const ROOT_HASH: Sha256 = `sha256:${'0'.repeat(64)}`;

export interface ChainLink {
  run_id: string;
  seq: bigint;
  event_type: string;
  payload_hash: Sha256;
  prev_hash: Sha256;
}

export interface ChainedEvent {
  run_id: string;
  seq: bigint;
  event_type: string;
  payload_hash: string;
  event_hash: string;
}

export type ChainCheck =
  | { ok: true; head_seq: bigint; head_hash: Sha256 }
  | { ok: false; seq: bigint; reason: string };

/** The only place where finite doubles are allowed: what a tool printed is not ours to refuse. */
export function hashPayload(payload: JsonValue): Sha256 {
  return hashCanonical(payload, { floats: true });
}

/** Invariant 2. */
export function hashEvent(link: ChainLink): Sha256 {
  if (link.seq < 1n || link.seq > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(`seq ${link.seq} is outside 1..2^53-1`);
  }
  return hashCanonical({
    event_type: link.event_type,
    payload_hash: link.payload_hash,
    prev_hash: link.prev_hash,
    run_id: link.run_id,
    seq: Number(link.seq),
  });
}

export interface ChainVerifier {
  /** Checks the next event; after a failure every further answer is that failure. */
  next(event: ChainedEvent): ChainCheck;
}

/** Verifies a chain event by event, so that a log of any length needs no memory. */
export function chainVerifier(
  runId: string,
  from: { seq: bigint; event_hash: Sha256 } = { seq: 0n, event_hash: ROOT_HASH },
): ChainVerifier {
  let check: ChainCheck = { ok: true, head_seq: from.seq, head_hash: from.event_hash };
  return {
    next(event) {
      if (check.ok) check = extend(runId, check, event);
      return check;
    },
  };
}

function extend(
  runId: string,
  head: { head_seq: bigint; head_hash: Sha256 },
  event: ChainedEvent,
): ChainCheck {
  const expected = head.head_seq + 1n;
  if (event.run_id !== runId) {
    return { ok: false, seq: event.seq, reason: `belongs to ${event.run_id}, not to ${runId}` };
  }
  if (event.seq !== expected) {
    return { ok: false, seq: event.seq, reason: `expected seq ${expected}, found ${event.seq}` };
  }
  const hash = hashEvent({
    run_id: runId,
    seq: event.seq,
    event_type: event.event_type,
    payload_hash: event.payload_hash as Sha256,
    prev_hash: head.head_hash,
  });
  if (hash !== event.event_hash) {
    return { ok: false, seq: event.seq, reason: `event_hash should be ${hash}` };
  }
  return { ok: true, head_seq: event.seq, head_hash: hash };
}

/** Verifies a whole log of one run from the root. An empty log holds. */
export function verifyChain(events: Iterable<ChainedEvent>): ChainCheck {
  let verifier: ChainVerifier | undefined;
  let check: ChainCheck = { ok: true, head_seq: 0n, head_hash: ROOT_HASH };
  for (const event of events) {
    verifier ??= chainVerifier(event.run_id);
    check = verifier.next(event);
    if (!check.ok) return check;
  }
  return check;
}
