import { once } from 'node:events';
import { join } from 'node:path';
import { type Oa, oaOf } from '../testing/oa.ts';
import type { StackProcess } from '../testing/stack-process.ts';
import type { Line } from './line.ts';
import { type Surface, stepsIn } from './surface.ts';

/** A stack as somebody on this line sees it, with a login and a home of their own. */
export function behind(stack: StackProcess, line: Line, home: string): StackProcess {
  const directory = join(stack.directory, 'surfaces', home);
  const state = stack.state();
  return {
    ...stack,
    env: {
      ...stack.env,
      OA_CONFIG_HOME: join(directory, 'config'),
      OA_DATA_HOME: join(directory, 'data'),
    },
    state: () => ({ ...state, addresses: { ...state.addresses, control: line.controlUrl } }),
  };
}

const UPGRADE_EXIT = 6;

export async function oaSurface(
  stack: StackProcess,
  line: Line,
  options: { email: string; cwd: string },
): Promise<Surface> {
  const oa = oaOf(behind(stack, line, 'oa'), options.cwd);
  await oa.login(options.email);
  const must = (ran: Awaited<ReturnType<Oa['run']>>): string => {
    if (ran.code !== 0) throw new Error(ran.err);
    return ran.out.trim();
  };
  return {
    name: 'oa',
    logIn: async () => JSON.parse(must(await oa.run('whoami', '--json'))).user_id as string,
    start: async (command) =>
      must(await oa.run('run', 'surfaces', '--agent', command.join(' '), '--detach')),
    follow(runId) {
      const watching = oa.start('runs', 'watch', runId, '--from-start');
      const seen = () => stepsIn(watching.output());
      const ended = once(watching.child, 'exit').then(([code]) => {
        if (code !== 0) throw new Error(`oa ended with ${code}: ${watching.output()}`);
        return seen();
      });
      return { seen, ended };
    },
    async approve(runId, approvalId) {
      must(await oa.run('runs', 'approve', runId, approvalId));
    },
    async cancel(runId) {
      must(await oa.run('runs', 'cancel', runId));
    },
    async steer(runId, text) {
      must(await oa.run('runs', 'steer', runId, text));
    },
    async interrupt(runId) {
      must(await oa.run('runs', 'interrupt', runId));
    },
    async outdated() {
      line.outdate();
      const { code, err } = await oa.run('runs', 'ls');
      if (code !== UPGRADE_EXIT) throw new Error(`exit ${code}: ${err}`);
      return 'upgrade_required';
    },
    close: async () => undefined,
  };
}
