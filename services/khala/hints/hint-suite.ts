/** What every driver has to stand, through its own wire: the same cases, one call per driver. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Hinter } from '#db/runtime/hint.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  startNode,
} from '../testing/harness.ts';
import { RawPeer } from '../testing/raw-peer.ts';
import type { HintSource } from './hint-source.ts';

/** A driver with a line that a test can cut. */
export interface HintRig {
  hinter(databaseUrl: string): Hinter;
  source(databaseUrl: string): Promise<HintSource>;
  /** A payload that no publisher of ours sent. */
  inject(payload: string, databaseUrl: string): Promise<void>;
  /** The node loses its line to the driver and gets no new one. */
  down(): void;
  restore(): void;
  close(): Promise<void>;
}

const OFTEN_MS = 100;
/** So rare that nothing in a test is found by it. */
const RARELY_MS = 600_000;
const INT8_MAX = 9_223_372_036_854_775_807n;

export function describeHints(name: string, openRig: () => Promise<HintRig>): void {
  describe(`hints over ${name}`, () => {
    let rig: HintRig;
    let authority: Authority;
    let issuer: Issuer;
    let device: Device;
    const open: { close(): unknown }[] = [];

    beforeAll(async () => {
      rig = await openRig();
      authority = await createAuthority((url) => rig.hinter(url));
      issuer = await createIssuer();
      device = await issuer.newDevice();
    });

    afterEach(async () => {
      authority.hinting = true;
      rig.restore();
      for (const one of open.splice(0).reverse()) await one.close();
    });

    afterAll(async () => {
      await authority?.[Symbol.asyncDispose]();
      await rig?.close();
    });

    async function follow(safetyPollMs: number) {
      const { khalaUrl } = authority.database;
      const node = await startNode(issuer, khalaUrl, {
        safetyPollMs,
        hints: await rig.source(khalaUrl),
      });
      open.push({ close: () => node.stop() });
      const { runId, topic } = await authority.newRun(device);
      const peer = new RawPeer(node.url);
      open.push(peer);
      await peer.admitted(device, await issuer.token(device, { topics: [topic] }));
      peer.subscribe([topic]);
      await peer.next('caught_up');
      return {
        node,
        topicId: await authority.topicId(topic),
        append: (count: number) => authority.append(runId, count),
        seen: () => peer.density(),
        lastSeq: () => peer.density().lastSeq(topic),
      };
    }

    const inject = (payload: string) => rig.inject(payload, authority.database.runtimeUrl);

    test('tell a node of a commit', async () => {
      const reader = await follow(RARELY_MS);
      await reader.append(2);
      await expect.poll(reader.lastSeq).toBe(2n);
    });

    test('that are all lost cost no more than the safety poll', async () => {
      const reader = await follow(OFTEN_MS);
      authority.hinting = false;
      for (let step = 1; step <= 5; step += 1) {
        await reader.append(3);
        await expect.poll(reader.lastSeq).toBe(BigInt(step * 3));
      }
      expect(reader.seen()).toMatchObject({ count: 15, faults: [] });
    });

    test('that come twice, late and in the wrong order deliver each event once and in order', async () => {
      const reader = await follow(RARELY_MS);
      authority.hinting = false;
      const { topicId } = reader;
      await reader.append(2);
      await inject(`${topicId}:2`);
      await inject(`${topicId}:2,${topicId}:2`);
      await expect.poll(reader.lastSeq).toBe(2n);
      await reader.append(3);
      await reader.append(3);
      // The newer one overtakes, the older ones come long after what they told of.
      await inject(`${topicId}:8`);
      await expect.poll(reader.lastSeq).toBe(8n);
      await inject(`${topicId}:5,${topicId}:1`);
      await inject(`${topicId}:5`);
      await reader.append(1);
      await inject(`${topicId}:9`);
      await expect.poll(reader.lastSeq).toBe(9n);
      expect(reader.seen()).toMatchObject({ count: 9, faults: [] });
    });

    test('that are forged deliver nothing that is not there, and close nothing', async () => {
      const reader = await follow(RARELY_MS);
      authority.hinting = false;
      const { topicId } = reader;
      const forged = [
        `${topicId}:${INT8_MAX}`,
        `${topicId}:9999999999999999999`,
        `${topicId + 1n}:7,0:1,${INT8_MAX}:${INT8_MAX}`,
        'garbage,:,-1:-1,1:2:3,99999999999999999999:1',
        '\u{1F4A9}\\x00,{"topic_id":1}',
        `${topicId}:3,`.repeat(300),
      ];
      for (const payload of forged) await inject(payload);
      await reader.append(2);
      await inject(`${topicId}:1`);
      await expect.poll(reader.lastSeq).toBe(2n);
      for (const payload of forged) await inject(payload);
      await reader.append(1);
      await inject(`${topicId}:900`);
      await expect.poll(reader.lastSeq).toBe(3n);
      expect(reader.seen()).toMatchObject({ count: 3, faults: [] });
      expect(reader.node.faults).toEqual([]);
    });

    test('whose driver dies and returns: all interest is read again, and hints are heard again', async () => {
      const reader = await follow(RARELY_MS);
      // Joining reads once; a death that comes before that read is none.
      await reader.append(20);
      await expect.poll(reader.lastSeq).toBe(20n);
      for (let death = 1; death <= 3; death += 1) {
        const before = BigInt(death * 20);
        rig.down();
        await reader.append(10);
        await new Promise((resolve) => setTimeout(resolve, 50));
        expect(reader.lastSeq()).toBe(before);
        rig.restore();
        await expect.poll(reader.lastSeq, { timeout: 15_000 }).toBe(before + 10n);
        await reader.append(10);
        await expect.poll(reader.lastSeq, { timeout: 5_000 }).toBe(before + 20n);
      }
      expect(reader.seen()).toMatchObject({ count: 80, faults: [] });
    });
  });
}
