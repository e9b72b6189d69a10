import { expect, test } from 'vitest';
import { DensityChecker } from './density-checker.ts';

function faultsOf(seqs: number[], epochAt: (index: number) => string = () => 'e1'): string[] {
  const checker = new DensityChecker();
  seqs.forEach((seq, index) => {
    checker.record({ topic: 't', epoch: epochAt(index), seq: BigInt(seq) });
  });
  return checker.faults.map(({ fault }) => fault);
}

test('a dense record has no fault', () => {
  expect(faultsOf([1, 2, 3, 4])).toEqual([]);
});

test.each([
  ['a lost event', [1, 2, 4], ['lost']],
  ['a lost first event', [2, 3], ['lost']],
  ['a doubled event', [1, 2, 2, 3], ['doubled']],
  ['two events in the wrong order', [1, 3, 2, 4], ['lost', 'reordered', 'lost']],
])('%s is found', (_, seqs, faults) => {
  expect(faultsOf(seqs)).toEqual(faults);
});

test('an event of another lineage is found', () => {
  expect(faultsOf([1, 2], (index) => `e${index}`)).toEqual(['other_lineage']);
});

test('a reader that resumes is checked from where it stopped', () => {
  const checker = new DensityChecker();
  checker.begin('t', 'e1', 7n);
  checker.record({ topic: 't', epoch: 'e1', seq: 8n });
  expect(checker.faults).toEqual([]);
});
