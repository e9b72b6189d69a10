import { createKhalaClient } from '#clients/khala/client.ts';
import { createMemoryStore } from '#clients/khala/memory-store.ts';
import type {
  ClientState,
  KhalaClient,
  KhalaClientOptions,
  SubscribeOptions,
  Subscription,
} from '#clients/khala/types.ts';
import { DensityChecker } from './density-checker.ts';
import { BUILD_ID, type Device, type Issuer, type TokenOptions } from './harness.ts';

export interface Follower {
  client: KhalaClient;
  checker: DensityChecker;
  states: ClientState[];
  /** How many tokens were minted. */
  readonly mints: number;
  /** Subscribes with every applied event recorded by the checker. */
  follow(topic: string, options?: SubscribeOptions): Subscription;
}

export interface FollowerOptions extends Partial<KhalaClientOptions> {
  token?: Partial<TokenOptions>;
}

/** The real client, with a record of what it applied. */
export function createFollower(
  issuer: Issuer,
  device: Device,
  url: string,
  options: FollowerOptions = {},
): Follower {
  const checker = new DensityChecker();
  const states: ClientState[] = [];
  let mints = 0;
  const { token, ...clientOptions } = options;
  const client = createKhalaClient({
    url,
    async getSyncToken(topics) {
      mints += 1;
      return {
        token: await issuer.token(device, { topics, ...token }),
        expires_at: new Date(Date.now() + 60_000).toISOString(),
      };
    },
    proofKey: device.key,
    deviceId: device.deviceId,
    clientBuildId: BUILD_ID,
    store: createMemoryStore(),
    onState: (state) => states.push(state),
    ...clientOptions,
  });
  return {
    client,
    checker,
    states,
    get mints() {
      return mints;
    },
    follow(topic, subscribeOptions = {}) {
      const { onEvent } = subscribeOptions;
      return client.subscribe(topic, {
        ...subscribeOptions,
        async onEvent(event) {
          await onEvent?.(event);
          checker.record(event);
        },
      });
    },
  };
}
