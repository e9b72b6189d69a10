import { expect, test } from 'vitest';
import type { ErrorCode } from '#proto/errors.ts';
import { ApiError } from '../api/errors.ts';
import { GATHERED_RUNS_MAX, gatherPosts, type RunBatch } from './gathered-posts.ts';

/** A platform whose answers wait until they are let go. */
function platform(refused: readonly string[] = [], whole?: ErrorCode) {
  const requests: string[][] = [];
  const answers: (() => void)[] = [];
  const answered = (batches: readonly RunBatch<string>[]) => {
    requests.push(batches.map(({ runId }) => runId));
    return new Promise<void>((resolve) => answers.push(resolve));
  };
  const outcomeOf = ({ runId }: RunBatch<string>) =>
    refused.includes(runId) ? new ApiError('Validation', 'no', { code: 'run_closed' }) : runId;
  const post = gatherPosts<string, string>({
    async one(batch) {
      await answered([batch]);
      const outcome = outcomeOf(batch);
      if (outcome instanceof ApiError) throw outcome;
      return outcome;
    },
    async together(batches) {
      if (whole) throw new ApiError('Validation', 'no', { code: whole });
      await answered(batches);
      return batches.map(outcomeOf);
    },
  });
  return {
    requests,
    post,
    async answerAll() {
      while (answers.length > 0) {
        for (const answer of answers.splice(0)) answer();
        await new Promise(setImmediate);
      }
    },
  };
}

test('the first batch leaves at once, and those that come while two are under way leave together', async () => {
  const { post, requests, answerAll } = platform();
  const posted = ['a', 'b', 'c', 'd', 'e'].map((run) => post(run, ['x']));
  await answerAll();
  expect(await Promise.all(posted)).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(requests).toEqual([['a'], ['b'], ['c', 'd', 'e']]);
});

test('a run that is refused is told so alone', async () => {
  const { post, answerAll } = platform(['c']);
  const posted = Promise.allSettled(['a', 'b', 'c', 'd'].map((run) => post(run, ['x'])));
  await answerAll();
  expect((await posted).map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
});

test('a request holds no more runs and bytes than the platform takes', async () => {
  const { post, requests, answerAll } = platform();
  const large = 'x'.repeat(400 * 1024);
  const runs = Array.from({ length: GATHERED_RUNS_MAX + 2 }, (_, index) => `run_${index}`);
  const posted = [
    ...['first', 'second'].map((run) => post(run, ['x'])),
    ...['l1', 'l2', 'l3'].map((run) => post(run, [large])),
    ...runs.map((run) => post(run, ['x'])),
  ];
  await answerAll();
  await Promise.all(posted);
  expect(requests.slice(2).map(({ length }) => length)).toEqual([2, GATHERED_RUNS_MAX, 3]);
});

test.each([
  ['of an earlier version', 'not_found'],
  ['that cannot read one of them', 'invalid_request'],
] as const)('a platform %s is asked for each run by itself', async (_, whole) => {
  const { post, requests, answerAll } = platform(['c'], whole);
  const posted = Promise.allSettled(['a', 'b', 'c', 'd'].map((run) => post(run, ['x'])));
  await answerAll();
  expect((await posted).map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
  expect(requests).toEqual([['a'], ['b'], ['c'], ['d']]);
});
