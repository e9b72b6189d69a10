import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = process.env['OA_CHROMIUM'] ?? '/usr/bin/chromium';

/** Why a browser test cannot run here, with the command that changes it. */
export const chromiumMissing = existsSync(CHROMIUM) ? undefined : 'apt-get install chromium';

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
}

/** What a page loads: the module's exports under `globalThis[name]`. */
export async function pageBundle(file: string, name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: name,
    platform: 'browser',
    target: 'chrome120',
  });
  return outputFiles[0]?.text ?? '';
}

/** An empty page from a server of this machine: only such a page may connect to the others here. */
export async function servePage(): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<title>page</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
