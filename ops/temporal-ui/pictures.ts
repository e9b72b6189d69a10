/** Makes the pictures of docs/temporal-ui.md anew: a real stack, real runs, the UI in Chromium. */
import { statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { removeStack, stackDirectory, startStackProcess } from '../testing/stack-process.ts';
import { type ExampleRuns, makeExampleRuns } from './example-runs.ts';

const CHROMIUM = process.env['OA_CHROMIUM'] ?? '/usr/bin/chromium';
const PICTURES = join(import.meta.dirname, '..', '..', 'docs', 'pictures');

/** A page of documentation should load at once on a phone. */
const BYTES_MAX = 150_000;
const VIEWPORT = { width: 1440, height: 1600 };
/** Left of what is shown: the menu of the UI. */
const CONTENT_X = 256;
const MARGIN = 16;
/** The UI asks the server several times before its page is whole. */
const SETTLES_MS = 4_000;
const LOADS_WITHIN_MS = 60_000;

/** As docs/temporal-ui.md advises to set them. */
const COLUMNS = ['Status', 'OaRunState', 'Workflow ID', 'OaWorkUnit', 'OaTier'];

const stack = await startStackProcess(await stackDirectory());
let runs: ExampleRuns | undefined;
try {
  runs = await makeExampleRuns(stack);
  const workflows = `${stack.state().addresses['temporal_ui']}/namespaces/default/workflows`;
  await mkdir(PICTURES, { recursive: true });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: 'light' });
    page.setDefaultTimeout(LOADS_WITHIN_MS);
    await page.addInitScript(
      ([key, columns]) => localStorage.setItem(String(key), JSON.stringify({ default: columns })),
      ['namespace-workflow-table-columns', COLUMNS.map((label) => ({ label }))] as const,
    );
    await page.goto(workflows);
    await page.getByText('awaiting_approval').first().waitFor();
    await take(page, 'list', { from: 48, to: 560 });

    await openRun(page, workflows, runs.awaitingApproval);
    await page.goto(page.url().replace(/\/timeline$/, '/user-metadata'));
    await page.getByText('Current Details').first().waitFor();
    await page.waitForTimeout(SETTLES_MS);
    await take(page, 'awaiting-approval', { from: 48, to: 820 });

    for (const name of ['succeeded', 'failed', 'recovered'] as const) {
      await openRun(page, workflows, runs[name]);
      await take(page, name, await timelineOf(page));
    }
  } finally {
    await browser.close();
  }
} finally {
  await runs?.close();
  await removeStack(stack);
}

/** Its id leads to its newest execution and the timeline of that. */
async function openRun(page: Page, workflows: string, runId: string): Promise<void> {
  await page.goto(`${workflows}/${encodeURIComponent(`run/${runId}`)}`);
  await page.waitForURL(/\/timeline$/);
  await page.getByText('User Metadata').first().waitFor();
  await page.waitForTimeout(SETTLES_MS);
}

async function timelineOf(page: Page): Promise<{ from: number; to: number }> {
  const heading = await page.getByRole('heading', { name: 'Timeline' }).first().boundingBox();
  const frames = await page.locator('svg').locator('xpath=..').all();
  const boxes = await Promise.all(frames.map((frame) => frame.boundingBox()));
  // Those of icons are small.
  const drawing = boxes.find(
    (box) => box && box.width > VIEWPORT.width / 2 && box.height > MARGIN * 4,
  );
  const bottom = drawing ? drawing.y + drawing.height : VIEWPORT.height;
  return { from: (heading?.y ?? 0) - MARGIN, to: bottom };
}

async function take(page: Page, name: string, { from, to }: { from: number; to: number }) {
  const path = join(PICTURES, `temporal-${name}.png`);
  const width = VIEWPORT.width - CONTENT_X;
  await page.screenshot({ path, clip: { x: CONTENT_X, y: from, width, height: to - from } });
  const { size } = statSync(path);
  process.stdout.write(`${path} ${size} bytes\n`);
  if (size > BYTES_MAX) throw new Error(`${name} has ${size} of at most ${BYTES_MAX} bytes`);
}
