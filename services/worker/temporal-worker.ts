import { trace } from '@opentelemetry/api';
import { Resource } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  NoopSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { DataConverter } from '@temporalio/common';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry';
import { type NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import type { RuntimeActivities } from '#activities/index.ts';
import { DEPLOYMENTS, TASK_QUEUES, WORKER_TUNING } from '#temporal.config';
import { carryTraceContext } from '../shared/trace-context.ts';
import { fileExporter, samplerFor } from '../shared/tracing.ts';

export interface RuntimeWorkerOptions {
  connection: NativeConnection;
  namespace: string;
  buildId: string;
  workflowBundle: WorkflowBundle;
  activities: RuntimeActivities;
  dataConverter?: DataConverter;
  /** Spans as JSON lines; empty: none are recorded. */
  traceFile: string;
  /** 0 replays every workflow at every task: the hardest test of determinism. */
  maxCachedWorkflows?: number;
}

/** The Temporal worker of queue `runtime`. */
export async function createRuntimeWorker(options: RuntimeWorkerOptions): Promise<Worker> {
  const resource = new Resource({ 'service.name': 'worker' });
  const spanProcessor = options.traceFile
    ? new BatchSpanProcessor(fileExporter(options.traceFile))
    : new NoopSpanProcessor();
  const provider = new BasicTracerProvider({
    ...{ resource, sampler: samplerFor(options.traceFile) },
    spanProcessors: [spanProcessor],
  });
  const tracer = provider.getTracer('openagents');
  trace.setGlobalTracerProvider(provider);
  carryTraceContext();
  return Worker.create({
    connection: options.connection,
    namespace: options.namespace,
    taskQueue: TASK_QUEUES.runtime,
    // Without the machine's name: histories are shown and kept.
    identity: `${DEPLOYMENTS.worker}/${options.buildId}/${process.pid}`,
    workflowBundle: options.workflowBundle,
    activities: options.activities,
    ...(options.dataConverter && { dataConverter: options.dataConverter }),
    sinks: { exporter: makeWorkflowExporter(spanProcessor, resource) },
    interceptors: {
      activity: [
        (context) => ({
          inbound: new OpenTelemetryActivityInboundInterceptor(context, { tracer }),
          outbound: new OpenTelemetryActivityOutboundInterceptor(context),
        }),
      ],
    },
    ...WORKER_TUNING,
    ...(options.maxCachedWorkflows !== undefined && {
      maxCachedWorkflows: options.maxCachedWorkflows,
    }),
    workerDeploymentOptions: {
      version: { deploymentName: DEPLOYMENTS.worker, buildId: options.buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  });
}
