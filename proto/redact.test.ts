import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from './canonical.ts';
import { redactJson, redactText } from './redact.ts';

describe('redaction', () => {
  it.each([
    ['Authorization: Bearer abcdefgh12345678', 'Authorization: [redacted:bearer]'],
    ['key sk-abcdefghijklmnop1234 ok', 'key [redacted:api_key] ok'],
    [`push with ghp_${'a'.repeat(36)}.`, 'push with [redacted:api_key].'],
    ['AKIAABCDEFGHIJKLMNOP', '[redacted:api_key]'],
    [`t=eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0xx.c2lnbmF0dXJl`, 't=[redacted:jwt]'],
    ['mail anna@example.org now', 'mail [redacted:email] now'],
    ['call +49 170 1234567', 'call [redacted:phone]'],
    ['https://anna:hunter2@example.org/x', 'https://anna:[redacted:url_password]@example.org/x'],
    [
      '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\nafter',
      '[redacted:private_key]\nafter',
    ],
  ])('takes the secret out of %j', (text, clean) => {
    expect(redactText(text)).toBe(clean);
  });

  it.each([
    'git@github.com:OpenAgentsInc/openagents.git',
    '@@ -1,3 +10,5 @@ function add(a, b) {',
    '+ const total = 1234567890123;',
    'npm install @noble/hashes@2.4.0',
    'sk-',
    'a decorator @Injectable() in the source',
    'https://example.org/path?q=1',
  ])('leaves %j alone', (text) => {
    expect(redactText(text)).toBe(text);
  });

  it('hides fields by their name, whatever its case, and names their paths', () => {
    const { value, redacted } = redactJson({
      accessToken: 'abc',
      headers: { Authorization: 'x', 'set-cookie': 'y', accept: 'json' },
      db_password: ['p'],
      users: [{ email: 'nobody', phone: 491701234567 }],
      note: 'from anna@example.org',
    });
    expect(value).toEqual({
      accessToken: '[redacted]',
      headers: { Authorization: '[redacted]', 'set-cookie': '[redacted]', accept: 'json' },
      db_password: '[redacted]',
      users: [{ email: '[redacted]', phone: '[redacted]' }],
      note: 'from [redacted:email]',
    });
    expect(redacted).toEqual([
      '$.accessToken',
      '$.headers.Authorization',
      '$.headers["set-cookie"]',
      '$.db_password',
      '$.users[0].email',
      '$.users[0].phone',
      '$.note',
    ]);
  });

  it('keeps counts, public keys and network addresses', () => {
    const usage = {
      input_tokens: 12,
      token: 5,
      public_key: 'pk',
      ip_address: '10.0.0.1',
      secret: null,
    };
    const { value, redacted } = redactJson(usage);
    expect(value).toBe(usage);
    expect(redacted).toEqual([]);
  });

  it('changes nothing when it runs a second time, and never the value it was given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (given) => {
        const before = JSON.stringify(given);
        const once = redactJson(given as JsonValue);
        expect(JSON.stringify(given)).toBe(before);
        expect(redactJson(once.value)).toEqual({ value: once.value, redacted: [] });
      }),
    );
  });

  it.each([
    'a@',
    'a.',
    'a-',
    'eyJ',
    'eyJ-',
    '+1 ',
    ' +1111111',
    '://a:',
    'bearer ',
    '-----BEGIN ',
    '-----BEGIN PRIVATE KEY-----',
  ])('answers a mebibyte of %j, made to be slow, as if it were a mebibyte of text', (part) => {
    const startedMs = performance.now();
    redactText(`@${part.repeat(2 ** 20 / part.length)}@`);
    // Quadratic search takes minutes here.
    expect(performance.now() - startedMs).toBeLessThan(4_000);
  });
});
