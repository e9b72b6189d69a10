/** A run that ends in the middle of a turn: somebody cancelled it, its wall clock ran out, or its agent turns in a circle. */
import { condition, proxyActivities } from '@temporalio/workflow';
import { RECORD } from '../shared/activity-options.ts';
import { summaryOf } from '../shared/summary.ts';
import { type RunContext, waitFor, withoutLease } from './context.ts';
import { type Ending, failed, type RunStopped } from './ending.ts';
import type { LoopFinding } from './loop-detection.ts';
import type { RunActivities } from './ports.ts';
import { endOf, readReceipt } from './turn.ts';

const activities = proxyActivities<RunActivities>(RECORD);

export async function stop(context: RunContext, { cause_kind }: RunStopped): Promise<Ending> {
  if (cause_kind === 'timeout') {
    return failed('timeout', `the wall clock of ${context.limits.wall_s_max} s ran out`);
  }
  const { loop } = context;
  if (cause_kind === 'loop_detected' && loop) {
    await interruptLoop(context, loop);
    await letWorkerStop(context);
    return failed('loop_detected', loop.message);
  }
  await letWorkerStop(context);
  return canceled(context);
}

export function canceled({ cancelReason }: RunContext): Ending {
  return { status: 'canceled', reason_class: 'canceled', reason: cancelReason };
}

async function interruptLoop(context: RunContext, finding: LoopFinding): Promise<void> {
  await context.exclusive(async () => {
    const { input, openTurn } = context;
    await activities.recordLoopDetected.executeWithOptions(
      { summary: summaryOf(`Record that the agent turns in a circle: ${finding.message}`) },
      [
        {
          run_id: input.run_id,
          finding,
          open_turn: openTurn && withoutLease(openTurn),
        },
      ],
    );
  });
}

/** The worker gets its time, so that what it produced is kept; whether it answers or not, the run ends. */
async function letWorkerStop(context: RunContext): Promise<void> {
  const turn = context.openTurn;
  if (!turn) return;
  waitFor(context, `\`${turn.worker_id}\` to stop turn ${turn.turn}`);
  const answered = () => context.receipts[turn.request_id] ?? null;
  await condition(() => answered() !== null, context.timings.cancel_grace_ms, {
    summary: 'Grace in which the worker may stop its turn',
  });
  const receipt = answered() ?? (await readReceipt(turn));
  if (receipt) {
    context.turnEnd = endOf(turn, receipt);
    context.openTurn = null;
    if (receipt.ok) context.patch = receipt.response.patch ?? context.patch;
  }
  waitFor(context, '');
}
