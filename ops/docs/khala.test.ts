/** docs/khala.md is what other languages are written from, so its numbers are the contract's and its bytes are real. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompactSign, calculateJwkThumbprint, importJWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { ENUM_NUMBERS, type FieldRow, MESSAGE_FIELDS } from '#proto/gen/tables.ts';
import { CLOSE_ACTION_OF_ERROR, CLOSE_CODE } from '#proto/khala-close.ts';
import { CASES } from '../khala-conformance/cases.ts';
import {
  ERROR_CODES,
  FRAME_FIELDS,
  KINDS,
  MESSAGES,
  STALE_REASONS,
} from '../khala-conformance/peer/contract.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(ROOT, 'docs', 'khala.md'), 'utf8');
const fixture = (name: string) =>
  JSON.parse(readFileSync(join(ROOT, 'docs', 'protocol', 'fixtures', name), 'utf8'));
const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

/** The page's block of numbers, word by word, as the contract would write it. */
const block = words(/```text\n(frame [\s\S]*?)```/.exec(page)?.[1] ?? '');

const sync = (name: string) => `openagents.sync.v1.${name}`;
const KIND_NUMBERS = ENUM_NUMBERS[sync('KhalaFrameKind')] ?? {};
/** Messages whose name is not that of their kind. */
const OTHER_NAMES: Readonly<Record<string, string>> = { error: 'SyncError' };
/** Short names of the page for what stands inside payloads. */
const INNER: Readonly<Record<string, string>> = {
  [sync('TopicCursor')]: 'cursor',
  [sync('Update')]: 'update',
};

function messageOf(kind: string): string {
  const pascal = kind.replace(/(^|_)([a-z])/g, (_, _under, letter) => letter.toUpperCase());
  return sync(OTHER_NAMES[kind] ?? pascal);
}

const isVarint = ({ kind }: FieldRow) => kind === 'uint32' || kind === 'uint64' || kind === 'enum';

function fieldsAsWritten(message: string): string[] {
  return (MESSAGE_FIELDS[message] ?? []).flatMap((row) => {
    const star = row.container === 'list' ? '*' : '';
    const type =
      row.kind === 'bytes'
        ? ['bytes']
        : row.kind === 'message'
          ? [`${star}${INNER[row.type ?? '']}`]
          : [];
    const mark = isVarint(row) ? '#' : row.kind === 'message' ? '' : star;
    return [String(row.number), ...type, `${mark}${row.name}`];
  });
}

function numbersAsWritten(enumeration: string): string[] {
  const numbers = Object.entries(ENUM_NUMBERS[sync(enumeration)] ?? {});
  return numbers
    .filter(([text]) => text !== '')
    .flatMap(([text, number]) => [String(number), text]);
}

describe('the block of numbers is the contract', () => {
  test('word by word', () => {
    const kinds = Object.entries(KIND_NUMBERS).filter(([text]) => text !== '');
    expect(block).toEqual([
      'frame',
      ...fieldsAsWritten(sync('KhalaFrame')),
      ...words('kind the fields of payload_bytes'),
      ...kinds.flatMap(([kind, number]) => [
        String(number),
        kind,
        ...fieldsAsWritten(messageOf(kind)),
      ]),
      'cursor',
      ...fieldsAsWritten(sync('TopicCursor')),
      'code',
      ...numbersAsWritten('SyncErrorCode'),
      'reason',
      ...numbersAsWritten('StaleReason'),
    ]);
  });

  test('and so are the tables that the conformance suite was given', () => {
    const asTable = (message: string) =>
      Object.fromEntries((MESSAGE_FIELDS[message] ?? []).map(({ name, number }) => [name, number]));
    const numbersOf = (fields: Readonly<Record<string, readonly [number, ...unknown[]]>>) =>
      Object.fromEntries(Object.entries(fields).map(([name, [number]]) => [name, number]));
    expect(numbersOf(FRAME_FIELDS)).toEqual(asTable(sync('KhalaFrame')));
    expect(numbersOf(MESSAGES.cursor)).toEqual(asTable(sync('TopicCursor')));
    for (const [kind, [number, fields]] of Object.entries(KINDS)) {
      expect([number, numbersOf(fields)]).toEqual([KIND_NUMBERS[kind], asTable(messageOf(kind))]);
    }
    for (const [texts, enumeration] of [
      [ERROR_CODES, 'SyncErrorCode'],
      [STALE_REASONS, 'StaleReason'],
    ] as const) {
      const numbers = ENUM_NUMBERS[sync(enumeration)] ?? {};
      expect(Object.fromEntries(texts.map((text, number) => [text, number]))).toEqual(numbers);
    }
  });
});

test('the heartbeat of the page is that of the fixture', () => {
  const { hex } = fixture('khala-frames.json').find(
    ({ name }: { name: string }) => name === 'heartbeat',
  );
  expect(page).toContain(`\`${hex.match(/../g)?.join(' ')}\``);
});

test('the proof of the page is that of the fixture, and its key signs it again', async () => {
  const { key, jkt, header, claims, proof } = fixture('khala-proof.json');
  const compact = (value: object) => JSON.stringify(value);
  const written = words(/```text\n(jkt [\s\S]*?)```/.exec(page)?.[1] ?? '').join('');
  expect(written).toBe(`jkt${jkt}header${compact(header)}claims${compact(claims)}proof${proof}`);
  expect(await calculateJwkThumbprint(header.jwk)).toBe(jkt);
  const again = await new CompactSign(new TextEncoder().encode(compact(claims)))
    .setProtectedHeader(header)
    .sign(await importJWK(key, 'EdDSA'));
  expect(again).toBe(proof);
});

test('every error stands beside the close code that it goes with', () => {
  const rows = [...page.matchAll(/^\| (4\d{3})[^|]*\| [^|]+ \| ([^|]*)\|$/gm)];
  expect(rows.map(([, code]) => Number(code))).toEqual(Object.values(CLOSE_CODE));
  const written = new Map(
    rows.flatMap(([, code, errors = '']) =>
      [...errors.matchAll(/`([a-z_]+)`/g)].map(([, error = '']) => [error, Number(code)] as const),
    ),
  );
  /** Errors of one topic, or of no socket at all. */
  const elsewhere = ['forbidden_topic', 'stale_cursor', 'payload_too_large'];
  for (const [error, action] of Object.entries(CLOSE_ACTION_OF_ERROR)) {
    if (!elsewhere.includes(error))
      expect([error, written.get(error)]).toEqual([error, CLOSE_CODE[action]]);
  }
});

test('every rule that a case of the suite names stands on the page', () => {
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading);
  const has = (rule: string) => {
    const [, section, number] = /^(Frames|Invariant) (\d+)$/.exec(rule) ?? [];
    if (section === 'Frames') return page.includes(`\n| ${number} | `);
    if (section === 'Invariant') return page.includes(`\n${number}. `);
    return headings.includes(rule);
  };
  const rules = [...new Set(CASES.map(({ rule }) => rule))];
  expect(rules.length).toBeGreaterThan(10);
  expect(rules.filter((rule) => !has(rule))).toEqual([]);
});
