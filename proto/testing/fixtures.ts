/**
 * Reads every wire fixture and says what it found, one line each. The same code runs in Node and in a browser; both
 * must say the same.
 */
import type { JSONWebKeySet } from 'jose';
import {
  CanonicalError,
  canonicalJson,
  hashCanonical,
  type JsonObject,
  type JsonValue,
} from '../canonical.ts';
import { type ChainedEvent, hashPayload, verifyChain } from '../event-chain.ts';
import { decodeFrame, decodeJsonFrame, encodeFrame, encodeJsonFrame } from '../khala-frame.ts';
import { receiptText, verifyReceipt } from '../receipt.ts';
import { ReplayError, replayReader } from '../replay.ts';
import { parseTopic } from '../topics.ts';

export interface Fixtures {
  canonical: {
    accepted: {
      name: string;
      value: JsonValue;
      floats: boolean;
      canonical: string;
      sha256: string;
    }[];
    refused: { name: string; json: string; path: string }[];
  };
  event_chain: (Omit<ChainedEvent, 'seq'> & { seq: string; payload: JsonObject })[];
  frames: { name: string; hex: string; json: JsonObject }[];
  malformed_frames: { name: string; hex: string }[];
  receipts: { name: string; text: string; expected: string }[];
  keys: JSONWebKeySet;
  topics: { text: string; class: string | null }[];
  replay: string;
}

/** `ok …` for each fixture that reads as it should, `WRONG …` with the difference otherwise. */
export async function readFixtures(fixtures: Fixtures): Promise<string[]> {
  return [
    ...fixtures.canonical.accepted.map((each) => {
      const options = { floats: each.floats };
      const found = [canonicalJson(each.value, options), hashCanonical(each.value, options)];
      return line(`canonical ${each.name}`, found, [each.canonical, each.sha256]);
    }),
    ...fixtures.canonical.refused.map((each) =>
      line(`canonical refuses ${each.name}`, refusedPath(each.json), each.path),
    ),
    ...fixtures.event_chain.map((each) =>
      line(`payload of event ${each.seq}`, hashPayload(each.payload), each.payload_hash),
    ),
    chainLine(fixtures.event_chain),
    ...fixtures.frames.flatMap(frameLines),
    ...fixtures.malformed_frames.map((each) => malformedLine(each.name, each.hex)),
    ...(await Promise.all(fixtures.receipts.map((each) => receiptLine(each, fixtures.keys)))),
    ...fixtures.topics.map((each) => {
      const parsed = parseTopic(each.text);
      return line(`topic ${each.text}`, parsed.ok ? parsed.topic.class : null, each.class);
    }),
    replayLine(fixtures.replay),
  ];
}

function line(name: string, found: unknown, expected: unknown): string {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  return one === other ? `ok ${name}` : `WRONG ${name}: found ${one}, expected ${other}`;
}

function refusedPath(json: string): string {
  try {
    return `accepted as ${canonicalJson(JSON.parse(json) as JsonValue)}`;
  } catch (error) {
    return error instanceof CanonicalError ? error.path : String(error);
  }
}

function chainLine(events: Fixtures['event_chain']): string {
  const check = verifyChain(events.map((event) => ({ ...event, seq: BigInt(event.seq) })));
  const head = check.ok ? check.head_hash : check.reason;
  return line('event chain', head, events.at(-1)?.event_hash);
}

function frameLines({ name, hex, json }: Fixtures['frames'][number]): string[] {
  const message = decodeFrame(bytesOf(hex));
  const fromText = decodeJsonFrame(JSON.stringify(json));
  return [
    line(
      `frame ${name} in JSON`,
      canonicalForm(withoutAddedDefaults(encodeJsonFrame(message), json)),
      canonicalForm(JSON.stringify(json)),
    ),
    line(`frame ${name} in binary`, hexOf(encodeFrame(fromText)), hex),
  ];
}

/** A field that came after publication says its default for a frame that does not have it. */
function withoutAddedDefaults(encoded: string, published: object): string {
  const { payload: known = {} } = published as { payload?: object };
  const frame = JSON.parse(encoded) as { payload: Record<string, unknown> };
  const payload = Object.entries(frame.payload).filter(
    ([field, value]) => field in known || (value !== '0' && value !== ''),
  );
  return JSON.stringify({ ...frame, payload: Object.fromEntries(payload) });
}

function malformedLine(name: string, hex: string): string {
  try {
    return `WRONG malformed frame ${name}: read as ${decodeFrame(bytesOf(hex)).kind}`;
  } catch (error) {
    return line(`malformed frame ${name}`, (error as Error).name, 'MalformedFrameError');
  }
}

async function receiptLine(
  { name, text, expected }: Fixtures['receipts'][number],
  keys: JSONWebKeySet,
): Promise<string> {
  const check = await verifyReceipt(JSON.parse(text), keys);
  const found = check.ok ? 'ok' : check.fault;
  if (check.ok && receiptText(check.receipt) !== text)
    return `WRONG receipt ${name}: not canonical`;
  return line(`receipt ${name}`, found, expected);
}

function replayLine(file: string): string {
  const reader = replayReader();
  try {
    for (const text of file.trimEnd().split('\n')) reader.next(text);
    return line('replay file', reader.end().status, 'success');
  } catch (error) {
    return `WRONG replay file: ${error instanceof ReplayError ? error.message : error}`;
  }
}

function canonicalForm(json: string): string {
  return canonicalJson(JSON.parse(json) as JsonValue, { floats: true });
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
