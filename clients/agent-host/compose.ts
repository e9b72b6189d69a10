/** A host from its parts: which directories it uses, what agents may not read, how it talks to the platform. */
import { createHash } from 'node:crypto';
import { mkdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PRIVATE_DIRECTORY_MODE } from '../api/atomic-file.ts';
import type { ApiClient } from '../api/client.ts';
import type { Environment } from '../api/config-home.ts';
import type { ClientState, KhalaClient } from '../khala/types.ts';
import type { WatermarkStore } from '../khala/watermark-store.ts';
import { createCodexDriver } from './drivers/codex/driver.ts';
import { locateCodex } from './drivers/codex/locate.ts';
import type { TokenPrice } from './drivers/codex/usage.ts';
import { createCommandDriver } from './drivers/command.ts';
import type { AgentDriver } from './drivers/driver.ts';
import { hostFaultPoints } from './fault-points.ts';
import { createGit } from './git.ts';
import type { HostDeps } from './host.ts';
import { createPlatform } from './platform.ts';
import type { HostLog } from './publisher.ts';
import { openRequestJournal } from './request-journal.ts';
import { credentialPaths, detectSandbox, type Sandbox } from './sandbox.ts';
import { createWorkerIdentity } from './worker-identity.ts';

export interface HostSettings {
  api: ApiClient;
  openKhala(store: WatermarkStore, onState: (state: ClientState) => void): Promise<KhalaClient>;
  watermarks: WatermarkStore;
  environment: Environment;
  passEnvironment: readonly string[];
  configDirectory: string;
  dataDirectory: string;
  root: string;
  name: string;
  codex: CodexSettings;
  log: HostLog;
}

export interface CodexSettings {
  /** Path of the binary; undefined looks in the cache and on the PATH. */
  binary: string | undefined;
  /** A server that speaks the Responses API, in the place of OpenAI's. */
  serverUrl: string | undefined;
  model: string | undefined;
  price: TokenPrice | undefined;
}

export interface ComposedHost {
  deps: HostDeps;
  directory: string;
  root: string;
  sandbox: Sandbox;
}

export async function composeHost(settings: HostSettings): Promise<ComposedHost> {
  const { api, environment, log, watermarks } = settings;
  const root = await realpath(settings.root);
  const directory = hostDirectory(settings.dataDirectory, api.controlUrl, root, settings.name);
  const runsDirectory = join(directory, 'runs');
  await mkdir(runsDirectory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  const git = createGit(environment);
  const sandbox = await detectSandbox(environment['PATH']);
  // Logins and other runs' workspaces are nobody's business but the host's.
  const hidden = [
    settings.configDirectory,
    settings.dataDirectory,
    ...localStackPaths(environment['OA_DATA_DIR']),
    ...credentialPaths(environment['HOME'] ?? homedir()),
  ];
  const { passEnvironment } = settings;
  const shared = { sandbox, environment, hidden, now: Date.now };
  const command = createCommandDriver({ ...shared, passEnvironment });
  const codex = await findCodex(settings, { ...shared, homeDirectory: join(directory, 'codex') });
  const drivers: AgentDriver[] = [command, ...(codex ? [codex] : [])];
  return {
    directory,
    root,
    sandbox,
    deps: {
      platform: createPlatform(api),
      openKhala: (onState) => settings.openKhala(watermarks, onState),
      watermarks,
      journal: await openRequestJournal(join(directory, 'requests')),
      turns: {
        workspaces: { git, root, runsDirectory },
        driver: (name) => drivers.find((driver) => driver.name === name),
      },
      drivers,
      identity: createWorkerIdentity(directory),
      log,
      now: Date.now,
      faults: hostFaultPoints(environment),
    },
  };
}

/** Undefined where Codex is not installed, which is said only to who asked for it. */
async function findCodex(
  { codex, environment, log }: HostSettings,
  deps: Omit<Parameters<typeof createCodexDriver>[0], 'binary' | keyof CodexSettings>,
): Promise<AgentDriver | undefined> {
  const search = await locateCodex({
    setting: codex.binary,
    cacheDirectory: CACHE_DIRECTORY,
    searchPath: environment['PATH'],
  });
  if (!search.found) {
    log.info(`agents by Codex are not offered: ${search.reason}`);
    return undefined;
  }
  if (search.found.warning) log.warn(search.found.warning);
  return createCodexDriver({ ...deps, ...codex, binary: search.found });
}

const CACHE_DIRECTORY = join(import.meta.dirname, '..', '..', '.cache');

/** What a local stack of this checkout keeps: its keys, and everybody's work. */
const LOCAL_STACK = ['keys', 'postgres', 'artifacts', 'logs', 'temporal.db'];

function localStackPaths(dataDirectory: string | undefined): string[] {
  const data = dataDirectory || join(import.meta.dirname, '..', '..', '.data');
  return LOCAL_STACK.map((name) => join(data, name));
}

/** One directory per platform, root and name: the same command started again is the same worker. */
function hostDirectory(data: string, controlUrl: string, root: string, name: string): string {
  const digest = createHash('sha256').update([controlUrl, root, name].join('\n')).digest('hex');
  return join(data, 'hosts', digest.slice(0, 16));
}
