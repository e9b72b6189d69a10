import { errorCode } from '../api/atomic-file.ts';
import { GitError } from './git.ts';

const SAID_BY_GIT = /No space left on device|Out of diskspace|Disk quota exceeded/;

/** Nothing is wrong with the request: the same turn can be run where there is room. */
export function isDiskFull(error: unknown): boolean {
  if (['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')) return true;
  return error instanceof GitError && SAID_BY_GIT.test(error.stderr);
}
