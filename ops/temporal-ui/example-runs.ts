/** Runs whose pages are worth looking at, made by `oa` on a real stack. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, executable, killed, type Oa, oaOf, repositoryWithBug } from '../testing/oa.ts';
import type { StackProcess } from '../testing/stack-process.ts';

export interface ExampleRuns {
  succeeded: string;
  awaitingApproval: string;
  failed: string;
  recovered: string;
  close(): Promise<void>;
}

const runIdIn = (text: string) => /run_[0-9a-z]{26}/.exec(text)?.[0] ?? '';

export async function makeExampleRuns(stack: StackProcess): Promise<ExampleRuns> {
  const src = join(stack.directory, 'src');
  mkdirSync(src);
  repositoryWithBug(join(src, 'shop'));
  executable(join(src, 'fix.sh'), 'echo 42 > value.txt');
  executable(join(src, 'give-up.sh'), 'echo "I cannot do this" >&2; exit 7');
  executable(join(src, 'edit-the-test.sh'), `echo 42 > value.txt; echo '# easier' >> test.sh`);
  executable(join(src, 'slow-fix.sh'), 'sleep 6; echo 42 > value.txt');
  const oa = oaOf(stack, src);
  await oa.login('ada@example.invalid');
  let host = await startHost(oa);

  const start = async (objective: string, agent: string) => {
    const verify = [
      '--repo',
      './shop',
      '--verify',
      './test.sh',
      '--agent',
      agent,
      '--attempts',
      '1',
    ];
    const { out, err } = await oa.run('run', objective, ...verify, '--detach');
    const runId = runIdIn(out);
    if (!runId) throw new Error(`no run was started: ${err}`);
    return runId;
  };
  const shows = (runId: string, state: RegExp) =>
    eventually(async () => state.test((await oa.run('runs', 'show', runId)).out) || undefined);

  const recovered = await start('make the price test pass on a slow machine', './slow-fix.sh');
  await shows(recovered, /executing/);
  await killed(host.child, 'SIGKILL');
  host = await startHost(oa);
  await shows(recovered, /succeeded/);
  const succeeded = await start('make the failing price test pass', './fix.sh');
  await shows(succeeded, /succeeded/);
  const failed = await start('explain the rounding of prices', './give-up.sh');
  await shows(failed, /failed/);
  const awaitingApproval = await start(
    'make the price test pass, whatever it takes',
    './edit-the-test.sh',
  );
  await shows(awaitingApproval, /awaiting_approval/);
  return {
    ...{ succeeded, awaitingApproval, failed, recovered },
    close: async () => void (await killed(host.child, 'SIGTERM')),
  };
}

async function startHost(oa: Oa) {
  const started = oa.start('worker', 'start', '--root', '.');
  await eventually(() => /takes runs below/.test(started.output()) || undefined);
  return started;
}
