import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { refuse, rootMessage } from './failures.ts';

test('the message is that of the innermost cause', () => {
  const cause = ApplicationFailure.nonRetryable('the repository could not be cloned', 'Harness');
  const activity = new ActivityFailure(
    'Activity task failed',
    'runHarness',
    '1',
    'MAXIMUM_ATTEMPTS_REACHED',
    undefined,
    cause,
  );
  const child = new ChildWorkflowFailure(
    'default',
    { workflowId: 'verification/1', runId: '1' },
    'verification',
    'NON_RETRYABLE_FAILURE',
    activity,
  );
  expect(rootMessage(child)).toBe('the repository could not be cloned');
});

test('a message is bounded, whatever failed', () => {
  expect(rootMessage(new Error('x'.repeat(10_000)))).toHaveLength(500);
  expect(rootMessage('a text')).toBe('a text');
});

test('a refusal names a registered type', () => {
  expect(refuse('illegalTransition', 'no')).toMatchObject({
    type: 'IllegalRunTransition',
    nonRetryable: true,
  });
});
