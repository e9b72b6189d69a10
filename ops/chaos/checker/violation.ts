/** What must hold over a database however its processes died, one name for each way in which it may not. */
export const RULES = {
  log_gap: 'the log of a run counts from 1 to its head, each number once',
  log_chain: 'each event hashes over its payload and the event before it',
  event_doubled: 'an idempotency key has one event in a log',
  beginning_and_end: 'a run has one run.created, first, and one run.finished, last',
  run_open: 'every run has ended, as it would have without a fault',
  receipt: 'every run has one receipt; it verifies and names the end of its log',
  verdict: 'each verification that ended has one receipt of its own, which verifies',
  replay: 'the replay file derives the run again, to the same end',
  request: 'each request of a worker has one terminal receipt in its log',
  worker_log_gap: 'the log of a worker counts from 1 to its head, each number once',
  topic_gap:
    'a topic has every row between its floor and its head, once, with the hash of its bytes',
  waiting: 'nothing waits: no approval, no request, no workflow',
  lost: 'what a client was told is there, with the same content',
  loop: 'no run that succeeded turned in a circle, by the judgement that ends runs',
  unasked: 'there is no run that nobody asked for',
} as const;

export type Rule = keyof typeof RULES;

export interface Violation {
  rule: Rule;
  /** The run, worker, topic or receipt that it was found at. */
  subject: string;
  detail: string;
}

/** One line for each, for a person. */
export function describeViolations(violations: readonly Violation[]): string {
  return violations.map(({ rule, subject, detail }) => `${rule} ${subject}: ${detail}`).join('\n');
}
