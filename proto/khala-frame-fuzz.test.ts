/** Frames as nobody should send them. The seed of a failure is printed, and `OA_SEED` plays it again. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  decodeFrame,
  decodeJsonFrame,
  encodeFrame,
  frameBytes,
  type KhalaMessage,
  MalformedFrameError,
} from './khala-frame.ts';
import { loadFixtures } from './testing/fixture-files.ts';

const { frames, malformed_frames } = loadFixtures();
const bytesOf = ({ hex }: { hex: string }) => Uint8Array.from(Buffer.from(hex, 'hex'));
const whole = frames.map(bytesOf);
const texts = frames.map(({ json }) => JSON.stringify(json));

const seed = Number(process.env['OA_SEED'] ?? Date.now() % 1_000_000);
const parameters = { seed, numRuns: 1_000 };

/** What a decoder may do: give a message, or throw the one error that it names. */
function outcomeOf(decode: () => KhalaMessage): 'message' | 'malformed' {
  try {
    return typeof decode().kind === 'string' ? 'message' : 'malformed';
  } catch (fault) {
    if (fault instanceof MalformedFrameError) return 'malformed';
    throw fault;
  }
}
const binary = (bytes: Uint8Array) => outcomeOf(() => decodeFrame(bytes));
const json = (text: string) => outcomeOf(() => decodeJsonFrame(text));

function spliced(from: Uint8Array, at: number, cut: number, put: Uint8Array): Uint8Array {
  const where = at % (from.length + 1);
  return Uint8Array.from([...from.subarray(0, where), ...put, ...from.subarray(where + cut)]);
}

describe('bytes', () => {
  test('of every real frame, cut at every byte, are a message or malformed', () => {
    let cuts = 0;
    let malformed = 0;
    for (const frame of [...whole, ...malformed_frames.map(bytesOf)]) {
      for (let length = 0; length < frame.length; length += 1) {
        cuts += 1;
        malformed += binary(frame.subarray(0, length)) === 'malformed' ? 1 : 0;
      }
    }
    expect(cuts).toBeGreaterThan(2_000);
    expect(malformed / cuts).toBeGreaterThan(0.8);
  });

  test('of every real frame with every byte replaced are a message or malformed', () => {
    const seen = new Set<string>();
    for (const frame of whole) {
      for (let at = 0; at < frame.length; at += 1) {
        for (const byte of [0x00, 0x80, 0xff, (frame[at] ?? 0) ^ 1]) {
          const broken = frame.slice();
          broken[at] = byte;
          seen.add(binary(broken));
        }
      }
    }
    expect([...seen].sort()).toEqual(['malformed', 'message']);
  });

  test('that were spliced, doubled and joined are a message or malformed', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc
        .constantFrom(...whole)
        .chain((frame) =>
          fc
            .tuple(fc.nat(frame.length), fc.nat(64))
            .map(([at, length]) => frame.slice(at, at + length)),
        ),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...whole),
        fc.array(fc.tuple(fc.nat(), fc.nat(16), piece), { minLength: 1, maxLength: 6 }),
        (frame, edits) => {
          const broken = edits.reduce<Uint8Array>(
            (bytes, [at, cut, put]) => spliced(bytes, at, cut, put),
            frame,
          );
          return ['message', 'malformed'].includes(binary(broken));
        },
      ),
      parameters,
    );
  });

  test('that announce more than there is are malformed at once', () => {
    const lengths = [
      '80808008',
      'ffffffff07',
      'ffffffff0f',
      'ffffffffffffffff7f',
      'ffffffffffffffffff01',
    ];
    for (const length of lengths) {
      const bomb = Uint8Array.from(Buffer.from(`22${length}`, 'hex'));
      expect([length, binary(bomb)]).toEqual([length, 'malformed']);
      const inside = frameBytes(
        'subscribe',
        '',
        0n,
        Uint8Array.from(Buffer.from(`0a${length}`, 'hex')),
      );
      expect([length, binary(inside)]).toEqual([length, 'malformed']);
    }
  });

  test('with groups nested as deep as a frame may be long are malformed, or passed over', () => {
    // A group of an unknown field, opened 60,000 times.
    const open = new Uint8Array(60_000).fill(0x33);
    expect(binary(open)).toBe('malformed');
    const closed = Uint8Array.from([...open, ...new Uint8Array(60_000).fill(0x34)]);
    expect(['message', 'malformed']).toContain(binary(closed));
  });
});

describe('text', () => {
  test('of every real frame, cut at every character, is malformed', () => {
    for (const text of texts) {
      for (let length = 0; length < text.length; length += 1) {
        expect(json(text.slice(0, length))).toBe('malformed');
      }
    }
  });

  test('with any value of a real frame replaced is a message or malformed', () => {
    const odd = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom<unknown>(
        '',
        '0',
        '-1',
        '1e3',
        '18446744073709551616',
        2 ** 53,
        -0,
        1.5,
        null,
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.nat(), odd, (frame, at, value) => {
        const copy: unknown = structuredClone(frame.json);
        const places = placesIn(copy);
        const place = places[at % places.length];
        if (place) place.holder[place.name] = value;
        return ['message', 'malformed'].includes(json(JSON.stringify(copy)));
      }),
      parameters,
    );
  });

  test('that was cut, doubled and joined is a message or malformed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...texts),
        fc.constantFrom(...texts),
        fc.nat(),
        fc.nat(),
        fc.string({ maxLength: 12 }),
        (one, other, at, from, between) => {
          const text = `${one.slice(0, at % one.length)}${between}${other.slice(from % other.length)}`;
          return ['message', 'malformed'].includes(json(text));
        },
      ),
      parameters,
    );
  });

  test.each([
    ['lists', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  ])('with %s nested as deep as a frame may be long is a message or malformed', (_, deep) => {
    const places = [
      deep,
      `{"kind":"heartbeat","payload":${deep}}`,
      `{"kind":"subscribe","payload":{"topics":${deep}}}`,
      `{"kind":"update","payload":{"seq":"0","payload":${deep}}}`,
      `{"kind":"update_batch","payload":{"updates":[{"payload":${deep}}]}}`,
    ];
    for (const text of places) expect(['message', 'malformed']).toContain(json(text));
  });

  test('reaches no prototype', () => {
    json('{"kind":"heartbeat","__proto__":{"sent":1},"payload":{"__proto__":{"sent":1}}}');
    json('{"kind":"subscribe","payload":{"constructor":{"prototype":{"sent":1}}}}');
    expect(({} as Record<string, unknown>)['sent']).toBeUndefined();
  });
});

describe('memory', () => {
  let collect: () => void;
  beforeAll(() => {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc');
  });
  const MIB = 1024 * 1024;
  const CLIENT_FRAME_BYTES = 64 * 1024;

  function held(): number {
    collect();
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }

  test('does not grow with what was refused', () => {
    const broken = whole.flatMap((frame) => [
      frame.subarray(0, -1),
      spliced(frame, 3, 1, Buffer.from('ÿÿ')),
    ]);
    const round = () => {
      for (const bytes of broken) binary(bytes);
      for (const text of texts) json(text.slice(0, -2));
    };
    for (let warm = 0; warm < 50; warm += 1) round();
    const before = held();
    for (let turn = 0; turn < 150; turn += 1) round();
    expect(held() - before).toBeLessThan(2 * MIB);
  });

  test.each<[string, Uint8Array]>([
    ['topics', frameBytes('subscribe', '', 0n, pairs(0x0a))],
    ['cursors', frameBytes('subscribe', '', 0n, pairs(0x12))],
    ['updates', frameBytes('update_batch', '', 0n, pairs(0x0a))],
    ['unknown fields', frameBytes('subscribe', '', 0n, pairs(0x7a))],
  ])('of one client frame full of empty %s is bounded', (_, frame) => {
    expect(frame.length).toBeLessThanOrEqual(CLIENT_FRAME_BYTES);
    const before = held();
    const kept: unknown[] = [];
    for (let copy = 0; copy < 4; copy += 1) kept.push(decodeFrame(frame));
    expect((held() - before) / kept.length).toBeLessThan(8 * MIB);
    expect(kept).toHaveLength(4);
  });

  /** As many fields of no bytes as a client's frame holds. */
  function pairs(tag: number): Uint8Array {
    const bytes = new Uint8Array(CLIENT_FRAME_BYTES - 64);
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = tag;
    return bytes;
  }
});

test('a frame that was taken for a message says the same when it is written again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...whole), fc.nat(), fc.nat(255), (frame, at, byte) => {
      const broken = frame.slice();
      broken[at % frame.length] = byte;
      if (binary(broken) === 'malformed') return;
      const message = decodeFrame(broken);
      if (message.kind === 'unknown') return;
      const written = encodeFrame(message);
      expect(Buffer.from(encodeFrame(decodeFrame(written)))).toEqual(Buffer.from(written));
    }),
    parameters,
  );
});

interface Place {
  holder: Record<string, unknown>;
  name: string;
}

/** Every value in it, by who holds it. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...placesIn(holder[name])]);
}
