import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { loadFixtures } from './testing/fixture-files.ts';
import { type Fixtures, readFixtures } from './testing/fixtures.ts';

const CHROMIUM = process.env['OA_CHROMIUM'] ?? '/usr/bin/chromium';
const missing = !existsSync(CHROMIUM);
const name = 'a browser reads every fixture as Node does';

test.skipIf(missing)(missing ? `${name} (apt-get install chromium)` : name, async () => {
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('testing/fixtures.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'contracts',
    platform: 'browser',
    target: 'chrome120',
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    // WebCrypto exists on trusted origins only, and localhost is one.
    await page.route('http://localhost/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>fixtures</title>' }),
    );
    await page.goto('http://localhost/');
    await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' });
    const fixtures = loadFixtures();
    const inBrowser = await page.evaluate(
      (json) => (globalThis as unknown as Contracts).contracts.readFixtures(JSON.parse(json)),
      JSON.stringify(fixtures),
    );
    expect(inBrowser).toEqual(await readFixtures(fixtures));
    expect(inBrowser.filter((line) => !line.startsWith('ok '))).toEqual([]);
  } finally {
    await browser.close();
  }
});

interface Contracts {
  contracts: { readFixtures(fixtures: Fixtures): Promise<string[]> };
}
