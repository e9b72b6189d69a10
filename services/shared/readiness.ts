import { Hono } from 'hono';
import type { DependencyState, HealthResponse, ReadyResponse } from '#proto/gen/types.ts';

/** A dependency that answers later than this counts as failed; probes come every few seconds. */
const CHECK_TIMEOUT_MS = 2_000;

/** One real dependency of a process. `check` throws, with a reason an operator can act on. */
export interface ReadyCheck {
  readonly name: string;
  check(): Promise<unknown>;
}

export interface Operations {
  readonly routes: Hono;
  /** From now on `/readyz` says `draining`, so that a load balancer sends nobody here. */
  startDraining(): void;
}

/** `/healthz` (alive), `/readyz` (each dependency by name), `/metrics`. */
export function createOperations(deps: {
  service: string;
  buildId: string;
  checks: readonly ReadyCheck[];
  metrics: { text: () => Promise<string> };
  now?: () => number;
}): Operations {
  const { service, buildId, checks, metrics, now = Date.now } = deps;
  const startedAtMs = now();
  let draining = false;
  const routes = new Hono();

  routes.get('/healthz', (c) => {
    const uptimeS = Math.floor((now() - startedAtMs) / 1000);
    const health = { status: 'ok', service, build_id: buildId, uptime_s: String(uptimeS) };
    return c.json(health satisfies HealthResponse);
  });

  routes.get('/readyz', async (c) => {
    const dependencies = await Promise.all(checks.map(stateOf));
    if (draining) dependencies.push({ name: 'process', state: 'failed', detail: 'draining' });
    const ready = dependencies.every(({ state }) => state === 'ok');
    return c.json({ ready, service, dependencies } satisfies ReadyResponse, ready ? 200 : 503);
  });

  routes.get('/metrics', async (c) =>
    c.body(await metrics.text(), 200, { 'content-type': 'text/plain; version=0.0.4' }),
  );

  return {
    routes,
    startDraining() {
      draining = true;
    },
  };
}

async function stateOf({ name, check }: ReadyCheck): Promise<DependencyState> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const reason = `no answer in ${CHECK_TIMEOUT_MS} ms`;
    timer = setTimeout(() => reject(new Error(reason)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), tooLate]);
    return { name, state: 'ok', detail: '' };
  } catch (error) {
    return { name, state: 'failed', detail: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}
