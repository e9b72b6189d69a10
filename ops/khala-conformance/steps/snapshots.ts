/** The one HTTP read beside the socket (docs/khala.md, Retention and snapshots). */
import { createHash } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import { plain, type Scene, type Step } from '../scene.ts';

/** What is unusual about the request. */
export interface ReadOptions {
  without?: 'token' | 'proof';
  /** The proof of the request before, once more. */
  proofAgain?: boolean;
  /** A proof for another address. */
  proofFor?: string;
  /** Only if it changed since the read before. */
  ifChanged?: boolean;
}

export function takeSnapshot(alias: string): Step {
  return {
    says: `a snapshot of ${alias} is taken`,
    play: (scene) => scene.authority.takeSnapshot(scene.topic(alias)),
  };
}

/** Begins at a snapshot, which it names. */
export function subscribedAtSnapshot(alias: string, snapshotSeq: number, head: number): Step {
  return {
    says: `← SUBSCRIBED ${alias} from ${snapshotSeq + 1} at the snapshot of ${snapshotSeq}, head ${head}`,
    async play(scene) {
      await scene.expect('subscribed', alias, {
        from_seq: BigInt(snapshotSeq + 1),
        head_seq: BigInt(head),
        snapshot_seq: BigInt(snapshotSeq),
        snapshot_url: pathOf(scene.topic(alias)),
      });
    },
  };
}

/** GET of the snapshot, answered by that status; of a 200 the body is what its headers say. */
export function readSnapshot(alias: string, status: number, options: ReadOptions = {}): Step {
  const what = Object.keys(options).length > 0 ? ` ${plain(options)}` : '';
  return {
    says: `GET the snapshot of ${alias}${what} → HTTP ${status}`,
    async play(scene) {
      const url = new URL(pathOf(scene.topic(alias)), scene.peer.url.replace(/^ws/, 'http'));
      const response = await fetch(url, { headers: await headersOf(scene, url.href, options) });
      const body = Buffer.from(await response.arrayBuffer());
      if (response.status !== status) throw new Error(`HTTP ${response.status} ${body}`);
      if (status === 200) assertWhole(scene, alias, response.headers, body);
      scene.notes.set('etag', response.headers.get('etag') ?? scene.notes.get('etag') ?? '');
    },
  };
}

function pathOf(topic: string): string {
  return `/v1/sync/snapshots/${encodeURIComponent(topic)}`;
}

async function headersOf(scene: Scene, url: string, options: ReadOptions) {
  const { notes, token } = scene;
  if (!options.proofAgain) notes.set('proof', await dpopOf(scene, options.proofFor ?? url));
  return {
    ...(options.without === 'token' ? {} : { authorization: `DPoP ${token}` }),
    ...(options.without ? {} : { dpop: notes.get('proof') ?? '' }),
    ...(options.ifChanged ? { 'if-none-match': notes.get('etag') ?? '' } : {}),
  };
}

async function dpopOf(scene: Scene, htu: string): Promise<string> {
  const { key } = await scene.device;
  const ath = createHash('sha256').update(scene.token).digest('base64url');
  const jwk = await exportJWK(key.publicKey);
  return new SignJWT({ htm: 'GET', htu, ath })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'dpop+jwt', jwk })
    .setIssuedAt()
    .setJti(crypto.randomUUID())
    .sign(key.privateKey);
}

function assertWhole(scene: Scene, alias: string, headers: Headers, body: Buffer): void {
  const sha256 = createHash('sha256').update(body);
  const document = JSON.parse(body.toString('utf8'));
  const found = {
    ...{ format: document.format, topic: document.topic, epoch: document.epoch },
    as_of_seq: document.as_of_seq,
    items: Array.isArray(document.items),
    digest: headers.get('repr-digest'),
    etag: headers.get('etag'),
  };
  const expected = {
    format: 'openagents.sync.snapshot.v1',
    topic: scene.topic(alias),
    epoch: headers.get('khala-epoch'),
    as_of_seq: headers.get('khala-as-of-seq'),
    items: true,
    digest: `sha-256=:${sha256.copy().digest('base64')}:`,
    etag: `"${sha256.digest('hex')}"`,
  };
  if (plain(found) !== plain(expected))
    throw new Error(`${plain(found)} is not ${plain(expected)}`);
}
