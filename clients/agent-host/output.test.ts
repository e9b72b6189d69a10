import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  FLUSH_INTERVAL_MS,
  OutputCoalescer,
  PROGRESS_CHARACTERS_MAX,
  PROGRESS_TOTAL_CHARACTERS_MAX,
  type ProgressText,
} from './output.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function collector() {
  const shown: ProgressText[] = [];
  let text = '';
  const output = new OutputCoalescer({
    now: () => Date.now(),
    onProgress: (progress) => shown.push(progress),
    onText: (part) => {
      text += part;
    },
  });
  return { output, shown, text: () => text };
}

const bytes = (text: string) => new TextEncoder().encode(text);

test('many small writes become one event per stream and interval', () => {
  const { output, shown } = collector();
  for (let count = 0; count < 500; count += 1) output.push('stdout', bytes('.\n'));
  output.push('stderr', bytes('!\n'));
  vi.advanceTimersByTime(FLUSH_INTERVAL_MS);
  expect(shown).toEqual([
    { stream: 'stdout', text: '.\n'.repeat(500) },
    { stream: 'stderr', text: '!\n' },
  ]);
});

test('a character that is split between two chunks is whole again', () => {
  const { output, text } = collector();
  const [first, ...rest] = bytes('è\n');
  output.push('stdout', Uint8Array.of(first ?? 0));
  output.push('stdout', Uint8Array.from(rest));
  output.end();
  expect(text()).toBe('è\n');
});

test('a secret that arrives in pieces of a line is redacted as a whole', () => {
  const { output, shown, text } = collector();
  const token = `ghp_${'a1B2'.repeat(9)}`;
  for (const character of `key ${token}\n`) output.push('stdout', bytes(character));
  output.end();
  expect(text()).toBe('key [redacted:api_key]\n');
  expect(JSON.stringify(shown)).not.toContain(token);
});

test('a prompt without a line end is shown after a while', () => {
  const { output, shown } = collector();
  output.push('stdout', bytes('Password? '));
  vi.advanceTimersByTime(FLUSH_INTERVAL_MS * 2);
  expect(shown).toEqual([]);
  vi.advanceTimersByTime(1_200);
  expect(shown).toEqual([{ stream: 'stdout', text: 'Password? ' }]);
});

test('of what gathers in one interval the end is shown, and the rest is counted and kept', () => {
  const { output, shown, text } = collector();
  const line = `${'x'.repeat(99)}\n`;
  output.push('stdout', bytes(line.repeat(1_000)));
  vi.advanceTimersByTime(FLUSH_INTERVAL_MS);
  expect(shown).toHaveLength(1);
  expect(shown[0]?.text).toMatch(/^\[… 91808 characters not shown\]/);
  expect(shown[0]?.text.length).toBeLessThan(PROGRESS_CHARACTERS_MAX + 100);
  expect(text().length).toBe(100_000);
});

test('a turn shows so much and no more, and says where the rest is', () => {
  const { output, shown } = collector();
  for (let count = 0; count < 200; count += 1) {
    output.push('stdout', bytes(`${'y'.repeat(8_000)}\n`));
    vi.advanceTimersByTime(FLUSH_INTERVAL_MS);
  }
  const characters = shown.reduce((sum, { text }) => sum + text.length, 0);
  expect(characters).toBeLessThan(PROGRESS_TOTAL_CHARACTERS_MAX + 2 * PROGRESS_CHARACTERS_MAX);
  expect(shown.at(-1)?.text).toContain('in the output artifact only');
});
