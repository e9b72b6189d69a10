import { inject } from 'vitest';
import { connect } from '#db/connect.ts';
import { createHinter } from '#db/runtime/hint.ts';
import { HINT_CHANNEL } from '#db/runtime/hint-payload.ts';
import { startTcpProxy } from '../testing/tcp-proxy.ts';
import { describeHints } from './hint-suite.ts';
import { createPostgresHints } from './postgres-hints.ts';

describeHints('postgres', async () => {
  const server = new URL(inject('postgresUrl'));
  const line = await startTcpProxy({ host: server.hostname, port: Number(server.port) });
  return {
    hinter: (url) => createHinter({ url, applicationName: 'oa-test-hint' }),
    async source(databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(line.port);
      return createPostgresHints(() =>
        connect({ url: url.href, max: 1, applicationName: 'oa-khala-listen' }),
      );
    },
    async inject(payload, databaseUrl) {
      const sql = connect({ url: databaseUrl, max: 1, applicationName: 'oa-test-forger' });
      await sql`select pg_notify(${HINT_CHANNEL}, ${payload})`;
      await sql.end();
    },
    down: () => void line.down(),
    restore: line.restore,
    close: line.close,
  };
});
