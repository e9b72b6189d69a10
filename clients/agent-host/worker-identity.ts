import { readTextIfPresent, writeFileAtomic } from '../api/atomic-file.ts';

/** Which worker this directory is, so that a restarted host comes back as the same one. */
export interface WorkerIdentity {
  load(): Promise<string | undefined>;
  save(workerId: string): Promise<void>;
}

const SCHEMA = 'openagents.agent_host_worker.v1';

export function createWorkerIdentity(directory: string): WorkerIdentity {
  const path = `${directory}/worker.json`;
  return {
    async load() {
      const text = await readTextIfPresent(path);
      if (text === undefined) return undefined;
      const file = JSON.parse(text) as { schema?: string; worker_id?: string };
      if (file.schema !== SCHEMA || !file.worker_id) {
        throw new Error(`${path} names no worker; remove it to register as a new one`);
      }
      return file.worker_id;
    },
    save: (workerId) =>
      writeFileAtomic(path, `${JSON.stringify({ schema: SCHEMA, worker_id: workerId })}\n`),
  };
}
