/** That the histories on disk are whole: of every workflow, of every scenario, and of old builds exactly what was recorded. */
import { expect, test } from 'vitest';
import { SCENARIOS } from '../../services/worker/testing/scenarios/all.ts';
import { SYNC_SCENARIOS } from '../../services/worker/testing/scenarios/sync.ts';
import * as workflows from '../index.ts';
import { builds, newestBuild, readHistories, readSums, sumsOf } from '../testing/histories.ts';

const newest = newestBuild();
const frozen = builds().filter((build) => build !== newest);
const ofNewest = readHistories(newest);

test.each(frozen)('%s is as it was when it was frozen', (build) => {
  expect(sumsOf(build)).toBe(readSums(build));
});

test.each(Object.keys(workflows))('workflow %s has a history in the newest build', (type) => {
  expect(ofNewest.map(({ workflow_type }) => workflow_type)).toContain(type);
});

const scenarios = [...SCENARIOS, ...SYNC_SCENARIOS];

test.each(scenarios)('scenario $name has a history in the newest build', ({ name }) => {
  const hint = `npm run histories:record -- ${name}`;
  expect(
    ofNewest.map(({ scenario }) => scenario),
    hint,
  ).toContain(name);
});

test('a run in several histories has the one that goes on and the one that was begun by it', () => {
  const continued = SCENARIOS.filter(({ name }) => name.startsWith('continued-'));
  expect(continued.length).toBeGreaterThan(0);
  for (const { name } of continued) {
    const files = ofNewest.filter(({ scenario, file }) => scenario === name && !/verif/.test(file));
    expect(files.map(({ file }) => file)).toEqual([`${name}.history-1.json`, `${name}.json`]);
    const [first, last] = files.map(({ history }) => JSON.stringify(history));
    expect(first).toContain('"newExecutionRunId":"');
    expect(last).toContain(`"continuedExecutionRunId":"${files[0]?.run_id}"`);
  }
});

test('no history is left of a scenario that is gone', () => {
  const names = scenarios.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(ofNewest.filter(({ scenario }) => !names.includes(scenario))).toEqual([]);
});
