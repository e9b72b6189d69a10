/** The queries of docs/temporal-ui.md find what they say, on runs of every kind. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { verificationWorkflowId } from '#workflows/verification/messages.ts';
import { documentedCommands, type RunDocumented } from './testing/documented-command.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { patchSpec, runInput, seeRun, startRun, taskSpec } from './testing/runs.ts';
import { completeTurn, reaches } from './testing/scenarios/stage.ts';
import { startAgent } from './testing/scripted-agent.ts';

/** The visibility store follows the histories. */
const APPEARS_WITHIN = { timeout: 20_000, interval: 300 };

let lab: Lab;
let list: RunDocumented;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
  const { namespace } = lab;
  const address = inject('temporalAddress');
  list = await documentedCommands('docs/temporal-ui.md', { address, namespace });
});
afterAll(() => lab?.[Symbol.asyncDispose]());

test('each view lists what it says', async () => {
  const ada = { user_id: newId('user') };
  const agent = await startAgent(lab, ada);
  const begin = async (owner: typeof ada, spec: ReturnType<typeof taskSpec>) => {
    const input = runInput(owner, spec);
    const handle = await startRun(lab, input);
    return { id: runWorkflowId(input.run_id), input, stage: { lab, owner, input, handle, agent } };
  };
  const asks = await begin(ada, patchSpec('touches-tests'));
  await completeTurn(asks.stage);
  await reaches(asks.stage, 'awaiting_approval');
  const succeeded = await begin(ada, patchSpec('accept'));
  await completeTurn(succeeded.stage);
  await succeeded.stage.handle.result();
  const failed = await begin(ada, taskSpec());
  await agent.completeTurn(await agent.request('turn/start'), { exit_code: 3, patch: null });
  await failed.stage.handle.result();
  const lonely = await begin({ user_id: newId('user') }, taskSpec());
  await reaches(lonely.stage, 'dispatching');

  const verificationOf = async (run: typeof asks) => {
    const { payload } = await seeRun(lab, run.input.run_id);
    return verificationWorkflowId(String(payload('verification.started')?.['verification_id']));
  };
  const [asksJudge, succeededJudge] = [await verificationOf(asks), await verificationOf(succeeded)];
  const all = [asks.id, succeeded.id, failed.id, lonely.id, asksJudge, succeededJudge];

  const USER_ID = ada.user_id;
  const RUN_ID = succeeded.input.run_id;
  const views: [string, Record<string, string>, string[]][] = [
    [`WorkflowType = 'run' and OaRunState = 'running/awaiting_approval'`, {}, [asks.id]],
    [`WorkflowType = 'run' and OaRunState in ('created', 'running/dispatching')`, {}, [lonely.id]],
    [`WorkflowType = 'run' and OaRunState = 'failed'`, {}, [failed.id]],
    [`OaWorkUnit = 'verified_patch_bundle' and OaRunState = 'succeeded'`, {}, [succeeded.id]],
    [`OaOwner = 'USER_ID'`, { USER_ID }, all.filter((id) => id !== lonely.id)],
    [`OaRunId = 'RUN_ID'`, { RUN_ID }, [succeeded.id, succeededJudge]],
  ];
  for (const [query, values, expected] of views) {
    await expect
      .poll(
        async () => {
          const text = await list(`temporal workflow list --query "${query}"`, values);
          return all.filter((id) => text.includes(id));
        },
        { ...APPEARS_WITHIN, message: query },
      )
      .toEqual(all.filter((id) => expected.includes(id)));
  }
});
