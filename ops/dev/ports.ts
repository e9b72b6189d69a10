import { createServer } from 'node:net';
import { freePort } from './free-port.ts';
import { portOwner } from './process-table.ts';

/** The default port of every part, and the variable that moves it. */
const PORTS = {
  postgres: { variable: 'OA_POSTGRES_PORT', port: 54329 },
  temporal: { variable: 'OA_TEMPORAL_PORT', port: 7233 },
  temporalUi: { variable: 'OA_TEMPORAL_UI_PORT', port: 8233 },
  control: { variable: 'CONTROL_PORT', port: 8787 },
  runtime: { variable: 'RUNTIME_PORT', port: 4100 },
  khala: { variable: 'KHALA_PORT', port: 4200 },
  worker: { variable: 'WORKER_PORT', port: 4190 },
  verifier: { variable: 'VERIFIER_PORT', port: 4195 },
} as const;

export type PortName = keyof typeof PORTS;
export type Ports = Record<PortName, number>;

/** Defaults, moved by the environment; with `OA_PORTS=free` whatever is free. */
export async function choosePorts(env: NodeJS.ProcessEnv): Promise<Ports> {
  const chosen: Partial<Ports> = {};
  for (const name of Object.keys(PORTS) as PortName[]) {
    const { variable, port } = PORTS[name];
    const moved = Number(env[variable]);
    chosen[name] = moved || (env['OA_PORTS'] === 'free' ? await freePort() : port);
  }
  return chosen as Ports;
}

export interface TakenPort {
  name: PortName;
  port: number;
  message: string;
}

/** The ports that somebody else holds, each with its owner and the way out. */
export async function takenPorts(ports: Ports, names: PortName[]): Promise<TakenPort[]> {
  const taken: TakenPort[] = [];
  for (const name of names) {
    const port = ports[name];
    if (await isFree(port)) continue;
    const owner = portOwner(port);
    const by = owner ? `pid ${owner.pid}: ${owner.command.slice(0, 120)}` : 'another process';
    const message = `port ${port} (${name}) is taken by ${by}; set ${PORTS[name].variable} to move it`;
    taken.push({ name, port, message });
  }
  return taken;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
