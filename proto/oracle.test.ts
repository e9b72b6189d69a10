/**
 * Our mapping against another implementation of protobuf, in both directions. ProtoJSON says enum values by their
 * names where we say their text; that alone is translated.
 */
import { execFileSync } from 'node:child_process';
import {
  createFileRegistry,
  type DescEnum,
  type DescMessage,
  fromBinary,
  fromJson,
  getOption,
  type JsonValue,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DomainTypes } from './gen/domain.ts';
import { MESSAGE_FIELDS } from './gen/tables.ts';
import { openagents } from './gen/wire.js';
import {
  type BinaryName,
  fromJson as domainOf,
  fromWire,
  toJson as jsonOf,
  toWire,
} from './mapping.ts';
import { type MessageName, messageOf } from './read.ts';
import { messageJson } from './testing/arbitrary.ts';
import { validateMessage } from './validate.ts';

const image = execFileSync('node_modules/.bin/buf', ['build', 'proto', '-o', '-#format=binpb'], {
  cwd: new URL('..', import.meta.url),
  maxBuffer: 64 * 1024 * 1024,
});
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
const names = Object.keys(MESSAGE_FIELDS) as MessageName[];
const binaryNames = names.filter((name) =>
  Object.hasOwn(openagents.sync.v1, name.replace('openagents.sync.v1.', '')),
) as BinaryName[];

function descOf(name: string): DescMessage {
  const desc = registry.getMessage(name);
  if (desc === undefined) throw new Error(`the image lacks ${name}`);
  return desc;
}

function textsOf(desc: DescEnum): Map<string, string> {
  const text = registry.getExtension('openagents.options.v1.text');
  if (text === undefined) throw new Error('the image lacks the text option');
  return new Map(
    desc.values.map((value) => [
      value.name,
      value.number === 0 ? '' : String(getOption(value, text)),
    ]),
  );
}

/** The same JSON with every enum said as the oracle says it, or as we do. */
function translate(name: string, json: unknown, to: 'oracle' | 'ours'): JsonValue {
  const fields = json as Record<string, unknown>;
  const mapped = (MESSAGE_FIELDS[name] ?? [])
    .filter((row) => Object.hasOwn(fields, row.name))
    .map((row) => {
      const one = (value: unknown): unknown => {
        if (row.kind === 'message') return translate(row.type ?? '', value, to);
        const desc = row.kind === 'enum' ? registry.getEnum(row.type ?? '') : undefined;
        if (desc === undefined) return value;
        const pairs = [...textsOf(desc)];
        return to === 'ours'
          ? pairs.find(([enumName]) => enumName === value)?.[1]
          : pairs.find(([, text]) => text === value)?.[0];
      };
      const value = fields[row.name];
      if (row.container === 'list') return [row.name, (value as unknown[]).map(one)];
      if (row.container === 'map') {
        const entries = Object.entries(value as object).map(([key, item]) => [key, one(item)]);
        return [row.name, Object.fromEntries(entries)];
      }
      return [row.name, one(value)];
    });
  return Object.fromEntries(mapped) as JsonValue;
}

const WRITE = { useProtoFieldName: true, alwaysEmitImplicit: true, registry };

function oracleJson(name: string, json: unknown): JsonValue {
  const message = fromJson(descOf(name), translate(name, json, 'oracle'), { registry });
  return translate(name, toJson(descOf(name), message, WRITE), 'ours');
}

function codecOf(name: BinaryName) {
  const short = name.slice('openagents.sync.v1.'.length) as keyof typeof openagents.sync.v1;
  return openagents.sync.v1[short] as unknown as {
    encode(message: object): { finish(): Uint8Array };
    decode(bytes: Uint8Array): object;
  };
}

function encode<N extends BinaryName>(name: N, domain: DomainTypes[N]): Uint8Array {
  return codecOf(name).encode(toWire(name, domain)).finish();
}

const RUNS = { numRuns: 40 };

describe('the JSON form, beside an independent ProtoJSON', () => {
  it.each(names)('of %s is the same, zero values and all', (name) => {
    fc.assert(
      fc.property(messageJson(name), (json) => {
        expect(messageOf(name, json as never)).toEqual(oracleJson(name, json));
      }),
      RUNS,
    );
  });

  it.each(names)(
    'of %s, where our strict reader takes it, means the same to the oracle',
    (name) => {
      fc.assert(
        fc.property(messageJson(name), (json) => {
          const ours = validateMessage(name, json);
          if (ours.ok) expect(ours.value).toEqual(oracleJson(name, json));
        }),
        RUNS,
      );
    },
  );

  it.each<[string, MessageName, unknown]>([
    ['an unknown field', 'openagents.receipts.v1.TopicPosition', { topic: 't', extra: 1 }],
    ['text for a number', 'openagents.sync.v1.Hello', { protocol_version: 'one' }],
    ['a number for text', 'openagents.receipts.v1.TopicPosition', { topic: 1 }],
    ['a fraction of an integer', 'openagents.sync.v1.Hello', { protocol_version: 1.5 }],
    ['NaN', 'openagents.sync.v1.Hello', { protocol_version: 'NaN' }],
    [
      'NaN in a Struct',
      'openagents.codex.v1.HeartbeatRequest',
      { metadata_patch: { x: Number.NaN } },
    ],
    ['2^64', 'openagents.receipts.v1.TopicPosition', { seq: '18446744073709551616' }],
    ['a time that is none', 'openagents.runtime.v1.Thread', { created_at: 'yesterday' }],
    [
      'two arms of a oneof',
      'openagents.control.v1.SessionRevocationRequest',
      { session_id: 'a', device_id: 'b' },
    ],
  ])('refuses %s, as the oracle does', (_, name, json) => {
    expect(() => oracleOf(name, json)).toThrow();
    expect(validateMessage(name, json).ok).toBe(false);
  });

  it('is stricter than ProtoJSON where ProtoJSON lets two writings mean one thing', () => {
    const lax: [MessageName, unknown][] = [
      ['openagents.receipts.v1.TopicPosition', { seq: 5 }],
      ['openagents.receipts.v1.TopicPosition', { topic: null }],
      ['openagents.sync.v1.Hello', { protocol_version: '1' }],
      ['openagents.sync.v1.Hello', { deviceId: 'd' }],
    ];
    for (const [name, json] of lax) {
      expect(() => oracleOf(name, json)).not.toThrow();
      expect(validateMessage(name, json).ok, JSON.stringify(json)).toBe(false);
    }
  });

  it('leaves a oneof without an arm empty', () => {
    expect(messageOf('openagents.runtime.v1.RunEventPayload', {})).toEqual({});
    expect(oracleJson('openagents.runtime.v1.RunEventPayload', {})).toEqual({});
  });
});

/** The oracle on JSON as it stands: read, and written again. */
function oracleOf(name: string, json: unknown): unknown {
  return toJson(descOf(name), fromJson(descOf(name), json as JsonValue, { registry }), WRITE);
}

describe('the binary form, beside an independent protobuf', () => {
  it.each(binaryNames)('of %s reads there as we wrote it', (name) => {
    fc.assert(
      fc.property(messageJson(name), (json) => {
        const domain = domainOf(name, json);
        const read = fromBinary(descOf(name), encode(name, domain));
        expect(jsonOf(name, domain)).toEqual(
          translate(name, toJson(descOf(name), read, WRITE), 'ours'),
        );
      }),
      RUNS,
    );
  });

  it.each(binaryNames)('of %s reads here as it was written there', (name) => {
    fc.assert(
      fc.property(messageJson(name), (json) => {
        const message = fromJson(descOf(name), translate(name, json, 'oracle'), { registry });
        const wire = codecOf(name).decode(toBinary(descOf(name), message));
        expect(jsonOf(name, fromWire(name, wire))).toEqual(oracleJson(name, json));
      }),
      RUNS,
    );
  });

  it('keeps 2^53+1 and 2^63-1 exact, and bytes that are empty', () => {
    for (const seq of [2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 64n - 1n]) {
      const name = 'openagents.sync.v1.KhalaFrame';
      const frame = {
        topic: '',
        seq,
        kind: 'update' as const,
        payload_bytes: new Uint8Array(),
        schema_version: 0,
      };
      const read = fromWire(name, codecOf(name).decode(encode(name, frame)));
      expect({ ...read, payload_bytes: [...read.payload_bytes] }).toEqual({
        ...frame,
        payload_bytes: [],
      });
    }
  });

  it('reads past fields and enum values of the future', () => {
    const known = encode(
      'openagents.sync.v1.SyncError',
      domainOf('openagents.sync.v1.SyncError', { message: 'm', code: 'internal' }),
    );
    // Field 1 again with value 999, then field 111, a string.
    const future = Uint8Array.from([...known, 0x08, 0xe7, 0x07, 0xfa, 0x06, 0x01, 0x78]);
    const read = fromWire(
      'openagents.sync.v1.SyncError',
      codecOf('openagents.sync.v1.SyncError').decode(future),
    );
    expect(read).toMatchObject({ message: 'm', code: '' });
  });
});
