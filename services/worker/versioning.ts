import { setTimeout as delay } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';

/** The server knows a version only after its first poll; on a busy machine that takes seconds. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 2_000;

/**
 * Makes this build the current one of its deployment, so that new runs are pinned to it. Tries until the server knows the
 * build or `signal` ends it; until then new runs would find no worker.
 */
export async function makeCurrent(
  connection: NativeConnection,
  version: { namespace: string; deploymentName: string; buildId: string },
  deps: { logger: Logger; signal: AbortSignal },
): Promise<void> {
  const { namespace, deploymentName, buildId } = version;
  let pauseMs = RETRY_MS;
  while (!deps.signal.aborted) {
    try {
      await connection.workflowService.setWorkerDeploymentCurrentVersion({
        namespace,
        deploymentName,
        buildId,
        identity: `${deploymentName}/${buildId}`,
        // A deployment that has queues elsewhere keeps them.
        ignoreMissingTaskQueues: true,
      });
      deps.logger.info({ deployment: deploymentName, build_id: buildId }, 'build is current');
      return;
    } catch (error) {
      deps.logger.debug({ err: error }, 'the server does not know this build yet');
      await delay(pauseMs, undefined, { signal: deps.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX);
    }
  }
}
