/** The limits a run lives within where its spec names none. Kept in docs/limits.md. */
import type { RunSpec } from '#proto/gen/types.ts';

/** An hour: longer than any run of a test suite should take, short enough that a forgotten run ends the same day. */
export const WALL_S_DEFAULT = 3_600;
export const WALL_S_MAX = 604_800;
/** A first attempt and one that has read the verifier's output. */
export const ATTEMPTS_DEFAULT = 2;
export const TURNS_DEFAULT = 10;
export const TURNS_MAX = 1_000;
/** All that a turn may print or produce, in bytes. */
export const OUTPUT_BYTES_DEFAULT = 64 * 1024 * 1024;
export const OUTPUT_BYTES_MAX = 1024 * 1024 * 1024;
/**
 * `run.created` and `turn/start` carry the spec in one event each; an event has at most 64 KiB, and a turn's request also
 * carries 8 KiB of feedback.
 */
export const SPEC_BYTES_MAX = 48 * 1024;
/** Temporal keeps every payload for ever in the history. */
export const INPUT_BYTES_MAX = 256 * 1024;
/** The tail of the verifier's output that becomes the next turn's feedback. */
export const FEEDBACK_BYTES_MAX = 8 * 1024;
/** Questions of an agent that wait at once: more than a person can look at are not asked. */
export const APPROVALS_WAITING_MAX = 16;
/** Questions of an agent in one turn: each takes about 25 of the history's events, asked and answered. */
export const APPROVALS_PER_TURN_MAX = 100;
/** Answers that cover further questions of the run: a longer list would weigh on every history it is carried into. */
export const GRANTS_MAX = 200;
/** Messages that wait for the next turn. */
export const QUEUED_MESSAGES_MAX = 32;
/** Messages steered into one turn: each is a request to the worker. */
export const STEERED_MESSAGES_MAX = 100;
/**
 * The texts of one turn's messages, as JSON: with the spec, the feedback and the envelope they are one event of the
 * worker's topic, which has at most 128 KiB. What does not fit waits for the turn after.
 */
export const TURN_MESSAGES_BYTES_MAX = 64 * 1024;

export interface EffectiveLimits {
  wall_s_max: number;
  turns_max: number;
  output_bytes_max: number;
  attempts_max: number;
}

/** What the spec asks for, with the defaults filled; zero is "not given". */
export function effectiveLimits(spec: RunSpec): EffectiveLimits {
  const limits = spec.limits;
  return {
    wall_s_max: limits?.wall_s_max || WALL_S_DEFAULT,
    turns_max: limits?.turns_max || TURNS_DEFAULT,
    output_bytes_max: Number(limits?.output_bytes_max ?? 0) || OUTPUT_BYTES_DEFAULT,
    attempts_max: spec.verification?.attempts_max || ATTEMPTS_DEFAULT,
  };
}
