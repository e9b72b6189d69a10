import { setTimeout as delay } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { DEVELOPMENT_BUILD_ID } from '#temporal.config';

/** The server knows a version only after its first poll; on a busy machine that takes seconds. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 2_000;

interface Version {
  namespace: string;
  deploymentName: string;
  buildId: string;
}

/**
 * Makes a new build the current one of its deployment, so that new runs are pinned to it. A build that was current and is not
 * any more stays as it is: it only finishes its own runs, and its restart must not undo what an operator decided since. Tries
 * until the server knows the build or `signal` ends it; until then new runs would find no worker.
 */
export async function makeCurrent(
  connection: NativeConnection,
  version: Version,
  deps: { logger: Logger; signal: AbortSignal },
): Promise<void> {
  const { deploymentName, buildId } = version;
  const { logger, signal } = deps;
  const build = { deployment: deploymentName, build_id: buildId };
  let pauseMs = RETRY_MS;
  while (!signal.aborted) {
    try {
      if (await wasSuperseded(connection, version)) {
        logger.warn(build, 'build was current before and is not now: it takes no new runs');
        return;
      }
      await setCurrent(connection, version);
      logger.info(build, 'build is current');
      return;
    } catch (error) {
      logger.debug({ err: error }, 'the server does not know this build yet');
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX);
    }
  }
}

async function wasSuperseded(connection: NativeConnection, version: Version): Promise<boolean> {
  const { namespace, deploymentName, buildId } = version;
  // Its name says nothing about its code, so the last one that was started counts.
  if (buildId === DEVELOPMENT_BUILD_ID) return false;
  const { workerDeploymentVersionInfo: info } =
    await connection.workflowService.describeWorkerDeploymentVersion({
      namespace,
      deploymentVersion: { deploymentName, buildId },
    });
  // Only what had runs of its own and gets no more is drained.
  return Boolean(info?.drainageInfo && !info.currentSinceTime);
}

async function setCurrent(connection: NativeConnection, version: Version): Promise<void> {
  await connection.workflowService.setWorkerDeploymentCurrentVersion({
    ...version,
    identity: `${version.deploymentName}/${version.buildId}`,
    // A deployment that has queues elsewhere keeps them.
    ignoreMissingTaskQueues: true,
  });
}
