import type { JSONWebKeySet } from 'jose';
import type { Sql } from '#db/connect.ts';
import { checkLogs } from './check-logs.ts';
import { checkLoops } from './check-loops.ts';
import { checkPromises, type Promises } from './check-promises.ts';
import { checkReceipts } from './check-receipts.ts';
import { checkRuns, type Expectation } from './check-runs.ts';
import { checkTopics } from './check-topics.ts';
import { checkWorkers } from './check-workers.ts';
import type { Violation } from './violation.ts';

export interface CheckedDatabase {
  /** May read all of `runtime`. */
  sql: Sql;
  artifactsDirectory: string;
  /** As published: what the platform says about itself is no evidence. */
  keys: JSONWebKeySet;
  expectationOf(runId: string): Expectation;
  promises: Promises;
}

/** Everything that must hold over the database of a platform that came to rest, whatever happened to it before. */
export async function checkDatabase(checked: CheckedDatabase): Promise<Violation[]> {
  const { sql, keys, artifactsDirectory, expectationOf, promises } = checked;
  const found = await Promise.all([
    checkLogs(sql),
    checkWorkers(sql),
    checkTopics(sql),
    checkReceipts(sql, keys),
    checkRuns(sql, artifactsDirectory, expectationOf),
    checkPromises(sql, promises),
    checkLoops(sql),
  ]);
  return found.flat();
}
