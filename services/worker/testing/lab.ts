/** A worker, a database and a Temporal namespace for one test file, with everything of ours real. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { JSONWebKeySet } from 'jose';
import { pino } from 'pino';
import { inject } from 'vitest';
import { createActivities, type RuntimeActivities } from '#activities/index.ts';
import type { Sql } from '#db/connect.ts';
import { createJournal, type Journal } from '#db/runtime/journal.ts';
import { listSigningKeys } from '#db/runtime/receipts.ts';
import { testDatabase } from '#db/testing/database.ts';
import { DEPLOYMENTS, DEVELOPMENT_BUILD_ID, TASK_QUEUES } from '#temporal.config';
import type { HarnessActivities } from '#workflows/verification/ports.ts';
import { type ArtifactStore, createDirectoryStore } from '../../shared/artifact-store.ts';
import { publishReceiptKeys } from '../signing-keys.ts';
import { createSweeper, sweepForever } from '../sweeper.ts';
import { createRuntimeWorker, type RuntimeWorkerOptions } from '../temporal-worker.ts';
import { makeCurrent } from '../versioning.ts';
import { workflowBundle } from '../workflow-bundle.ts';
import { createNamespace } from './namespace.ts';
import { newReceiptKey } from './receipt-key.ts';
import { scriptedHarness } from './scripted-harness.ts';

const BECOMES_CURRENT_WITHIN_MS = 20_000;

const QUIET = new DefaultLogger('ERROR');

export interface Lab {
  sql: Sql;
  owner: Sql;
  runtimeUrl: string;
  journal: Journal;
  client: Client;
  namespace: string;
  artifacts: ArtifactStore;
  artifactsDirectory: string;
  activities: RuntimeActivities;
  keySet(): Promise<JSONWebKeySet>;
  /** Starts the worker; more than one may run, as after a crash. */
  startWorker(options?: { maxCachedWorkflows?: number }): Promise<{ stop(): Promise<void> }>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface LabOptions {
  /** How payloads are written and read; as they are where absent. */
  converters?: { worker: DataConverter; verifier: DataConverter };
  /** Another Temporal server than the suite's. */
  temporalAddress?: string;
}

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const { converters, temporalAddress: address = inject('temporalAddress') } = options;
  Runtime.install({ shutdownSignals: [], logger: QUIET });
  const namespace = `lab-${randomBytes(6).toString('hex')}`;
  const bundleDirectory = join(import.meta.dirname, '..', '..', '..', '.cache', 'workflows');
  const [database, directory, bundle] = await Promise.all([
    testDatabase(['runtime']),
    mkdtemp(join(tmpdir(), 'oa-lab-')),
    workflowBundle(bundleDirectory, QUIET, converters?.worker),
    createNamespace(address, namespace),
  ]);
  const [connection, clientConnection] = await Promise.all([
    NativeConnection.connect({ address }),
    Connection.connect({ address }),
  ]);
  const dataConverter = converters?.worker ?? {};
  const client = new Client({
    connection: clientConnection,
    namespace,
    identity: 'lab',
    dataConverter,
  });
  const sql = database.runtime;
  const journal = createJournal({ sql, hint: () => undefined });
  const artifacts = createDirectoryStore(directory);
  const keySet = () => listSigningKeys(sql);
  const activities = createActivities({
    sql,
    journal,
    artifacts,
    signingKey: await publishReceiptKeys(sql, 'worker', [await newReceiptKey('receipts-1')]),
    keySet,
    now: Date.now,
  });
  const verifier = await startVerifier(connection, namespace, converters?.verifier ?? {});
  const sweeping = startSweeping({ sql, journal, client });
  const stops: (() => Promise<void>)[] = [];

  return {
    sql,
    owner: database.owner,
    runtimeUrl: database.runtimeUrl,
    journal,
    client,
    namespace,
    artifacts,
    artifactsDirectory: directory,
    activities,
    keySet,
    async startWorker(options = {}) {
      const worker = await startRuntime({
        ...{ connection, namespace, workflowBundle: bundle, activities, dataConverter },
        ...options,
      });
      stops.push(worker.stop);
      return worker;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stops.map((stop) => stop()));
      await Promise.all([verifier.stop(), sweeping.stop()]);
      await Promise.all([connection.close(), clientConnection.close(), journal.close()]);
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

async function startRuntime(options: Omit<RuntimeWorkerOptions, 'buildId' | 'traceFile'>) {
  const { connection, namespace } = options;
  const buildId = DEVELOPMENT_BUILD_ID;
  const worker = started(await createRuntimeWorker({ ...options, buildId, traceFile: '' }));
  const version = { namespace, deploymentName: DEPLOYMENTS.worker, buildId };
  await makeCurrent(connection, version, {
    logger: pino({ level: 'silent' }),
    signal: AbortSignal.timeout(BECOMES_CURRENT_WITHIN_MS),
  });
  return worker;
}

async function startVerifier(
  connection: NativeConnection,
  namespace: string,
  dataConverter: DataConverter,
) {
  const harness: HarnessActivities = { runHarness: scriptedHarness };
  return started(
    await Worker.create({
      connection,
      namespace,
      taskQueue: TASK_QUEUES.verification,
      identity: 'lab-verifier',
      dataConverter,
      activities: harness,
    }),
  );
}

function started(worker: Worker) {
  const working = worker.run();
  let stopped: Promise<void> | undefined;
  return {
    stop(): Promise<void> {
      if (!stopped) {
        worker.shutdown();
        stopped = working;
      }
      return stopped;
    },
  };
}

function startSweeping(deps: { sql: Sql; journal: Journal; client: Client }) {
  const abort = new AbortController();
  const sweeping = sweepForever(createSweeper({ ...deps, now: Date.now, count: () => undefined }), {
    intervalMs: 100,
    abort: abort.signal,
    onFailure: (error) => {
      throw error;
    },
  });
  return {
    async stop() {
      abort.abort();
      await sweeping;
    },
  };
}
