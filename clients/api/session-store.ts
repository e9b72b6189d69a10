import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readTextIfPresent, writeFileAtomic } from './atomic-file.ts';
import { withLock } from './process-lock.ts';

/** One login at one control service. */
export interface StoredSession {
  schema: typeof SESSION_SCHEMA;
  control_url: string;
  user_id: string;
  email: string;
  org_id: string;
  session_id: string;
  access_token: string;
  access_expires_at_ms: number;
  refresh_token: string;
}

export const SESSION_SCHEMA = 'openagents.client_session.v1';
/** A refresh is one HTTP request with retries; a process that waits longer finds its own answer. */
const LOCK_WAIT_MS = 60_000;

export interface SessionStore {
  load(): Promise<StoredSession | undefined>;
  save(session: StoredSession): Promise<void>;
  forget(): Promise<void>;
  /** One process at a time: whoever comes second reads what the first one stored. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

/** A file per control service, readable by the user alone. */
export function createSessionStore(configDirectory: string, controlUrl: string): SessionStore {
  const name = createHash('sha256').update(controlUrl).digest('hex').slice(0, 16);
  const path = join(configDirectory, 'sessions', `${name}.json`);
  return {
    async load() {
      const text = await readTextIfPresent(path);
      return text === undefined ? undefined : parse(text);
    },
    save: (session) => writeFileAtomic(path, `${JSON.stringify(session, null, 2)}\n`),
    forget: () => rm(path, { force: true }),
    exclusively: (work) => withLock(`${path}.lock`, LOCK_WAIT_MS, work),
  };
}

/** A file of another schema or a broken one counts as logged out: logging in replaces it. */
function parse(text: string): StoredSession | undefined {
  try {
    const value = JSON.parse(text) as Partial<StoredSession>;
    const complete =
      value.schema === SESSION_SCHEMA &&
      typeof value.access_token === 'string' &&
      typeof value.refresh_token === 'string' &&
      typeof value.access_expires_at_ms === 'number';
    return complete ? (value as StoredSession) : undefined;
  } catch {
    return undefined;
  }
}
