import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { createHinter, type Hinter } from '#db/runtime/hint.ts';
import type { DirtyTopic } from '#db/runtime/hint-payload.ts';
import { createJournal, type Journal } from '#db/runtime/journal.ts';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import { createTestRun } from '#db/testing/runs.ts';
import { DEFAULT_WINDOW } from '#proto/compat.ts';
import { newId, type OrgId, type RunId, type UserId } from '#proto/ids.ts';
import { type Topic, topics } from '#proto/topics.ts';
import { createHintSource } from '../hints/hint-drivers.ts';
import { createKhalaMetrics } from '../metrics.ts';
import { createKhalaNode, type KhalaNode, type KhalaNodeOptions } from '../node.ts';

export const BUILD_ID = '20261121T000000Z';

export interface Device {
  userId: UserId;
  orgId: OrgId;
  deviceId: string;
  sessionId: string;
  key: { publicKey: CryptoKey; privateKey: CryptoKey };
  thumbprint: string;
}

export interface TokenOptions {
  topics: readonly string[];
  lifeS?: number;
  issuedAtS?: number;
  audience?: string;
  issuer?: string;
  type?: string;
  unbound?: boolean;
  signedBy?: CryptoKey;
  claims?: JWTPayload;
}

/** Control's part: keys, devices, tokens. */
export interface Issuer {
  keys: ReturnType<typeof createLocalJWKSet>;
  newDevice(): Promise<Device>;
  token(device: Device, options: TokenOptions): Promise<string>;
}

export async function createIssuer(): Promise<Issuer> {
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'control-1', alg: 'EdDSA' };
  return {
    keys: createLocalJWKSet({ keys: [jwk] }),
    async newDevice() {
      const key = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
      return {
        userId: newId('user'),
        orgId: newId('org'),
        deviceId: `device-${newId('sess').slice(-8)}`,
        sessionId: newId('sess'),
        key,
        thumbprint: await calculateJwkThumbprint(await exportJWK(key.publicKey)),
      };
    },
    async token(device, options) {
      const issuedAtS = options.issuedAtS ?? Math.floor(Date.now() / 1000);
      return new SignJWT({
        sid: device.sessionId,
        did: device.deviceId,
        oid: device.orgId,
        scopes: [],
        topics: [...options.topics],
        ...(options.unbound ? {} : { cnf: { jkt: device.thumbprint } }),
        ...options.claims,
      })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'control-1', typ: options.type ?? 'oa-sync+jwt' })
        .setIssuer(options.issuer ?? 'openagents-control')
        .setAudience(options.audience ?? 'openagents-khala')
        .setSubject(device.userId)
        .setJti(newId('tok'))
        .setIssuedAt(issuedAtS)
        .setExpirationTime(issuedAtS + (options.lifeS ?? 300))
        .sign(options.signedBy ?? pair.privateKey);
    },
  };
}

export interface RunningNode {
  url: string;
  port: number;
  node: KhalaNode;
  faults: { where: string; fault: unknown }[];
  stop(): Promise<void>;
}

export async function startNode(
  issuer: Issuer,
  databaseUrl: string,
  options: Partial<KhalaNodeOptions> = {},
): Promise<RunningNode> {
  const faults: RunningNode['faults'] = [];
  const node = createKhalaNode({
    databaseUrl,
    hints: createHintSource({ driver: 'postgres', databaseUrl, natsUrl: '' }),
    keys: issuer.keys,
    allowedOrigins: ['https://app.example'],
    window: DEFAULT_WINDOW,
    timing: {
      helloTimeoutMs: 10_000,
      heartbeatIntervalMs: 5_000,
      deadAfterMs: 15_000,
      stalledAfterMs: 10_000,
    },
    safetyPollMs: 1_000,
    // A machine that is busy with other tests is no reason to admit nobody.
    revocationTiming: { lookEveryMs: 500, lagMaxMs: 15_000, blindMs: 60_000 },
    drainWindowMs: 300,
    metrics: createKhalaMetrics(),
    onFault: (where, fault) => faults.push({ where, fault }),
    ...options,
  });
  const server = createAdaptorServer({ fetch: node.routes.fetch }) as Server;
  server.on('upgrade', node.upgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await node.start();
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/v1/sync`,
    port,
    node,
    faults,
    async stop() {
      await node.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The authority's part: real rows by the real journal. */
export interface Authority {
  database: TestDatabase;
  journal: Journal;
  /** While false, commits are not followed by a hint. */
  hinting: boolean;
  newRun(owner: { userId?: UserId; orgId?: OrgId }): Promise<{ runId: RunId; topic: Topic }>;
  append(runId: RunId, count: number, bytes?: number): Promise<bigint>;
  topicId(topic: string): Promise<bigint>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Larger steps would be one huge transaction; the platform's own are of this order. */
const EVENTS_PER_STEP = 500;

export async function createAuthority(
  openHinter = (url: string): Hinter => createHinter({ url, applicationName: 'oa-test-hint' }),
): Promise<Authority> {
  const database = await testDatabase(['runtime']);
  const hinter = openHinter(database.runtimeUrl);
  const journal = createJournal({
    sql: database.runtime,
    hint(dirty: readonly DirtyTopic[]) {
      if (authority.hinting) hinter.hint(dirty);
    },
  });
  const authority: Authority = {
    database,
    journal,
    hinting: true,
    async newRun(owner) {
      const { run_id: runId } = await createTestRun(database.runtime, {
        user_id: owner.userId,
        org_id: owner.orgId,
      });
      return { runId, topic: topics.runEvents(runId) };
    },
    async append(runId, count, bytes = 32) {
      let head = 0n;
      for (let left = count; left > 0; left -= EVENTS_PER_STEP) {
        const events = Array.from({ length: Math.min(left, EVENTS_PER_STEP) }, (_, index) => ({
          event_type: 'text.delta',
          payload: { text: String(index).padEnd(bytes, 'x') },
        }));
        head = (await journal.append({ run_id: runId, events, origin: 'platform' })).head_seq;
      }
      return head;
    },
    async topicId(topic) {
      const [row] = await database.owner<{ topic_id: bigint }[]>`
        select topic_id from runtime.sync_topics where topic = ${topic}`;
      if (!row) throw new Error(`${topic} has no row yet`);
      return row.topic_id;
    },
    async [Symbol.asyncDispose]() {
      await journal.close();
      await hinter.close();
      await database[Symbol.asyncDispose]();
    },
  };
  return authority;
}
