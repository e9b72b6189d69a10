import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLIENT_BUILD_ID } from '#clients/api/build.ts';
import { createApiClient } from '#clients/api/client.ts';
import { loadDevice } from '#clients/api/device.ts';
import { ApiError } from '#clients/api/errors.ts';
import { createSessionStore } from '#clients/api/session-store.ts';
import { createTransport } from '#clients/api/transport.ts';
import { createKhalaClient } from '#clients/khala/client.ts';
import { createMemoryStore } from '#clients/khala/memory-store.ts';
import { parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { printedCode } from '../testing/operator.ts';
import type { StackProcess } from '../testing/stack-process.ts';
import type { Line } from './line.ts';
import { type Surface, stepsIn } from './surface.ts';

/** A program that uses our two client libraries, here. */
export async function nodeClientSurface(
  stack: StackProcess,
  line: Line,
  { email }: { email: string },
): Promise<Surface> {
  const home = await mkdtemp(join(tmpdir(), 'oa-surface-'));
  const device = await loadDevice(home);
  const api = createApiClient({
    controlUrl: line.controlUrl,
    transport: createTransport(),
    sessionStore: createSessionStore(home, line.controlUrl),
    deviceId: device.deviceId,
    now: Date.now,
  });
  const challenge = await api.call('auth.challenge.requested', { body: { email } });
  const answer = await api.call('auth.verify.completed', {
    body: {
      challenge_id: challenge.challenge_id,
      code: await printedCode(stack, email),
      device: { device_id: device.deviceId, client_id: 'surfaces', platform: 'test', name: 'test' },
    },
  });
  const { session, tokens, user } = answer;
  if (!session || !tokens || !user) throw new Error('the login brought no session');
  await api.session.establish({ session, tokens, user });

  return {
    name: 'node client',
    logIn: async () => (await api.call('me.read')).user?.user_id ?? '',
    async start(command) {
      const created = await api.call('runtime.run.create', {
        body: {
          spec: {
            objective: 'surfaces',
            work_unit: 'agent_task',
            agent: { driver: 'command', command },
          },
        },
      });
      return created.run_id;
    },
    follow(runId) {
      const steps: number[] = [];
      const ended = Promise.withResolvers<number[]>();
      void api.endpoints().then(({ khala_url: url }) => {
        const client = createKhalaClient({
          ...{ url, proofKey: device, deviceId: device.deviceId, clientBuildId: CLIENT_BUILD_ID },
          store: createMemoryStore(),
          getSyncToken: async (names) => {
            const body = { topics: [...names], device_id: device.deviceId, jkt: device.jkt };
            const { token, expires_at } = await api.call('sync.token.issued', { body });
            return { token, expires_at: expires_at ?? '' };
          },
        });
        client.subscribe(topics.runEvents(parseId('run', runId)), {
          from: 'beginning',
          onEvent: ({ kind, payload }) => {
            if (kind === 'tool.progress') steps.push(...stepsIn(JSON.stringify(payload)));
            if (kind === 'run.finished') ended.resolve(steps);
          },
        });
        void ended.promise.then(() => client.close());
      }, ended.reject);
      return { seen: () => steps, ended: ended.promise };
    },
    async approve(runId, approvalId) {
      await api.call('runtime.run.approval.resolve', {
        params: { run_id: runId, approval_id: approvalId },
        body: { decision: 'approve', scope: 'once', reason: '' },
      });
    },
    async cancel(runId) {
      await api.call('runtime.run.cancel', { params: { run_id: runId }, body: { reason: 'test' } });
    },
    async steer(runId, text) {
      await api.call('runtime.run.message.post', {
        params: { run_id: runId },
        body: { text, mode: 'steer' },
      });
    },
    async interrupt(runId) {
      await api.call('runtime.run.interrupt', {
        params: { run_id: runId },
        body: { reason: 'test' },
      });
    },
    async outdated() {
      line.outdate();
      try {
        await api.call('me.read');
        return 'served';
      } catch (error) {
        if (error instanceof ApiError) return error.code ?? error.kind;
        throw error;
      }
    },
    close: () => rm(home, { recursive: true, force: true }),
  };
}
