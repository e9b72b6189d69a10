import { once } from 'node:events';
import { eventually, killed, oaOf } from '../testing/oa.ts';
import type { Operator } from '../testing/operator.ts';
import type { StackProcess } from '../testing/stack-process.ts';
import type { Line } from './line.ts';
import { behind } from './oa-surface.ts';
import { type Surface, stepsIn } from './surface.ts';

interface Worker {
  worker_id: string;
  user_id: string;
}

interface LoggedEvent {
  event_type: string;
  payload: object;
}

/** An agent host as a process: others ask for runs, and it is judged by what it did for them. */
export async function agentHostSurface(
  stack: StackProcess,
  line: Line,
  options: { email: string; cwd: string; observer: Operator },
): Promise<Surface & { workerId: string }> {
  const { observer, cwd } = options;
  const oa = oaOf(behind(stack, line, 'agent-host'), cwd);
  await oa.login(options.email);
  const host = oa.start('worker', 'start', '--root', '.', '--json', '--turns', '4');
  const workerId = await eventually(() => /worker_[0-9a-z]{26}/.exec(host.output())?.[0]);
  const told = () => Promise.reject(new Error('a host is told and does not ask'));

  return {
    name: 'agent host',
    workerId,
    async logIn() {
      const { worker } = await observer.call<{ worker: Worker }>(
        'runtime',
        'GET',
        `/v1/workers/${workerId}`,
      );
      return worker.user_id;
    },
    async start(command) {
      const spec = {
        objective: 'surfaces',
        work_unit: 'agent_task',
        agent: { driver: 'command', command },
        worker: { worker_id: workerId },
      };
      const created = await observer.call<{ run_id: string }>('runtime', 'POST', '/v1/runs', {
        spec,
      });
      return created.run_id;
    },
    follow(runId) {
      let steps: number[] = [];
      const ended = eventually(async () => {
        const { events } = await observer.call<{ events: LoggedEvent[] }>(
          'runtime',
          'GET',
          `/v1/runs/${runId}/events?limit=1000`,
        );
        const progress = events.filter(({ event_type }) => event_type === 'tool.progress');
        steps = progress.flatMap(({ payload }) => stepsIn(JSON.stringify(payload)));
        return events.some(({ event_type }) => event_type === 'run.finished') || undefined;
      });
      return { seen: () => steps, ended: ended.then(() => steps) };
    },
    approve: told,
    async cancel(runId) {
      await observer.call('runtime', 'POST', `/v1/runs/${runId}/cancel`, { reason: 'test' });
    },
    steer: told,
    interrupt: told,
    async outdated() {
      await killed(host.child, 'SIGTERM');
      line.outdate();
      const again = oa.start('worker', 'start', '--root', '.');
      await once(again.child, 'exit');
      return /upgrade/.test(again.output()) ? 'upgrade_required' : again.output();
    },
    async close() {
      await killed(host.child, 'SIGTERM');
    },
  };
}
