import { expect, test } from 'vitest';
import { statementCounter } from './counted-line.ts';

function message(type: string, bytes: number): Buffer {
  const body = Buffer.alloc(4 + bytes);
  body.writeUInt32BE(body.length);
  return Buffer.concat([Buffer.from(type), body]);
}

test('statements are counted, whatever pieces they come in', () => {
  const sent = Buffer.concat([
    message('', 20),
    message('P', 30),
    message('B', 7),
    message('E', 5),
    message('S', 0),
    message('Q', 12),
    message('E', 0),
  ]);
  for (const size of [1, 3, 7, sent.length]) {
    const count = statementCounter();
    let found = 0;
    for (let at = 0; at < sent.length; at += size) found += count(sent.subarray(at, at + size));
    expect(found).toBe(3);
  }
});
