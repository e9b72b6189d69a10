/** A process full of readers, on the clients' core. It does what its parent asks, one answer for each request. */
import { setTimeout as delay } from 'node:timers/promises';
import { importJWK } from 'jose';
import { createProver, type Prove } from '#clients/khala/proof.ts';
import type { ProofKey } from '#clients/khala/types.ts';
import { openTcpSocket, openWebSocket } from './bare-socket.ts';
import { openKhalaSocket } from './khala-socket.ts';
import type { AudienceAnswers, AudienceRequest, Opening } from './requests.ts';
import type { SeatedSocket } from './seated-socket.ts';

const LOOK_MS = 5;
const groups = new Map<string, SeatedSocket[]>();

const actions: {
  [K in AudienceRequest['do']]: (
    request: Extract<AudienceRequest, { do: K }>,
  ) => Promise<AudienceAnswers[K]>;
} = {
  async open({ opening }) {
    const prove = await proverOf(opening);
    const sockets: SeatedSocket[] = [];
    groups.set(opening.group, sockets);
    const caughtUpMs: number[] = [];
    const seats = opening.seats.values();
    await Promise.all(
      Array.from({ length: opening.atOnce }, async () => {
        for (const seat of seats) {
          const socket =
            opening.kind === 'khala'
              ? openKhalaSocket(opening, seat, prove)
              : opening.kind === 'ws'
                ? openWebSocket(opening, seat)
                : openTcpSocket(opening, seat);
          sockets.push(socket);
          caughtUpMs.push(await socket.ready);
        }
      }),
    );
    return { caughtUpMs };
  },
  async reach({ group, last, timeoutMs }) {
    const sockets = groupOf(group);
    const endMs = Date.now() + timeoutMs;
    let behind = sockets;
    for (;;) {
      behind = behind.filter(({ positions }) => !positions.isAt(last));
      assertDense(sockets);
      assertOpen(sockets);
      if (behind.length === 0) break;
      if (Date.now() > endMs) throw new Error(`${behind.length} of ${sockets.length} lost events`);
      await delay(LOOK_MS);
    }
    return { events: eventsOf(sockets) };
  },
  async dense({ group }) {
    assertDense(groupOf(group));
    assertOpen(groupOf(group));
    return { events: eventsOf(groupOf(group)) };
  },
  async arrivals({ group }) {
    return groupOf(group).flatMap(({ positions }) => positions.arrivals?.splice(0) ?? []);
  },
  async endings({ group, timeoutMs }) {
    const all = Promise.all(groupOf(group).map(({ ended }) => ended));
    const late = delay(timeoutMs, undefined, { ref: false }).then(() => {
      throw new Error('a socket was not ended');
    });
    const endings = await Promise.race([all, late]);
    assertDense(groupOf(group));
    return endings;
  },
  async close({ group }) {
    const sockets = groupOf(group);
    for (const socket of sockets) socket.close();
    await Promise.all(sockets.map(({ ended }) => ended));
    groups.delete(group);
  },
};

function groupOf(name: string): SeatedSocket[] {
  const group = groups.get(name);
  if (!group) throw new RangeError(`no group ${name}`);
  return group;
}

function assertDense(sockets: readonly SeatedSocket[]): void {
  const fault = sockets.flatMap(({ positions }) => positions.faults)[0];
  if (fault) throw new Error(`a stream is not dense: ${fault}`);
}

function assertOpen(sockets: readonly SeatedSocket[]): void {
  const closed = sockets.filter(({ open }) => !open).length;
  if (closed > 0) throw new Error(`${closed} of ${sockets.length} sockets were closed`);
}

function eventsOf(sockets: readonly SeatedSocket[]): number {
  return sockets.reduce((sum, { positions }) => sum + positions.events, 0);
}

async function proverOf({ device }: Opening): Promise<Prove> {
  if (!device) return () => Promise.reject(new TypeError('a node asks for a device'));
  const [publicKey, privateKey] = await Promise.all([
    importJWK(device.publicJwk, 'EdDSA', { extractable: true }),
    importJWK(device.privateJwk, 'EdDSA'),
  ]);
  return createProver({ publicKey, privateKey } as ProofKey).socket;
}

process.on('message', ({ id, request }: { id: number; request: AudienceRequest }) => {
  const action = actions[request.do] as (of: AudienceRequest) => Promise<unknown>;
  action(request).then(
    (value) => process.send?.({ id, value }),
    (fault: unknown) => process.send?.({ id, fault: String(fault) }),
  );
});
process.on('disconnect', () => process.exit(0));
