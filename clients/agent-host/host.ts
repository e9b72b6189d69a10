/**
 * The agent host: one worker, for as long as the process lives.
 *
 * 1. One host per data directory; a second one is refused.
 * 2. What an earlier life left is ended and reported before anything new begins.
 * 3. A request reaches the journal before the topic's watermark passes it, and is executed at most once.
 * 4. A refused credential, or another host that took the worker over, ends the host and its agents.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '#proto/canonical.ts';
import type { FaultPoints } from '#proto/fault-points.ts';
import { ApiError } from '../api/errors.ts';
import { acquireLock } from '../api/process-lock.ts';
import { backoffMs } from '../api/transport.ts';
import { SyncTokenRefused } from '../khala/errors.ts';
import type { ClientState, KhalaClient, SyncEvent } from '../khala/types.ts';
import type { Watermark, WatermarkStore } from '../khala/watermark-store.ts';
import { createDesk, type Desk } from './desk.ts';
import { isDiskFull } from './disk-full.ts';
import type { AgentDriver } from './drivers/driver.ts';
import type { HostEnd } from './host-end.ts';
import { startLease } from './lease.ts';
import type { Platform } from './platform.ts';
import type { HostLog } from './publisher.ts';
import { reapEarlierLife } from './reaper.ts';
import type { RequestJournal } from './request-journal.ts';
import { parseRequest, textField } from './request-message.ts';
import { RETENTION_INTERVAL_MS, removeOldRuns } from './retention.ts';
import type { TurnDeps } from './turn.ts';
import type { WorkerIdentity } from './worker-identity.ts';

export interface HostDeps {
  platform: Platform;
  /** Opens the client; `onState` hears of every change of its connection. */
  openKhala(onState: (state: ClientState) => void): Promise<KhalaClient>;
  watermarks: WatermarkStore;
  journal: RequestJournal;
  turns: Omit<TurnDeps, 'postEvents' | 'putArtifact' | 'getArtifact' | 'log'>;
  /** What the worker says that it can drive. */
  drivers: readonly Pick<AgentDriver, 'name' | 'version' | 'tidy'>[];
  identity: WorkerIdentity;
  log: HostLog;
  now(): number;
  faults?: FaultPoints;
}

export interface HostOptions {
  /** The host's own directory. */
  directory: string;
  root: string;
  name: string;
  labels: Record<string, string>;
  /** Turns that run at the same time; further ones wait. */
  turnsMax: number;
  /** Tells when the worker is registered and listens. */
  onReady?(workerId: string): void;
}

/** A second host of the same directory is refused at once. */
const LOCK_WAIT_MS = 0;
/** How long ending agents and their last reports may take. */
const STOP_WITHIN_MS = 15_000;

export async function runHost(
  deps: HostDeps,
  options: HostOptions,
  stop: AbortSignal,
): Promise<HostEnd> {
  const lock = await acquireLock(`${options.directory}/host.lock`, LOCK_WAIT_MS);
  try {
    const interrupted = await reapEarlierLife(deps.journal);
    if (interrupted > 0)
      deps.log.warn(`${interrupted} interrupted turns of an earlier life are reported`);
    await tidy(deps);
    const tidying = setInterval(() => void tidy(deps), RETENTION_INTERVAL_MS);
    try {
      return await serve(deps, options, stop);
    } finally {
      clearInterval(tidying);
    }
  } finally {
    await lock.release();
  }
}

/** What is not needed any more; a failure to remove it is said, and costs nothing but space. */
async function tidy({ journal, turns, drivers, log, now }: HostDeps): Promise<void> {
  try {
    await journal.prune(now());
    const { runsDirectory } = turns.workspaces;
    await removeOldRuns(runsDirectory, journal, now());
    for (const driver of drivers) await driver.tidy?.(runsDirectory, now());
  } catch (error) {
    log.warn(`old workspaces were not removed: ${String(error)}`);
  }
}

async function serve(deps: HostDeps, options: HostOptions, stop: AbortSignal): Promise<HostEnd> {
  const ending = endOnce(stop);
  const { platform, log } = deps;
  try {
    const registered = await register(deps, options, ending.signal);
    const worker = registered.worker;
    if (!worker) throw new ApiError('Decode', 'the registered worker was not named');
    await deps.identity.save(worker.worker_id);
    const desk = createDesk({ ...deps, workerId: worker.worker_id, turnsMax: options.turnsMax });
    const lease = startLease({
      renew: (signal) => platform.heartbeat(worker.worker_id, worker.lease_epoch, signal),
      renewMs: registered.renew_ms,
      log,
      onEnd: ending.end,
    });
    desk.failed.catch((error: unknown) => ending.end(endOfError(error)));
    const khala = await deps.openKhala(watchConnection(log, ending.end));
    const following = follow(khala, deps, {
      topic: registered.topic,
      workerId: worker.worker_id,
      registeredAtMs: Date.parse(worker.started_at ?? ''),
      desk,
      end: ending.end,
    });
    following.catch((error: unknown) => ending.end(endOfError(error)));
    options.onReady?.(worker.worker_id);
    const end = await ending.ended;

    await desk.close(STOP_WITHIN_MS);
    lease.stop();
    await khala.close();
    // Its runs need not wait for the end of the lease. Who was refused or superseded has nothing to say.
    if (end.kind === 'stopped' || end.kind === 'failed') {
      await platform.setStatus(worker.worker_id, 'stopped', end.reason).catch((error: unknown) => {
        log.warn(`the platform was not told that this worker stopped: ${String(error)}`);
      });
    }
    return end;
  } catch (error) {
    if (stop.aborted) return { kind: 'stopped', reason: 'stopped before it was registered' };
    const end = endOfError(error);
    if (end.kind === 'unauthorized') return end;
    throw error;
  }
}

/** Registers, for as long as it takes the platform to be there. */
async function register(deps: HostDeps, options: HostOptions, signal: AbortSignal) {
  const worker_id = (await deps.identity.load()) ?? '';
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await deps.platform.register({
        worker_id,
        workspace_ref: options.root,
        adapter: 'agent-host',
        labels: options.labels,
        metadata: { name: options.name, ...describeDrivers(deps.drivers) },
      });
    } catch (error) {
      if (!(error instanceof ApiError) || !error.retryable) throw error;
      deps.log.warn(`not registered yet: ${error.message}`);
      await delay(backoffMs(attempt + 3, Math.random), undefined, { signal });
    }
  }
}

/** Dispatch looks into `drivers`; the versions are for people. */
function describeDrivers(drivers: HostDeps['drivers']): JsonObject {
  const versions = drivers.flatMap(({ name, version }) => (version ? [[name, version]] : []));
  return {
    drivers: drivers.map(({ name }) => name),
    driver_versions: Object.fromEntries(versions),
  };
}

interface Following {
  topic: string;
  workerId: string;
  /** Stops that were asked of an earlier life are replayed, and are no longer meant. */
  registeredAtMs: number;
  desk: Desk;
  end(end: HostEnd): void;
}

/** Follows the worker's topic from where an earlier life stood, or from the open requests. */
async function follow(khala: KhalaClient, deps: HostDeps, following: Following): Promise<void> {
  const { topic, workerId, desk } = following;
  async function bootstrap(): Promise<Watermark> {
    const { requests, position } = await deps.platform.pendingRequests(workerId);
    for (const request of requests) await desk.accept(request);
    return position;
  }
  const start = await bootstrap();
  const stored = await deps.watermarks.load(topic);
  const subscription = khala.subscribe(topic, {
    from: stored?.epoch === start.epoch ? 'stored' : start,
    onEvent: (event) => handle(event, following),
    // What a replay brought may have ended already; only then is it known.
    onCaughtUp: () => void desk.takeUp(),
    onSnapshotRequired: bootstrap,
  });
  await subscription.ended;
}

async function handle(event: SyncEvent, { desk, end, registeredAtMs }: Following): Promise<void> {
  switch (event.kind) {
    case 'worker.request': {
      const request = parseRequest(event.payload);
      if (!request) return;
      await desk.accept(request);
      if (event.recordedAtMs >= registeredAtMs) void desk.takeUp();
      return;
    }
    case 'worker.response':
    case 'worker.error':
      await desk.ended(textField(event.payload, 'request_id'));
      return;
    case 'worker.stopping':
    case 'worker.stopped':
      if (event.recordedAtMs > registeredAtMs) {
        end({
          kind: 'stopped',
          reason: textField(event.payload, 'reason') || 'stopped by its owner',
        });
      }
      return;
    default:
    // Lifecycle, and whatever later builds add: nothing to do here.
  }
}

function endOfError(error: unknown): HostEnd {
  // What cannot be journaled is not begun: another worker, or a later life of this one, may.
  if (isDiskFull(error)) return { kind: 'failed', reason: 'the disk of the worker is full' };
  const reason = error instanceof Error ? error.message : String(error);
  const refused =
    (error instanceof ApiError && ['Unauthorized', 'MissingCredential'].includes(error.kind)) ||
    error instanceof SyncTokenRefused;
  return { kind: refused ? 'unauthorized' : 'failed', reason };
}

/** Says once that the live connection is lost, and once that it is back. */
function watchConnection(log: HostLog, end: (end: HostEnd) => void) {
  let lost = false;
  return (state: ClientState): void => {
    switch (state.name) {
      case 'blocked':
        end(endOfBlock(state));
        return;
      case 'backoff':
        if (!lost) log.warn(`the live connection is lost (${state.reason}); trying again`);
        lost = true;
        return;
      case 'live':
        if (lost) log.info('the live connection is back');
        lost = false;
        return;
      default:
    }
  };
}

function endOfBlock(state: Extract<ClientState, { name: 'blocked' }>): HostEnd {
  return { kind: state.action === 'log_in' ? 'unauthorized' : 'failed', reason: state.reason };
}

/** The first end counts. */
function endOnce(stop: AbortSignal) {
  const controller = new AbortController();
  let resolve: (end: HostEnd) => void = () => undefined;
  const ended = new Promise<HostEnd>((settle) => {
    resolve = settle;
  });
  const end = (how: HostEnd) => {
    resolve(how);
    controller.abort();
  };
  const onStop = () => end({ kind: 'stopped', reason: 'stopped by its operator' });
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  return { ended, end, signal: controller.signal };
}
