/** A run whose turn a scripted host holds, over real HTTP. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunEvent, WorkerRequest } from '#proto/gen/types.ts';
import { newId } from '#proto/ids.ts';
import type { Answered, TestPerson } from './runtime-process.ts';
import { type ScriptedHost, startScriptedHost } from './scripted-host.ts';

const PATIENCE_MS = 20_000;
const LOOK_MS = 30;

export interface StartedRun {
  readonly run_id: string;
  readonly thread_id: string;
  readonly owner: TestPerson;
  readonly host: ScriptedHost;
  readonly turn: WorkerRequest;
  /** Asks for approval as the host does for its agent. */
  ask(approvalKey: string, change?: object, key?: string): Promise<Answered>;
  answer(approvalId: string, json: object, key?: string): Promise<Answered>;
  /** POST below the run's own path. */
  post(path: string, json: object, key?: string): Promise<Answered>;
  events(): Promise<RunEvent[]>;
  /** The first event of a type, once there is one. */
  event(type: string, which?: (payload: Record<string, unknown>) => boolean): Promise<RunEvent>;
}

export async function startTurn(owner: TestPerson, change: object = {}): Promise<StartedRun> {
  const host = await startScriptedHost(owner);
  const spec = {
    objective: 'count the files',
    work_unit: 'agent_task',
    agent: { driver: 'codex' },
    worker: { worker_id: host.worker_id },
    ...change,
  };
  const created = await owner.ask('/v1/runs', { json: { spec } });
  if (created.status !== 201) throw new Error(`${created.status}: ${created.text}`);
  const { run_id } = created.json.data;
  const turn = await host.request('turn/start');
  const post = (path: string, json: object, key: string = newId('req')) =>
    owner.ask(`/v1/runs/${run_id}${path}`, { json, key });

  async function events(): Promise<RunEvent[]> {
    return (await owner.ask(`/v1/runs/${run_id}/events?limit=1000`)).json.data.events;
  }

  return {
    run_id,
    thread_id: turn.thread_id,
    owner,
    host,
    turn,
    post,
    events,
    ask: (approval_key, more = {}, key = `${turn.request_id}:${approval_key}`) =>
      post(
        '/approvals',
        {
          request_id: turn.request_id,
          approval_key,
          kind: 'command_execution',
          subject: { text: 'npm publish', command: ['npm', 'publish'], cwd: '/work' },
          reason: 'to release it',
          scopes: ['once', 'run', 'session'],
          rule_key: 'command:npm publish',
          ...more,
        },
        key,
      ),
    answer: (approvalId, json, key) => post(`/approvals/${approvalId}`, json, key),
    async event(type, which = () => true) {
      const endMs = Date.now() + PATIENCE_MS;
      for (;;) {
        const found = (await events()).find(
          ({ event_type, payload }) => event_type === type && which(payload ?? {}),
        );
        if (found) return found;
        if (Date.now() > endMs) throw new Error(`no ${type} in ${PATIENCE_MS} ms`);
        await sleep(LOOK_MS);
      }
    },
  };
}
