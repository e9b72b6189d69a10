import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { readableLine } from './screen.ts';

const plain = (line: string) => stripVTControlCharacters(readableLine(line));

test('a structured line shows its message and what is particular to it', () => {
  expect(plain('{"level":30,"time":1,"service":"runtime","msg":"listening","port":4100}')).toBe(
    'listening port=4100',
  );
});

test('other lines stay as they are', () => {
  expect(plain('LOG:  checkpoint complete')).toBe('LOG:  checkpoint complete');
  expect(plain('{not json')).toBe('{not json');
});
