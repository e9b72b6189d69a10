import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JSONWebKeySet } from 'jose';
import { connect, type Sql } from '#db/connect.ts';
import { POSTGRES_PASSWORD, POSTGRES_SUPERUSER } from '../../dev/embedded-postgres.ts';
import { freePort } from '../../dev/free-port.ts';
import { type Oa, oaOf, repositoryWithBug } from '../../testing/oa.ts';
import { type Ask, asPerson } from '../../testing/person.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../../testing/stack-process.ts';
import { type FaultFiles, faultFiles } from '../boundaries.ts';

/** A stack of its own with a person who logged in, and a repository with a bug. */
export interface Platform {
  stack: StackProcess;
  ask: Ask;
  oa: Oa;
  /** Where `oa` is called, and what agent hosts have as their root. */
  src: string;
  faults: FaultFiles;
  /** As superuser: to look, and to take away what holds. */
  sql: Sql;
  repository: { source: string; commit: string };
  artifactsDirectory: string;
  publishedKeys(): Promise<JSONWebKeySet>;
  remove(): Promise<void>;
}

export interface PlatformOptions {
  env?: NodeJS.ProcessEnv;
  /** Of the stack; made anew without. */
  directory?: string;
  /** How `oa` reaches control. */
  controlUrl?: string;
}

export async function openPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const { env = {}, directory = await stackDirectory() } = options;
  const port = Number(env['OA_POSTGRES_PORT']) || (await freePort());
  const faults = faultFiles(join(directory, 'faults'));
  const stack = await startStackProcess(directory, {
    OA_POSTGRES_PORT: String(port),
    OA_FAULT_POINTS_DIR: faults.directory,
    OA_LOG_LEVEL: 'warn',
    ...env,
  });
  const src = join(directory, 'src');
  mkdirSync(src);
  const source = repositoryWithBug(join(src, 'app'));
  const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: source, encoding: 'utf8' });
  const oa = oaOf(stack, src, options.controlUrl);
  await oa.login('operator@example.invalid');
  const { user_id } = JSON.parse((await oa.run('whoami', '--json')).out);
  const runtime = stack.state().addresses['runtime'] ?? '';
  const key = join(directory, 'data', 'keys', 'service-control.json');
  const sql = connect({
    url: `postgres://${POSTGRES_SUPERUSER}:${POSTGRES_PASSWORD}@127.0.0.1:${port}/postgres`,
    max: 4,
    applicationName: 'oa-campaign',
    settings: { statement_timeout: '0' },
  });
  return {
    ...{ stack, oa, sql, faults, src },
    ask: await asPerson(key, runtime, user_id),
    repository: { source, commit: commit.trim() },
    artifactsDirectory: join(directory, 'data', 'artifacts'),
    async publishedKeys() {
      const answer = await fetch(`${runtime}/.well-known/jwks.json`);
      return (await answer.json()) as JSONWebKeySet;
    },
    async remove() {
      await sql.end({ timeout: 1 });
      await removeStack(stack);
    },
  };
}
