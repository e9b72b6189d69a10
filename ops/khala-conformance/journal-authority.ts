/** The authority that the suite brings along: control's signing key, and rows by the real journal. */
import {
  type CryptoKey,
  calculateJwkThumbprint,
  decodeJwt,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  SignJWT,
} from 'jose';
import { connect } from '#db/connect.ts';
import { createHinter } from '#db/runtime/hint.ts';
import { createJournal } from '#db/runtime/journal.ts';
import { insertRevocations, type RevocationTarget } from '#db/runtime/revocations.ts';
import { takeSnapshot } from '#db/runtime/snapshots.ts';
import { createTestRun } from '#db/testing/runs.ts';
import { transaction } from '#db/transaction.ts';
import { newId, type OrgId, type RunId, type UserId } from '#proto/ids.ts';
import { type ParsedTopic, parseTopic, topics } from '#proto/topics.ts';
import type { Authority, Device, Revoked, SpareNode, TokenChanges } from './authority.ts';

export interface JournalAuthorityOptions {
  /** The runtime's database, as a role that may also move floors and lineages. */
  databaseUrl: string;
  /** Control's private key of sync tokens; its `kid` is among the keys that the nodes read. */
  signingKey: JWK;
  spareNode?(): Promise<SpareNode>;
}

const CONNECTIONS = 4;
/** Larger steps would be one huge transaction, and the journal takes a megabyte at most. */
const EVENTS_PER_STEP = 500;
const BYTES_PER_STEP = 800_000;
const TOKEN_LIFE_S = 300;
const ED25519 = { crv: 'Ed25519', extractable: true } as const;

export async function createJournalAuthority(options: JournalAuthorityOptions): Promise<Authority> {
  const { databaseUrl, signingKey } = options;
  const sql = connect({ url: databaseUrl, max: CONNECTIONS, applicationName: 'oa-conformance' });
  const hinter = createHinter({ url: databaseUrl, applicationName: 'oa-conformance-hint' });
  const journal = createJournal({ sql, hint: (dirty) => hinter.hint(dirty) });
  const key = (await importJWK(signingKey, 'EdDSA')) as CryptoKey;
  const owners = new Map<string, Device>();

  async function appendToRun(runId: RunId, events: number, bytes: number): Promise<bigint> {
    let head = 0n;
    const perStep = Math.min(EVENTS_PER_STEP, Math.ceil(BYTES_PER_STEP / bytes));
    for (let left = events; left > 0; left -= perStep) {
      const step = Array.from({ length: Math.min(left, perStep) }, (_, index) => ({
        event_type: 'text.delta',
        payload: { text: String(index).padEnd(bytes, 'x') },
      }));
      head = (await journal.append({ run_id: runId, events: step, origin: 'platform' })).head_seq;
    }
    return head;
  }

  return {
    async newDevice() {
      return {
        userId: newId('user'),
        orgId: newId('org'),
        deviceId: `device-${newId('sess').slice(-8)}`,
        sessionId: newId('sess'),
        key: await generateKeyPair('EdDSA', ED25519),
      };
    },

    async mint(device, granted, changes = {}) {
      const { issuedAtS, lifeS } = timesOf(changes);
      const jkt = await calculateJwkThumbprint(await exportJWK(device.key.publicKey));
      const stranger = changes.signedByStranger && (await generateKeyPair('EdDSA', ED25519));
      return new SignJWT({
        sid: device.sessionId,
        did: device.deviceId,
        oid: device.orgId,
        scopes: [],
        topics: [...granted],
        ...(changes.unbound ? {} : { cnf: { jkt } }),
        ...changes.claims,
      })
        .setProtectedHeader({
          alg: 'EdDSA',
          kid: signingKey.kid ?? '',
          typ: changes.type ?? 'oa-sync+jwt',
        })
        .setIssuer(changes.issuer ?? 'openagents-control')
        .setAudience(changes.audience ?? 'openagents-khala')
        .setSubject(device.userId)
        .setJti(newId('tok'))
        .setIssuedAt(issuedAtS)
        .setExpirationTime(issuedAtS + lifeS)
        .sign(stranger ? stranger.privateKey : key);
    },

    async newTopic(owner, topicClass) {
      const userId = owner.userId as UserId;
      if (topicClass === 'run_events') {
        const { run_id } = await createTestRun(sql, { user_id: userId });
        return topics.runEvents(run_id);
      }
      // Its row comes with the first event.
      const topic =
        topicClass === 'notifications'
          ? topics.userNotifications(userId)
          : topics.userWorkers(userId);
      owners.set(topic, owner);
      return topic;
    },

    async newTopicOfOrganisation(member) {
      const { run_id } = await createTestRun(sql, { org_id: member.orgId as OrgId });
      return topics.runEvents(run_id);
    },

    async publish(topic, events, bytes) {
      const parsed = parsedTopic(topic);
      if (parsed.entity === 'run') return appendToRun(parsed.id, events, bytes);
      const topicClass = parsed.class as 'notifications' | 'codex_worker_summaries';
      const rows = Array.from({ length: events }, (_, index) => ({
        topic,
        class: topicClass,
        owner: { user_id: owners.get(topic)?.userId ?? '' },
        kind: 'conformance',
        payload: { text: 'x'.repeat(bytes) },
        doc_key: `document-${index}`,
        doc_version: BigInt(Date.now()),
      }));
      const positions = await transaction(sql, (tx) => journal.publishIn(tx, rows));
      return positions.at(-1)?.seq ?? 0n;
    },

    async takeSnapshot(topic) {
      await takeSnapshot(sql, parsedTopic(topic).text, Date.now());
    },

    async restore(topic) {
      await sql`update runtime.sync_topics set epoch = gen_random_uuid() where topic = ${topic}`;
    },

    async expire(topic, floorSeq) {
      // The head of a run's topic is its run's; the topic's own row only may not be behind its floor.
      await sql`
        update runtime.sync_topics
        set head_seq = greatest(head_seq, ${floorSeq}), floor_seq = ${floorSeq}
        where topic = ${topic}`;
    },

    async giveAway(topic) {
      await sql`
        update runtime.sync_topics set owner_user_id = ${newId('user')} where topic = ${topic}`;
    },

    async revoke(what, device, token) {
      const target = targetOf(what, device, token);
      await transaction(sql, (tx) =>
        insertRevocations(tx, journal, [target], 'conformance', Date.now()),
      );
    },

    ...(options.spareNode ? { spareNode: options.spareNode } : {}),

    async close() {
      await journal.close();
      await hinter.close();
      await sql.end({ timeout: 1 });
    },
  };
}

function parsedTopic(text: string): ParsedTopic {
  const parsed = parseTopic(text);
  if (!parsed.ok) throw new Error(`${text} is no topic`);
  return parsed.topic;
}

function timesOf({ issuedInS = 0, lifeS = TOKEN_LIFE_S, expiresInS }: TokenChanges) {
  const nowS = Math.floor(Date.now() / 1000);
  return {
    issuedAtS: expiresInS === undefined ? nowS + issuedInS : nowS + expiresInS - lifeS,
    lifeS,
  };
}

function targetOf(what: Revoked, device: Device, token: string): RevocationTarget {
  switch (what) {
    case 'token':
      return { jti: decodeJwt(token).jti ?? '' };
    case 'session':
      return { session_id: device.sessionId };
    case 'device':
      return { device_id: device.deviceId };
    case 'user':
      return { user_id: device.userId };
    case 'membership':
      return { user_id: device.userId, org_id: device.orgId };
  }
}
