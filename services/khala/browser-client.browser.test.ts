/** The client of `clients/khala` in a real page, against real nodes. */
import { fileURLToPath } from 'node:url';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  chromiumMissing,
  launchChromium,
  pageBundle,
  servePage,
} from '#clients/khala/testing/chromium.ts';
import { takeSnapshot } from '#db/runtime/snapshots.ts';
import type { RunId } from '#proto/ids.ts';
import { type Topic, topics } from '#proto/topics.ts';
import type * as PageModule from './testing/browser-page.ts';
import {
  type Authority,
  BUILD_ID,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  type RunningNode,
  startNode,
} from './testing/harness.ts';
import { startTcpProxy, type TcpProxy } from './testing/tcp-proxy.ts';

let authority: Authority;
let issuer: Issuer;
let node: RunningNode;
let line: TcpProxy;
let browser: Browser;
let bundle: string;
let device: Device;
let topic: Topic;
let runId: RunId;
let context: BrowserContext;
let served: Awaited<ReturnType<typeof servePage>>;
let mints = 0;

beforeAll(async () => {
  if (chromiumMissing) return;
  authority = await createAuthority();
  issuer = await createIssuer();
  served = await servePage();
  node = await startPageNode();
  line = await startTcpProxy({ host: '127.0.0.1', port: node.port });
  browser = await launchChromium();
  const file = fileURLToPath(new URL('testing/browser-page.ts', import.meta.url));
  bundle = await pageBundle(file, 'page');
});

afterEach(async () => {
  line?.restore();
  await context?.close();
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
  await line?.close();
  await node?.stop();
  await authority?.[Symbol.asyncDispose]();
});

function startPageNode(): Promise<RunningNode> {
  return startNode(issuer, authority.database.khalaUrl, {
    allowedOrigins: [served.origin],
    safetyPollMs: 200,
  });
}

/** A person at a browser of their own, with one run to look at. */
async function newPerson(): Promise<void> {
  device = await issuer.newDevice();
  ({ runId, topic } = await authority.newRun(device));
  context = await browser.newContext();
}

type InPage = typeof globalThis & { page: typeof PageModule };

/** Another tab, or with `page` its next life. */
async function openTab(lifeS = 300, page?: Page): Promise<Page> {
  const tab = page ?? (await context.newPage());
  if (page) await page.reload();
  else {
    await tab.exposeFunction('mintToken', async (topics: string[], jwk: JWK) => {
      mints += 1;
      const bound = { ...device, thumbprint: await calculateJwkThumbprint(jwk) };
      return issuer.token(bound, { topics, lifeS });
    });
    await tab.goto(served.origin);
  }
  await tab.addScriptTag({ content: bundle });
  const { userId, orgId, deviceId } = device;
  const options = {
    url: `ws://127.0.0.1:${line.port}/v1/sync`,
    namespace: { userId, orgId, deviceId },
    clientBuildId: BUILD_ID,
  };
  await tab.evaluate((given) => (globalThis as InPage).page.start(given), options);
  return tab;
}

async function follow(tab: Page): Promise<void> {
  await tab.evaluate((followed) => (globalThis as InPage).page.followLog(followed), topic);
}

const seenBy = (tab: Page) => tab.evaluate(() => (globalThis as InPage).page.seenInThisLife());
const statesOf = (tab: Page) => tab.evaluate(() => (globalThis as InPage).page.statesOfThisLife());
const attemptsOf = (tab: Page) =>
  tab.evaluate(() => (globalThis as InPage).page.attemptsOfThisLife());
const lastSeenBy = async (tab: Page) => (await seenBy(tab)).at(-1);
const lastStateOf = async (tab: Page) => (await statesOf(tab)).at(-1);
const storedBy = (tab: Page) =>
  tab.evaluate((followed) => (globalThis as InPage).page.stored(followed), topic);

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

/** Each event of 1..last is in the store once, and so says its watermark. */
async function expectStored(tab: Page, last: number): Promise<void> {
  const keys = range(1, last).map((seq) => seq.padStart(10, '0'));
  await expect
    .poll(() => storedBy(tab), { timeout: 10_000 })
    .toEqual({ watermark: String(last), keys });
}

const POLL = { timeout: 15_000 };
const name = 'the client in a browser';

describe.skipIf(chromiumMissing)(chromiumMissing ? `${name} (${chromiumMissing})` : name, () => {
  test('follows a run live, and a reload continues where the store says', async () => {
    await newPerson();
    await authority.append(runId, 300);
    const first = await openTab();
    await follow(first);
    await expect.poll(() => lastSeenBy(first), POLL).toBe('300');
    await authority.append(runId, 20);
    await expect.poll(() => lastSeenBy(first), POLL).toBe('320');
    expect(await statesOf(first)).toEqual(
      expect.arrayContaining(['connecting', 'authenticating', 'replaying', 'live']),
    );
    await expectStored(first, 320);
    await authority.append(runId, 7);
    await expectStored(first, 327);
    // What is written while nobody looks comes to the next life, and nothing else does.
    await first.goto('about:blank');
    await authority.append(runId, 5);
    await first.goto(served.origin);
    const second = await openTab(300, first);
    await follow(second);
    await expect.poll(() => lastSeenBy(second), POLL).toBe('332');
    expect(await seenBy(second)).toEqual(range(328, 332));
    await expectStored(second, 332);
  });

  test('a page that dies in the middle of a replay misses nothing and doubles nothing', async () => {
    await newPerson();
    await authority.append(runId, 3_000);
    let tab = await openTab();
    await follow(tab);
    await expect.poll(async () => (await seenBy(tab)).length, POLL).toBeGreaterThan(0);
    tab = await openTab(300, tab);
    await follow(tab);
    await expect.poll(() => lastSeenBy(tab), POLL).toBe('3000');
    await expectStored(tab, 3_000);
  });

  test('offline and online again: it waits, and resumes when the network says so', async () => {
    await newPerson();
    const tab = await openTab();
    await follow(tab);
    await expect.poll(() => lastStateOf(tab), POLL).toBe('live');
    await context.setOffline(true);
    line.down();
    await authority.append(runId, 10);
    await expect.poll(async () => (await attemptsOf(tab)).at(-1), POLL).toBeGreaterThanOrEqual(4);
    line.restore();
    await context.setOffline(false);
    await expect.poll(() => lastSeenBy(tab), POLL).toBe('10');
    expect(await seenBy(tab)).toEqual(range(1, 10));
    // It did not wait for the seconds that were left of its backoff.
    expect((await attemptsOf(tab)).at(-1)).toBe(0);
  });

  test('two tabs at once on one store see everything and store everything once', async () => {
    await newPerson();
    await authority.append(runId, 50);
    const one = await openTab();
    const other = await openTab();
    await Promise.all([follow(one), follow(other)]);
    for (let step = 0; step < 10; step += 1) await authority.append(runId, 20);
    await expect.poll(() => lastSeenBy(one), POLL).toBe('250');
    await expect.poll(() => lastSeenBy(other), POLL).toBe('250');
    expect(await seenBy(one)).toEqual(range(1, 250));
    await expectStored(other, 250);
    await one.close();
    await authority.append(runId, 1);
    await expectStored(other, 251);
  });

  test('a token is refreshed in band, on the socket that is open', async () => {
    await newPerson();
    const tab = await openTab(3);
    await follow(tab);
    await expect.poll(() => lastStateOf(tab), POLL).toBe('live');
    const before = { sockets: line.accepted, mints };
    await expect.poll(() => mints - before.mints, POLL).toBeGreaterThanOrEqual(3);
    await authority.append(runId, 1);
    await expect.poll(() => lastSeenBy(tab), POLL).toBe('1');
    expect(line.accepted).toBe(before.sockets);
    expect(await statesOf(tab)).not.toContain('backoff');
  });

  test('a node that goes away is replaced by another one, without a gap', async () => {
    await newPerson();
    const tab = await openTab();
    await follow(tab);
    await expect.poll(() => lastStateOf(tab), POLL).toBe('live');
    await authority.append(runId, 5);
    await expect.poll(() => lastSeenBy(tab), POLL).toBe('5');
    line.down();
    await node.stop();
    await authority.append(runId, 5);
    node = await startPageNode();
    line.moveTo(node.port);
    line.restore();
    await expect.poll(() => lastSeenBy(tab), POLL).toBe('10');
    expect(await seenBy(tab)).toEqual(range(1, 10));
    await expectStored(tab, 10);
  });

  test('a list begins at its snapshot, and its next life shows at once what was kept', async () => {
    await newPerson();
    const list = topics.userRuns(device.userId);
    // A run is listed with its first event.
    const listed: string[] = [];
    const beginRun = async () => {
      const begun = await authority.newRun(device);
      await authority.append(begun.runId, 1);
      listed.push(begun.runId);
    };
    for (let runs = 0; runs < 3; runs += 1) await beginRun();
    await takeSnapshot(authority.database.runtime, list, Date.now());
    await beginRun();
    const answered: string[] = [];
    context.on('response', (response) => {
      if (response.url().includes('/snapshots/')) answered.push(`${response.status()}`);
    });
    const first = await openTab();
    const followList = (tab: Page) =>
      tab.evaluate((followed) => (globalThis as InPage).page.followSummaries(followed), list);
    const listOf = (tab: Page) =>
      tab.evaluate(() => (globalThis as InPage).page.summariesOfThisLife());
    await followList(first);
    await expect.poll(async () => (await listOf(first)).length, POLL).toBe(4);
    expect(answered).toContain('200');
    await beginRun();
    await expect.poll(async () => (await listOf(first)).length, POLL).toBe(5);
    const keys = await listOf(first);
    expect(listed.filter((run) => !keys.some((key) => key.includes(run)))).toEqual([]);

    line.down();
    const second = await openTab(300, first);
    await followList(second);
    expect((await listOf(second)).length).toBeGreaterThanOrEqual(4);
    line.restore();
    await beginRun();
    await expect.poll(async () => (await listOf(second)).length, POLL).toBe(6);
    // It continued after what was kept.
    expect(answered.filter((status) => status === '200')).toHaveLength(1);
  });
});
