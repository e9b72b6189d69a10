import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { HarnessInput, HarnessResult } from '#workflows/verification/ports.ts';

/** Long enough for a test to act while it runs. */
const SLOW_MS = 1_000;

const OUTPUT_HASH = `sha256:${'a'.repeat(64)}`;

/**
 * A verifier that speaks the real contract and does what the harness's first command says: `accept`, `reject`, `flaky`,
 * `accept-second` (rejects the first attempt), `accept-500` (rejects those before), `touches-tests`, `slow` (accepts after a second), `hang` (until it is cancelled), `broken`.
 */
export async function scriptedHarness(input: HarnessInput): Promise<HarnessResult> {
  const [script = 'accept'] = input.harness.commands;
  switch (script) {
    case 'accept':
      return result(input, { verdict: 'accepted', strength: 'fail_to_pass' });
    case 'touches-tests':
      return result(input, {
        verdict: 'accepted',
        strength: 'fail_to_pass',
        protected_paths_touched: ['test/sum.test.js'],
        protected_paths_restored: ['test/sum.test.js'],
      });
    case 'flaky':
      return result(input, { verdict: 'flaky', reason: 'two runs of the same patch differ' });
    case 'accept-second':
      return acceptedFrom(2, input);
    case 'accept-500':
      return acceptedFrom(500, input);
    case 'slow':
      await delay(SLOW_MS);
      return result(input, { verdict: 'accepted', strength: 'fail_to_pass' });
    case 'hang':
      return hang();
    case 'broken':
      throw new Error('the repository could not be cloned');
    default:
      return result(input, { verdict: 'rejected', feedback: 'expected 2, received 3' });
  }
}

function acceptedFrom(attempt: number, input: HarnessInput): HarnessResult {
  return input.attempt >= attempt
    ? result(input, { verdict: 'accepted', strength: 'fail_to_pass' })
    : result(input, { verdict: 'rejected', feedback: 'expected 2, received 3' });
}

function result(input: HarnessInput, part: Partial<HarnessResult>): HarnessResult {
  const exit_code = part.verdict === 'accepted' ? 0 : 1;
  return {
    verdict: 'rejected',
    strength: '',
    reason: part.verdict === 'accepted' ? 'every command exits 0' : 'a command exits 1',
    commands: ['base', 'patched_1', 'patched_2'].map((stage) => ({
      command: input.harness.commands[0] ?? '',
      stage,
      exit_code: stage === 'base' ? 1 : exit_code,
      duration_ms: 12,
      output_hash: OUTPUT_HASH,
      output_bytes: '24',
      ended: 'exited',
    })),
    isolation: { sandboxed: true, tool: 'scripted', enforced: ['network'], unenforced: [] },
    base_tree: input.repo.base_tree,
    protected_paths_touched: [],
    protected_paths_restored: [],
    output_refs: [],
    feedback: '',
    ...part,
  };
}

async function hang(): Promise<never> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), 100);
  try {
    return await context.cancelled;
  } finally {
    clearInterval(beat);
  }
}
