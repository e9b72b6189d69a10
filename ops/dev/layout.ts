import { join } from 'node:path';

/** Where the local stack keeps things. Everything below `data` is the user's; `cache` can be deleted at any time. */
export interface Layout {
  root: string;
  data: string;
  postgres: string;
  temporalDatabase: string;
  artifacts: string;
  keys: string;
  logs: string;
  lock: string;
  state: string;
  cache: string;
}

/** `OA_DATA_DIR` moves the data, so that several stacks can live on one machine. */
export function stackLayout(env: NodeJS.ProcessEnv): Layout {
  const root = join(import.meta.dirname, '..', '..');
  const data = env['OA_DATA_DIR'] || join(root, '.data');
  return {
    root,
    data,
    postgres: join(data, 'postgres'),
    temporalDatabase: join(data, 'temporal.db'),
    artifacts: join(data, 'artifacts'),
    keys: join(data, 'keys'),
    logs: join(data, 'logs'),
    lock: join(data, 'stack.lock'),
    state: join(data, 'stack.json'),
    cache: join(root, '.cache'),
  };
}
