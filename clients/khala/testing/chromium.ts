import { existsSync } from 'node:fs';
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
