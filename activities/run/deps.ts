import type { Readable } from 'node:stream';
import type { JSONWebKeySet } from 'jose';
import type { Sql } from '#db/connect.ts';
import type { Journal } from '#db/runtime/journal.ts';
import type { SigningKey } from '#proto/receipt.ts';

/** Content by its SHA-256; the store of `services/shared`. */
export interface ArtifactStore {
  put(
    content: AsyncIterable<Uint8Array>,
    options: { bytesMax: number; expected?: string },
  ): Promise<{ sha256: string; bytes: number }>;
  get(sha256: string): Promise<{ bytes: number; stream: Readable } | null>;
}

/** What the activities of queue `runtime` work with. */
export interface RuntimeActivityDeps {
  sql: Sql;
  journal: Pick<Journal, 'appendIn' | 'publishIn'>;
  artifacts: ArtifactStore;
  /** The current key; the others of the file only stay published. */
  signingKey: SigningKey;
  /** Every published receipt key: what a bundle carries as `keys.json`. */
  keySet(): Promise<JSONWebKeySet>;
  now(): number;
  /** Tells Temporal that a long activity is alive. */
  heartbeat(): void;
}
