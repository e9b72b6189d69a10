/** The workflows with a change, as a bundle: a build that differs from this one, without a second checkout. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { WORKFLOW_INTERCEPTORS } from '../../services/worker/workflow-bundle.ts';
import { QUIET } from './replay.ts';

export interface Edit {
  /** A path under `workflows/`. */
  file: string;
  from: string;
  to: string;
}

const WORKFLOWS = join(import.meta.dirname, '..');
/** Inside the repository, where `#proto` and the packages resolve. */
const CACHE = join(WORKFLOWS, '..', '.cache');

export async function bundleWithChange(...edits: Edit[]): Promise<WorkflowBundle> {
  mkdirSync(CACHE, { recursive: true });
  const copy = mkdtempSync(join(CACHE, 'changed-workflows-'));
  try {
    cpSync(WORKFLOWS, copy, {
      recursive: true,
      filter: (path) => !path.endsWith('.json') && !path.endsWith('.test.ts'),
    });
    for (const { file, from, to } of edits) {
      const source = readFileSync(join(copy, file), 'utf8');
      if (!source.includes(from)) throw new Error(`${file} has no ${from} to change`);
      writeFileSync(
        join(copy, file),
        source.replace(from, () => to),
      );
    }
    return await bundleWorkflowCode({
      workflowsPath: join(copy, 'index.ts'),
      workflowInterceptorModules: WORKFLOW_INTERCEPTORS,
      logger: QUIET,
    });
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** One more command at the beginning of every run, which no history before has. */
export const INCOMPATIBLE: Edit = {
  file: 'run/run.ts',
  from: '  const ending = await conduct(context);',
  to: "  await condition(() => false, 5, { summary: 'A pause that no build before took' });\n  const ending = await conduct(context);",
};

/** A difference that whoever reads a history sees, and that every run can follow. */
export const COMPATIBLE: Edit = {
  file: 'run/turn.ts',
  from: '`Offer turn ',
  to: '`The next build offers turn ',
};
