/** The state of a topic at one seq, as a node serves it: read and checked, or refused. */
import { decodeBase64 } from '#proto/base64.ts';
import type { JsonValue } from '#proto/canonical.ts';
import { SnapshotUnreadableError } from './errors.ts';
import type { Snapshot } from './types.ts';

const FORMAT = 'openagents.sync.snapshot.v1';

/** Checks the bytes against their digest and the document against the topic. Throws SnapshotUnreadableError. */
export async function readSnapshot(topic: string, response: Response): Promise<Snapshot> {
  const bytes = await response.arrayBuffer();
  await verifyDigest(topic, bytes, response.headers.get('repr-digest') ?? '');
  const snapshot = parse(topic, new TextDecoder().decode(bytes));
  if (response.headers.get('khala-epoch') !== snapshot.epoch) {
    throw new SnapshotUnreadableError(topic, 'its headers name another epoch');
  }
  return snapshot;
}

async function verifyDigest(topic: string, bytes: ArrayBuffer, header: string): Promise<void> {
  const expected = /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]+=*):/.exec(header)?.[1];
  if (expected === undefined) throw new SnapshotUnreadableError(topic, 'it carries no SHA-256');
  const actual = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const named = decodeBase64(expected);
  if (named.length !== actual.length || named.some((byte, index) => byte !== actual[index])) {
    throw new SnapshotUnreadableError(topic, 'its SHA-256 is another one');
  }
}

function parse(topic: string, text: string): Snapshot {
  const refuse = (why: string) => new SnapshotUnreadableError(topic, why);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON');
  }
  const { format, topic: named, epoch, as_of_seq: asOfSeq, items } = fieldsOf(value);
  if (format !== FORMAT) throw refuse(`its format is not ${FORMAT}`);
  if (named !== topic) throw refuse('it is of another topic');
  if (typeof epoch !== 'string' || !isUint(asOfSeq) || !Array.isArray(items)) {
    throw refuse('fields are missing');
  }
  const documents = items.map((item) => {
    const { doc_key: docKey, doc_version: docVersion, kind, payload } = fieldsOf(item);
    if (typeof docKey !== 'string' || !isUint(docVersion) || typeof kind !== 'string') {
      throw refuse('an item is incomplete');
    }
    return {
      docKey,
      docVersion: BigInt(docVersion),
      kind,
      payload: (payload ?? null) as JsonValue,
    };
  });
  return { topic, epoch, asOfSeq: BigInt(asOfSeq), documents };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isUint(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,20}$/.test(value);
}
