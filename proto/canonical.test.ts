import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CanonicalError,
  canonicalBytes,
  canonicalJson,
  hashCanonical,
  JSON_DEPTH_MAX,
  type JsonValue,
} from './canonical.ts';

const strictJson = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 5 }),
  ),
})).value;

function refusal(value: unknown, options = {}): string {
  try {
    canonicalJson(value as JsonValue, options);
    return 'accepted';
  } catch (error) {
    return error instanceof CanonicalError ? error.message : 'another error';
  }
}

describe('the canonical form', () => {
  it('sorts names by UTF-16 code units and writes no space', () => {
    const late = '\ufb33';
    expect(canonicalJson({ '€': 1, '\r': 2, '1': 3, '😀': 4, [late]: 5 })).toBe(
      `{"\\r":2,"1":3,"€":1,"😀":4,"${late}":5}`,
    );
  });

  it('writes doubles as RFC 8785 does, where they are allowed', () => {
    const numbers = [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0];
    expect(canonicalJson(numbers, { floats: true })).toBe(
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    );
  });

  it('does not depend on the order in which names were set', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), strictJson), (fields) => {
        const reversed = Object.fromEntries(Object.entries(fields).reverse());
        return canonicalJson(fields) === canonicalJson(reversed);
      }),
    );
  });

  it('reads back as the same value and as the same bytes', () => {
    fc.assert(
      fc.property(strictJson, (value) => {
        const text = canonicalJson(value);
        const again = JSON.parse(text) as JsonValue;
        expect(canonicalJson(again)).toBe(text);
      }),
    );
  });

  it.each([
    ['a fraction', { amount: 1.5 }, '$.amount: is a fraction'],
    ['an integer beyond 2^53-1', [2 ** 53], '$[0]: is an integer beyond 2^53-1'],
    ['NaN', { a: { b: Number.NaN } }, '$.a.b: is not a finite number'],
    ['undefined', { 'odd name': undefined }, '$["odd name"]: is undefined'],
    ['a hole', Array(1), '$[0]: is undefined'],
    ['a bigint', [1n], '$[0]: is bigint'],
    ['a lone surrogate', ['\ud800'], '$[0]: holds a lone surrogate'],
    ['a lone surrogate in a name', { '\udc00': 1 }, 'has a name with a lone surrogate'],
    ['a date', { at: new Date(0) }, '$.at: is not a plain object'],
    ['a map', new Map(), '$: is not a plain object'],
    ['a function', { toJSON: () => 1 }, '$.toJSON: is function'],
  ])('refuses %s, naming its path', (_, value, message) => {
    expect(refusal(value)).toContain(message);
  });

  it('never lets infinity through, floats or not', () => {
    expect(refusal([Number.POSITIVE_INFINITY], { floats: true })).toContain('$[0]');
  });

  it('refuses what is nested too deep instead of overflowing the stack', () => {
    let deep: JsonValue = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(refusal(deep)).toContain(`nested deeper than ${JSON_DEPTH_MAX}`);
    const cyclic: JsonValue[] = [];
    cyclic.push(cyclic);
    expect(refusal(cyclic)).toContain('nested deeper');
  });

  it('accepts objects of another realm, as a workflow has them', () => {
    expect(canonicalJson(Object.create(null) as JsonValue)).toBe('{}');
  });

  it('hashes the UTF-8 bytes', () => {
    expect(canonicalBytes('é')).toEqual(new TextEncoder().encode('"é"'));
    expect(hashCanonical({})).toBe(
      'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    );
  });
});
