/** From what the commands did to what it means. No I/O. */

import type { VerdictKind, VerdictStrength } from '#workflows/verification/ports.ts';
import type { Ended } from '../sandbox/sandbox.ts';

export interface CommandRun {
  readonly command: string;
  readonly exitCode: number;
  readonly ended: Ended;
}

export interface Judgement {
  readonly verdict: VerdictKind;
  readonly strength: VerdictStrength;
  /** One sentence for people. */
  readonly reason: string;
}

/** The commands of one stage up to the first that failed; a failed setup is a stage that did not get further. */
export type StageRun = readonly CommandRun[];

/**
 * `accepted` = every command exits 0 in both runs after the patch; one pass and one failure are `flaky`. Two failures
 * are a rejection even when they fail differently: a limit reached twice seldom looks the same. What the base did gives
 * the strength.
 */
export function judge(base: StageRun, first: StageRun, second: StageRun): Judgement {
  const [firstFailed, secondFailed] = [failed(first), failed(second)];
  if (firstFailed && secondFailed) {
    return { verdict: 'rejected', strength: '', reason: `after the patch ${describe(first)}` };
  }
  if (firstFailed || secondFailed) {
    return {
      verdict: 'flaky',
      strength: '',
      reason: `two runs of the same patch differ: ${describe(first)}, then ${describe(second)}`,
    };
  }
  return failed(base)
    ? {
        verdict: 'accepted',
        strength: 'fail_to_pass',
        reason: `at the base ${describe(base)}; after the patch every command passes, twice`,
      }
    : {
        verdict: 'accepted',
        strength: 'pass_to_pass',
        reason: 'every command passes at the base and, twice, after the patch',
      };
}

export function failed(stage: StageRun): CommandRun | undefined {
  return stage.find(({ exitCode, ended }) => ended !== 'exited' || exitCode !== 0);
}

const ENDED_WORDS: Readonly<Record<Exclude<Ended, 'exited'>, string>> = {
  timed_out: 'did not end in time',
  output_limit: 'printed more than it may',
  memory_limit: 'used more memory than it may',
  killed: 'was killed',
};

function describe(stage: StageRun): string {
  const failure = failed(stage);
  if (!failure) return 'every command passes';
  const { command, exitCode, ended } = failure;
  return `\`${command}\` ${ended === 'exited' ? `exits ${exitCode}` : ENDED_WORDS[ended]}`;
}
