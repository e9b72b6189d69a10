import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHinter } from '#db/runtime/hint.ts';
import { HINT_SUBJECT } from '#db/runtime/hint-payload.ts';
import { type NatsServer, natsNeeded, startNatsServer } from '../testing/nats-server.ts';
import { startTcpProxy } from '../testing/tcp-proxy.ts';
import { describeHints } from './hint-suite.ts';
import { createNatsHints } from './nats-hints.ts';

describe.skipIf(natsNeeded)(`with a real NATS server${natsNeeded}`, () => {
  describeHints('nats', async () => {
    const server = await startNatsServer();
    const line = await startTcpProxy(server);
    const direct = `nats://${server.host}:${server.port}`;
    return {
      hinter: (url) =>
        createHinter({ driver: 'nats', url, natsUrl: direct, applicationName: 'oa-test-hint' }),
      source: async () =>
        createNatsHints({ url: `nats://127.0.0.1:${line.port}`, name: 'oa-khala' }),
      async inject(payload) {
        const connection = await connect({ servers: direct });
        connection.publish(HINT_SUBJECT, payload);
        await connection.drain();
      },
      down: () => void line.down(),
      restore: line.restore,
      async close() {
        await line.close();
        await server.stop();
      },
    };
  });

  describe('whose process is killed', () => {
    let server: NatsServer;
    beforeAll(async () => {
      server = await startNatsServer();
    });
    afterAll(() => server?.stop());

    test('publisher and listener find it again by themselves, also where it was away at their start', async ({
      skip,
    }) => {
      const { crash, host, port } = server;
      if (!crash) return skip('the server of NATS_URL is not ours to kill');
      await crash();
      const url = `nats://${host}:${port}`;
      const hinter = createHinter({
        ...{ driver: 'nats', url: '', natsUrl: url, applicationName: 'oa-test-hint' },
      });
      const source = createNatsHints({ url, name: 'oa-khala' });
      const heard: bigint[] = [];
      let resets = 0;
      await source.start({
        onHints: (hints) => heard.push(...hints.map(({ head_seq }) => head_seq)),
        onReset: () => {
          resets += 1;
        },
      });
      const hint = (head_seq: bigint) =>
        hinter.hint([{ topic_id: 1n, topic: 'any topic', head_seq }]);
      for (let life = 1n; life <= 2n; life += 1n) {
        hint(life * 10n);
        await server.start();
        await expect.poll(() => resets, { timeout: 10_000 }).toBe(Number(life));
        const next = life * 10n + 1n;
        await expect
          .poll(
            () => {
              hint(next);
              return heard.includes(next);
            },
            { timeout: 10_000 },
          )
          .toBe(true);
        await crash();
      }
      await hinter.close();
      await source.stop();
    });
  });
});
