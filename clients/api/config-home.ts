import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where this user's device key and sessions lie: `OA_CONFIG_HOME`, else the XDG directory. */
export function configHome(environment: Environment): string {
  return (
    explicit(environment['OA_CONFIG_HOME']) ??
    join(xdg(environment['XDG_CONFIG_HOME']) ?? join(home(environment), '.config'), 'openagents')
  );
}

/** Where watermarks, workspaces and spools lie: `OA_DATA_HOME`, else the XDG directory. */
export function dataHome(environment: Environment): string {
  return (
    explicit(environment['OA_DATA_HOME']) ??
    join(
      xdg(environment['XDG_DATA_HOME']) ?? join(home(environment), '.local', 'share'),
      'openagents',
    )
  );
}

function home(environment: Environment): string {
  return environment['HOME'] || homedir();
}

function explicit(value: string | undefined): string | undefined {
  return value ? resolve(value) : undefined;
}

/** The XDG specification: a relative path is invalid and ignored. */
function xdg(value: string | undefined): string | undefined {
  return value && isAbsolute(value) ? value : undefined;
}
