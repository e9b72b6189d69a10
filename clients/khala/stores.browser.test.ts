import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumMissing, launchChromium, pageBundle, servePage } from './testing/chromium.ts';
import { STORE_CASES } from './testing/store-suite.ts';

let browser: Browser;
let page: Page;
let served: Awaited<ReturnType<typeof servePage>>;

beforeAll(async () => {
  if (chromiumMissing) return;
  browser = await launchChromium();
  page = await browser.newPage();
  // A page without an origin has no IndexedDB.
  served = await servePage();
  await page.goto(served.origin);
  const file = fileURLToPath(new URL('testing/store-suite-page.ts', import.meta.url));
  await page.addScriptTag({ content: await pageBundle(file, 'suite') });
});

afterAll(async () => {
  await browser?.close();
  await served?.close();
});

const name = 'the IndexedDB store';

describe.skipIf(chromiumMissing)(chromiumMissing ? `${name} (${chromiumMissing})` : name, () => {
  test.each(STORE_CASES)('$name', async (storeCase) => {
    const answer = await page.evaluate(
      (named) => (globalThis as unknown as Suite).suite.runInPage(named),
      storeCase.name,
    );
    expect(answer).toEqual(storeCase.expected);
  });
});

interface Suite {
  suite: { runInPage(name: string): Promise<unknown> };
}
