import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkerRequest } from '#proto/gen/types.ts';
import { giveWorker } from './given.ts';
import type { Answered, TestPerson } from './runtime-process.ts';

const PATIENCE_MS = 20_000;

/** An agent host reduced to its HTTP calls. */
export interface ScriptedHost {
  readonly worker_id: string;
  /** The open request of this method, once there is one. */
  request(method: string): Promise<WorkerRequest>;
  answer(request: WorkerRequest, response: object): Promise<Answered>;
  refuse(request: WorkerRequest, error: { code: string; message: string }): Promise<Answered>;
}

export async function startScriptedHost(owner: TestPerson): Promise<ScriptedHost> {
  const worker_id = await giveWorker(owner);
  const post = (event_type: string, payload: object) =>
    owner.ask(`/v1/workers/${worker_id}/events`, { json: { events: [{ event_type, payload }] } });
  return {
    worker_id,
    async request(method) {
      const endMs = Date.now() + PATIENCE_MS;
      for (;;) {
        const { json } = await owner.ask(`/v1/workers/${worker_id}/requests?state=pending`);
        const open: WorkerRequest[] = json.data.requests;
        const found = open.find((request) => request.method === method);
        if (found) return found;
        if (Date.now() > endMs) throw new Error(`no ${method} in ${PATIENCE_MS} ms`);
        await sleep(50);
      }
    },
    answer: ({ request_id, method }, response) =>
      post('worker.response', { request_id, method, ok: true, response }),
    refuse: ({ request_id, method }, error) =>
      post('worker.error', { request_id, method, ...error }),
  };
}

/** What a host answers when an agent did its work and changed nothing. */
export const NOTHING_CHANGED = {
  status: 'completed',
  exit_code: 0,
  patch: null,
  repo_bundle: null,
  files_changed: 0,
  output: null,
};
