import { expect, test } from 'vitest';
import { calledAs, spellOut } from './called-as.ts';

test('whoever called it by its path is told that path, whoever has it on the PATH its name', () => {
  expect(calledAs({})).toBe('oa');
  expect(calledAs({ OA_CALLED_AS: './bin/oa', PATH: '/usr/bin' })).toBe('./bin/oa');
  expect(calledAs({ OA_CALLED_AS: '/opt/oa/bin/oa', PATH: '/usr/bin:/opt/oa/bin' })).toBe('oa');
});

test('the commands of a hint can be called as they stand there', () => {
  const environment = { OA_CALLED_AS: './bin/oa' };
  expect(spellOut('Run `oa login`.', environment)).toBe('Run `./bin/oa login`.');
  expect(spellOut('Watch it: oa runs watch R    Stop it: oa runs cancel R', environment)).toBe(
    'Watch it: ./bin/oa runs watch R    Stop it: ./bin/oa runs cancel R',
  );
  expect(spellOut('what oa says', environment)).toBe('what oa says');
});
