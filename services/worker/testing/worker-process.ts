import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import type { Lab } from './lab.ts';

const STARTS_WITHIN_MS = 30_000;

export interface WorkerProcess {
  output(): string;
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface WorkerBuild {
  buildId: string;
  /** Holds the build's bundle under the name that today's sources have. */
  bundles: string;
}

/** The worker as production starts it: a process of its own, ready when this resolves. */
export async function startWorkerProcess(
  lab: Lab,
  build: WorkerBuild,
  temporalAddress: string,
): Promise<WorkerProcess> {
  const env = {
    ...process.env,
    OA_ENV: 'test',
    OA_BUILD_ID: build.buildId,
    OA_WORKFLOW_BUNDLE: build.bundles,
    WORKER_PORT: '0',
    RUNTIME_DATABASE_URL: lab.runtimeUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: lab.namespace,
    OA_ARTIFACTS_DIR: lab.artifactsDirectory,
    OA_RECEIPT_KEYS_FILE: await receiptKeys(lab.artifactsDirectory, build.buildId),
  };
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'main.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  child.stdout.on('data', (chunk) => lines.push(String(chunk)));
  child.stderr.on('data', (chunk) => lines.push(String(chunk)));
  const output = () => lines.join('');
  const settled = new Promise<void>((resolve, reject) => {
    const watch = () => {
      if (/build is current|it takes no new runs/.test(output())) resolve();
    };
    child.stdout.on('data', watch);
    child.on('exit', () => reject(new Error(`the worker ended: ${output()}`)));
    setTimeout(() => reject(new Error(`not ready: ${output()}`)), STARTS_WITHIN_MS).unref();
  });
  await settled;
  return {
    output,
    async stop(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
}

async function receiptKeys(directory: string, kid: string): Promise<string> {
  const file = join(directory, `receipts-${kid}.json`);
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  await writeFile(file, JSON.stringify({ keys: [{ ...(await exportJWK(privateKey)), kid }] }));
  return file;
}
