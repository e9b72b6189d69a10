import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MESSAGE_SCHEMAS } from '#proto/gen/schemas.ts';
import { TOPIC_POLICY } from '#proto/topics.ts';
import { GATES } from '#services/control/guards/rate-limit.ts';
import { DEFAULT_RUN_TIMINGS } from '#workflows/run/timings.ts';
import { constantIn } from './constants.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(ROOT, 'docs', 'limits.md'), 'utf8');

/** `| `NAME` | 1,000 | ms | `path` | why |` */
const constants = [
  ...text.matchAll(/^\| `([A-Za-z_.]+)` \| ([\d,.]+) \| [^|]+ \| `([^`]+\.ts)` \| [^|]+ \|$/gm),
].map(([, name = '', value = '', path = '']) => ({ name, path, value: numberOf(value) }));

function numberOf(written: string): number {
  return Number(written.replaceAll(',', ''));
}

test.each(constants)('$name of $path', async ({ name, path, value }) => {
  expect(await constantIn(ROOT, path, name)).toBe(value);
});

/** Modules that hold nothing but limits: a new one must be documented. */
const MODULES_OF_LIMITS = [
  'proto/limits.ts',
  'workflows/run/limits.ts',
  'services/khala/limits.ts',
  'services/verifier/sandbox/limits.ts',
];

test.each(MODULES_OF_LIMITS)('every limit of %s is documented', (path) => {
  const source = readFileSync(join(ROOT, path), 'utf8');
  const declared = [...source.matchAll(/^(?:export )?const ([A-Z][A-Z0-9_]+)\b/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'KIB' && name !== 'MIB' && name !== 'GIB');
  const documented = constants.filter((each) => each.path === path).map((each) => each.name);
  expect(declared.length).toBeGreaterThan(0);
  expect(documented.sort()).toEqual(declared.sort());
});

test.each([
  ['GATES', GATES, (gate: string) => `${gate}.limit`],
  ['DEFAULT_RUN_TIMINGS', DEFAULT_RUN_TIMINGS, (timing: string) => timing],
])('every member of %s is documented', (name, members, memberOf) => {
  const documented = constants
    .map((each) => each.name)
    .filter((each) => each.startsWith(`${name}.`));
  const expected = Object.keys(members).map((member) => `${name}.${memberOf(member)}`);
  expect(documented.sort()).toEqual(expected.sort());
});

test('the classes of topics are those of the policy', () => {
  const rows = [
    ...text.matchAll(
      /^\| `([a-z_]+)` \| (hot|warm|cold) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([^|]+) \|$/gm,
    ),
  ].map(
    ([
      ,
      topicClass = '',
      tier = '',
      budget = '',
      retention = '',
      bytes = '',
      rate = '',
      from = '',
    ]) => [
      topicClass,
      {
        tier,
        budget: numberOf(budget),
        retentionS: numberOf(retention),
        bytes: numberOf(bytes),
        rate: numberOf(rate),
        from,
      },
    ],
  );
  const policy = Object.entries(TOPIC_POLICY).map(([topicClass, row]) => [
    topicClass,
    {
      tier: row.tier,
      budget: row.replayBudgetEvents,
      retentionS: row.retentionS,
      bytes: row.payloadBytesMax,
      rate: row.publishRatePerSecond,
      from: row.snapshot.from,
    },
  ]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(policy));
});

describe('fields', () => {
  const documented = [
    ...text.matchAll(/^\| `(openagents\.[A-Za-z0-9.]+)\.([a-z_]+)` \| ([\d,]+) \| (\S+) \|$/gm),
  ].map(([, message = '', field = '', value = '', unit = '']) => ({
    field: `${message}.${field}`,
    value: numberOf(value),
    unit,
  }));

  test('every bound of a request is documented as the schema has it', () => {
    expect(documented).toEqual(boundsOfRequests());
  });
});

const UNITS = { maxLength: 'characters', maxItems: 'items', maximum: 'at_most' } as const;
/** The range of the type itself bounds nothing. */
const RANGES_OF_TYPES = [2 ** 31 - 1, 2 ** 32 - 1];

/** What people and hosts send to the runtime and to control, by message. */
function boundsOfRequests() {
  return Object.entries(MESSAGE_SCHEMAS)
    .filter(([message]) => !message.startsWith('openagents.sync.'))
    .flatMap(([message, schema]) =>
      Object.entries(
        (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>,
      ).flatMap(([field, rules]) =>
        Object.entries(UNITS).flatMap(([rule, unit]) => {
          const value = rules[rule];
          if (typeof value !== 'number' || RANGES_OF_TYPES.includes(value)) return [];
          return [{ field: `${message}.${field}`, value, unit }];
        }),
      ),
    )
    .sort((a, b) => (a.field < b.field ? -1 : 1));
}
