/** The Khala client as the command line and the agent host open it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { ClientSurface } from '#proto/gen/types.ts';
import { CLIENT_BUILD_ID } from '../api/build.ts';
import { ApiError } from '../api/errors.ts';
import { createTelemetrySender } from '../api/telemetry-sender.ts';
import { createKhalaClient } from '../khala/client.ts';
import { SyncTokenRefused } from '../khala/errors.ts';
import { createFileStore } from '../khala/file-store.ts';
import { createTelemetry } from '../khala/telemetry.ts';
import type { ClientState, KhalaClient } from '../khala/types.ts';
import type { WatermarkStore } from '../khala/watermark-store.ts';
import type { Connection } from './cli.ts';

/** Kinds of reader on one device; each has positions of its own. */
export const READERS = ['run-view', 'agent-host'] as const;

/** Watermarks of this login on this device. */
export async function openWatermarks(
  { api, device, config }: Connection,
  reader: (typeof READERS)[number],
): Promise<WatermarkStore> {
  const session = await api.session.load();
  return createFileStore({
    directory: join(config.dataDirectory, 'watermarks', reader),
    userId: session?.user_id ?? '',
    orgId: session?.org_id ?? '',
    deviceId: device.deviceId,
  });
}

export async function openKhala(
  { api, device }: Connection,
  store: WatermarkStore,
  surface: Extract<ClientSurface, 'cli' | 'agent_host'>,
  onState: (state: ClientState) => void = () => undefined,
): Promise<KhalaClient> {
  const { khala_url: url } = await api.endpoints();
  const sender = createTelemetrySender(api);
  const observe = createTelemetry({
    surface,
    clientBuildId: CLIENT_BUILD_ID,
    newId: randomUUID,
    nowMs: Date.now,
    onEvent: sender.add,
  });
  const client = createKhalaClient({
    url,
    store,
    proofKey: device,
    deviceId: device.deviceId,
    clientBuildId: CLIENT_BUILD_ID,
    onState(state) {
      observe(state);
      onState(state);
    },
    async getSyncToken(topics) {
      try {
        const answer = await api.call('sync.token.issued', {
          body: { topics: [...topics], device_id: device.deviceId, jkt: device.jkt },
        });
        return { token: answer.token, expires_at: answer.expires_at ?? '' };
      } catch (error) {
        throw refusalOf(error) ?? error;
      }
    },
  });
  return {
    get state() {
      return client.state;
    },
    store: client.store,
    subscribe: client.subscribe,
    retryNow: client.retryNow,
    async close() {
      await Promise.all([client.close(), sender.close()]);
    },
  };
}

/** What trying again cannot mend, in the words of the Khala client. */
function refusalOf(error: unknown): SyncTokenRefused | undefined {
  if (!(error instanceof ApiError) || error.retryable) return undefined;
  switch (error.kind) {
    case 'MissingCredential':
    case 'Unauthorized':
      return new SyncTokenRefused('log_in', error.message, { cause: error });
    case 'Unsupported':
      return new SyncTokenRefused('upgrade', error.message, { cause: error });
    case 'Forbidden':
    case 'Validation':
      return new SyncTokenRefused('stop', error.message, { cause: error });
    default:
      return undefined;
  }
}
