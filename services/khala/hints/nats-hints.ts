import type { NatsConnection } from '@nats-io/transport-node';
import { type NatsLine, openNatsLine } from '#db/nats-line.ts';
import { HINT_SUBJECT, parseHint } from '#db/runtime/hint-payload.ts';
import type { HintListener, HintSource } from './hint-source.ts';

/** Core NATS, without storage: a hint that nobody heard is worth nothing later. */
export function createNatsHints(options: { url: string; name: string }): HintSource {
  let line: NatsLine | undefined;
  return {
    async start(listener) {
      line = openNatsLine({ ...options, onOpen: (connection) => listen(connection, listener) });
      await line.tried;
    },
    async stop() {
      await line?.close();
    },
  };
}

async function listen(connection: NatsConnection, listener: HintListener): Promise<void> {
  connection.subscribe(HINT_SUBJECT, {
    callback(error, message) {
      if (!error) listener.onHints(parseHint(message.string()));
    },
  });
  void resetAtReturn(connection, listener);
  await reset(connection, listener);
}

async function resetAtReturn(connection: NatsConnection, listener: HintListener): Promise<void> {
  for await (const { type } of connection.status()) {
    // The next return resets anew where this one did not last.
    if (type === 'reconnect') await reset(connection, listener).catch(() => undefined);
  }
}

/** Behind the answer to a ping the server has the subscription: what it publishes from here on arrives. */
async function reset(connection: NatsConnection, listener: HintListener): Promise<void> {
  await connection.flush();
  listener.onReset();
}
