import { Hono } from 'hono';

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
    const uptimeSeconds = Math.floor((now() - startedAtMs) / 1000);
    return c.json({ status: 'ok', service, build_id: buildId, uptime_seconds: uptimeSeconds });
  });

  routes.get('/readyz', async (c) => {
    const states = await Promise.all(checks.map(stateOf));
    const ready = !draining && states.every(({ state }) => state === 'ok');
    const dependencies = Object.fromEntries(states.map(({ name, ...state }) => [name, state]));
    const status = draining ? 'draining' : ready ? 'ready' : 'not_ready';
    return c.json({ status, service, build_id: buildId, dependencies }, ready ? 200 : 503);
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

async function stateOf({ name, check }: ReadyCheck) {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const tooLate = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () =>
      reject(new Error(`no answer in ${CHECK_TIMEOUT_MS} ms`)),
    );
  });
  try {
    await Promise.race([check(), tooLate]);
    return { name, state: 'ok' };
  } catch (error) {
    return { name, state: 'failed', reason: (error as Error).message };
  }
}
