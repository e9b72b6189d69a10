import { expect, test } from 'vitest';
import { isId, newId } from '#proto/ids.ts';
import { derivedId } from './derived-id.ts';

test('the same parts give the same id, others another', () => {
  const run = newId('run');
  const id = derivedId('req', run, 'turn', 1, 0);
  expect(isId('req', id)).toBe(true);
  expect(derivedId('req', run, 'turn', 1, 0)).toBe(id);
  expect(derivedId('req', run, 'turn', 1, 1)).not.toBe(id);
  expect(derivedId('req', newId('run'), 'turn', 1, 0)).not.toBe(id);
});

test('a derived id has the time of its parent', () => {
  const run = newId('run');
  const timeOf = (id: string) => id.slice(id.lastIndexOf('_') + 1).slice(0, 9);
  expect(timeOf(derivedId('verification', run, 1))).toBe(timeOf(run));
});
