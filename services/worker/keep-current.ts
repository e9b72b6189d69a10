import { setTimeout as delay } from 'node:timers/promises';
import type { NativeConnection } from '@temporalio/worker';
import { makeCurrent } from './versioning.ts';

/** A run that is begun meanwhile waits that long for its first task. */
const LOOK_EVERY_MS = 2_000;

/**
 * A Temporal server whose database was lost knows no deployment, and new runs would find no worker: a build that was current
 * becomes it again. Where any build is current, this one leaves it so.
 */
export async function keepCurrent(
  connection: NativeConnection,
  version: Parameters<typeof makeCurrent>[1],
  deps: Parameters<typeof makeCurrent>[2],
): Promise<void> {
  const { namespace, deploymentName } = version;

  async function isAnyCurrent(): Promise<boolean> {
    try {
      const { workerDeploymentInfo } = await connection.workflowService.describeWorkerDeployment({
        namespace,
        deploymentName,
      });
      return Boolean(workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId);
    } catch (error) {
      // Away: nobody knows, and the next look comes soon.
      return !isNotFound(error);
    }
  }

  while (!deps.signal.aborted) {
    if (!(await isAnyCurrent())) {
      deps.logger.warn('the server knows no current build: it has lost its deployments');
      await makeCurrent(connection, version, deps);
    }
    await delay(LOOK_EVERY_MS, undefined, { signal: deps.signal }).catch(() => undefined);
  }
}

const NOT_FOUND = 5;

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === NOT_FOUND;
}
