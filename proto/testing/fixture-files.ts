import { readFileSync } from 'node:fs';
import type { Fixtures } from './fixtures.ts';

const FOLDER = new URL('../../docs/protocol/fixtures/', import.meta.url);

export function fixtureUrl(name: string): URL {
  return new URL(name, FOLDER);
}

/** The fixtures as they are published. */
export function loadFixtures(): Fixtures {
  const json = (name: string): unknown => JSON.parse(readFileSync(fixtureUrl(name), 'utf8'));
  return {
    canonical: json('canonical.json') as Fixtures['canonical'],
    event_chain: json('event-chain.json') as Fixtures['event_chain'],
    frames: json('khala-frames.json') as Fixtures['frames'],
    malformed_frames: json('khala-malformed.json') as Fixtures['malformed_frames'],
    receipts: json('receipts.json') as Fixtures['receipts'],
    keys: json('keys.json') as Fixtures['keys'],
    topics: json('topics.json') as Fixtures['topics'],
    replay: readFileSync(fixtureUrl('REPLAY.jsonl'), 'utf8'),
  };
}
