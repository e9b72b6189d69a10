import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What can be killed: the parts of a stack, and an agent host. */
export type Victim =
  | 'runtime'
  | 'worker'
  | 'verifier'
  | 'khala'
  | 'control'
  | 'postgres'
  | 'temporal'
  | 'host';

/** A place at which a process kills itself. */
export interface Boundary {
  victim: Victim;
  point: string;
}

/** Steps that every verified run takes; each begins, commits, has committed, and has its answer. */
export const STEPS_OF_A_VERIFIED_RUN = [
  'recordRunCreated',
  'dispatchTurn',
  'beginVerification',
  'recordVerification',
  'finishRun',
  'deriveRunFiles',
] as const;

const MOMENTS_OF_A_STEP = ['begin', 'commit', 'committed', 'done'] as const;

export function boundariesOfStep(step: string): Boundary[] {
  return MOMENTS_OF_A_STEP.map((moment) => ({ victim: 'worker', point: `${step}.${moment}` }));
}

const named = (victim: Victim, points: string[]): Boundary[] =>
  points.map((point) => ({ victim, point }));

/** Steps that a run takes where something happens to it; what that is, the test of the boundaries does. */
export const STEPS_OF_OTHER_RUNS = {
  canceled: ['recordCancelRequested'],
  lost: ['recordExecutorLost'],
  asked: ['requestApproval', 'recordApprovalResolved'],
  interrupted: ['recordInterruptRequested', 'recordAwaitingMessage', 'recordMessage'],
  looping: ['recordLoopDetected'],
} as const;

const PASSES_OF_THE_JOURNAL = 'no run takes it; it is killed in activities/sync/killed.pg.test.ts';

/** Steps without a boundary of their own in the table, and why. */
export const STEPS_LEFT_OUT: Readonly<Record<string, string>> = {
  readReceipt: 'it only reads',
  settleSteers: 'only a driver that can be steered leaves it anything to do',
  recordApprovalsSuperseded: 'only a driver that asks has approvals to supersede',
  takeSnapshots: PASSES_OF_THE_JOURNAL,
  retainTopics: PASSES_OF_THE_JOURNAL,
  sweepJournal: PASSES_OF_THE_JOURNAL,
  dropPartitions: PASSES_OF_THE_JOURNAL,
};

/** Every boundary that a verified run crosses. */
export const BOUNDARIES: readonly Boundary[] = [
  ...STEPS_OF_A_VERIFIED_RUN.flatMap(boundariesOfStep),
  ...named('runtime', [
    'commit',
    'committed',
    'runtime.run.create.answer',
    'runtime.run.events.append.answer',
    'runtime.run.artifact.put.answer',
    'runtime.worker.events.append.answer',
  ]),
  ...named('khala', ['read']),
  ...named('host', [
    'request-journaled',
    'agent-works',
    'batch-sent',
    'turn-over',
    'receipt-journaled',
    'receipt-posted',
  ]),
  ...named('verifier', ['base', 'patched_1', 'patched_2', 'result']),
];

/** The files that arm boundaries (`OA_FAULT_POINTS_DIR`). */
export interface FaultFiles {
  directory: string;
  arm(boundary: Boundary): void;
  hasFired(boundary: Boundary): boolean;
  /** Moves the clock of a process, and back with 0. */
  moveClock(victim: Victim, offsetMs: number): void;
  /** Takes back what did not fire; true where there was something to take back. */
  disarm(boundary: Boundary): boolean;
}

export function faultFiles(directory: string): FaultFiles {
  mkdirSync(directory, { recursive: true });
  const pathOf = ({ victim, point }: Boundary) => join(directory, `${victim}.${point}`);
  return {
    directory,
    arm(boundary) {
      rmSync(`${pathOf(boundary)}.fired`, { force: true });
      writeFileSync(pathOf(boundary), '');
    },
    moveClock: (victim, offsetMs) =>
      writeFileSync(join(directory, `${victim}.clock`), String(offsetMs)),
    hasFired: (boundary) => existsSync(`${pathOf(boundary)}.fired`),
    disarm(boundary) {
      const armed = existsSync(pathOf(boundary));
      rmSync(pathOf(boundary), { force: true });
      return armed;
    },
  };
}
