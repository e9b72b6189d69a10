import { expect, test } from 'vitest';
import { activityFaultPoints } from './fault-points.ts';

test('each activity reaches its own places, however many are under way', async () => {
  const reached: string[] = [];
  const faults = activityFaultPoints({ reach: (point) => reached.push(point) });
  const { create, finish } = faults.around({
    async create(name: string) {
      await Promise.resolve();
      faults.inTransactions.reach('commit');
      return name;
    },
    async finish() {
      throw new Error('refused');
    },
  });
  expect(await create('it')).toBe('it');
  await expect(finish()).rejects.toThrow('refused');
  await Promise.all([create('two'), create('three')]);
  faults.inTransactions.reach('commit');
  expect(reached.slice(0, 4)).toEqual([
    'create.begin',
    'create.commit',
    'create.done',
    'finish.begin',
  ]);
  expect(reached.filter((point) => point === 'create.commit')).toHaveLength(3);
  expect(reached.at(-1)).toBe('sweep.commit');
});
