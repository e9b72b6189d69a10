import { expect, test } from 'vitest';
import { costMsats, createUsageMeter } from './usage.ts';

const total = (inputTokens: number, outputTokens: number, cachedInputTokens = 0) => ({
  inputTokens,
  cachedInputTokens,
  outputTokens,
  reasoningOutputTokens: 0,
});

test('each event holds what came on top, so that their sum is the total', () => {
  const meter = createUsageMeter(() => 'm', undefined);
  const events = [total(100, 20), total(250, 50)].map((counts) => meter.advance(counts));
  expect(events.map((event) => event?.['input_tokens'])).toEqual(['100', '150']);
  expect(events.map((event) => event?.['output_tokens'])).toEqual(['20', '30']);
});

test('what a resumed thread used before is told again and not counted again', () => {
  const meter = createUsageMeter(() => 'm', undefined);
  meter.begin(total(1_000, 200));
  expect(meter.advance(total(1_000, 200))).toBeUndefined();
  expect(meter.advance(total(1_100, 220))).toMatchObject({
    input_tokens: '100',
    output_tokens: '20',
  });
});

test('a thread that counts from less after it was compacted never counts backwards', () => {
  const meter = createUsageMeter(() => 'm', undefined);
  meter.advance(total(1_000, 200));
  expect(meter.advance(total(50, 210))).toMatchObject({ input_tokens: '0', output_tokens: '10' });
});

test('a price makes a cost, rounded up; without one the cost is nothing', () => {
  const price = { inputMsats: 1_000_000, cachedInputMsats: 100_000, outputMsats: 4_000_000 };
  expect(costMsats({ input_tokens: 100, cached_input_tokens: 40, output_tokens: 20 }, price)).toBe(
    60 + 4 + 80,
  );
  expect(costMsats({ input_tokens: 1, cached_input_tokens: 1, output_tokens: 0 }, price)).toBe(1);
  expect(createUsageMeter(() => 'm', undefined).advance(total(1, 1))).toMatchObject({
    cost_msats: '0',
  });
});
