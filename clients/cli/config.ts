/** Settings by precedence: flags, environment, project file, user file, default. */
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { readTextIfPresent } from '../api/atomic-file.ts';
import { configHome, dataHome, type Environment } from '../api/config-home.ts';
import { usageError } from './exit-codes.ts';

export const DEFAULT_CONTROL_URL = 'http://127.0.0.1:8787';
export const PROJECT_FILE = '.openagents.json';

/** What a project or user file may say. Unknown keys are refused, so that a typing error is not silence. */
const settingsSchema = z.strictObject({
  control_url: z.url({ protocol: /^https?$/ }).optional(),
  worker: z.string().optional(),
  agent: z.string().optional(),
  verify: z.array(z.string()).optional(),
  setup: z.array(z.string()).optional(),
  setup_network: z.enum(['none', 'egress']).optional(),
  attempts: z.int().min(1).max(10).optional(),
  timeout_s: z.int().min(1).optional(),
});

export type Settings = z.infer<typeof settingsSchema>;

export interface Config extends Settings {
  control_url: string;
  configDirectory: string;
  dataDirectory: string;
}

export async function loadConfig(
  flags: Settings,
  environment: Environment,
  cwd: string,
): Promise<Config> {
  const configDirectory = configHome(environment);
  const user = await readSettings(join(configDirectory, 'config.json'));
  const project = await nearestProject(cwd);
  const fromEnvironment: Settings = {
    ...(environment['OA_CONTROL_URL'] ? { control_url: environment['OA_CONTROL_URL'] } : {}),
    ...(environment['OA_WORKER'] ? { worker: environment['OA_WORKER'] } : {}),
  };
  const layers = [user, project, fromEnvironment, defined(flags)];
  const merged: Settings = Object.assign({}, ...layers);
  return {
    ...merged,
    control_url: checkUrl(merged.control_url ?? DEFAULT_CONTROL_URL),
    configDirectory,
    dataDirectory: dataHome(environment),
  };
}

function checkUrl(text: string): string {
  const checked = settingsSchema.shape.control_url.safeParse(text);
  if (checked.success) return text.replace(/\/+$/, '');
  throw usageError(`${text} is not an http(s) address`, 'Set --control or OA_CONTROL_URL.');
}

/** The nearest project file, from here upwards. */
async function nearestProject(cwd: string): Promise<Settings> {
  for (let directory = cwd; ; directory = dirname(directory)) {
    const path = join(directory, PROJECT_FILE);
    if ((await readTextIfPresent(path)) !== undefined) return readSettings(path);
    if (dirname(directory) === directory) return {};
  }
}

async function readSettings(path: string): Promise<Settings> {
  const text = await readTextIfPresent(path);
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageError(`${path} is not JSON`);
  }
  const parsed = settingsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw usageError(`${path}: ${z.prettifyError(parsed.error)}`);
}

function defined(settings: Settings): Settings {
  return Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined),
  ) as Settings;
}
