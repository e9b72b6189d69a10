import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '#temporal.config';

const RETENTION_S = 86_400;
/** Of `temporal.api.enums.v1.IndexedValueType`. */
const VALUE_TYPES = { Keyword: 2, Int: 3 } as const;
const DEADLINE_MS = 20_000;

/** A namespace of its own on the suite's server, so that no other file's workers take its tasks. */
export async function createNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: RETENTION_S as never },
    });
    await untilItWorks(() =>
      connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(
          Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, VALUE_TYPES[type]]),
        ),
      }),
    );
    await untilItWorks(async () => {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({
        namespace,
      });
      if (!customAttributes?.['OaRunId']) throw new Error('OaRunId is not known yet');
    });
  } finally {
    await connection.close();
  }
}

async function untilItWorks(work: () => Promise<unknown>): Promise<void> {
  const deadlineMs = Date.now() + DEADLINE_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await delay(100);
    }
  }
}
