import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Who may import whom (docs/architecture.md): a top-level folder and the folders it may reach. */
export const LAYERS: Record<string, readonly string[]> = {
  proto: [],
  workflows: ['proto'],
  db: ['proto', 'workflows'],
  activities: ['proto', 'workflows', 'db'],
  services: ['proto', 'workflows', 'db', 'activities'],
  clients: ['proto', 'workflows'],
  ops: ['proto', 'workflows', 'db', 'activities', 'services', 'clients'],
};

export interface Import {
  file: string;
  line: number;
  specifier: string;
  /** The repository path that is imported, or undefined for a package. */
  target: string | undefined;
  /** Erased before anything runs. */
  typeOnly: boolean;
}

const IMPORT =
  /(?:^|[\s;])(?:import|export)\s[^'"`;]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm;

/** Every TypeScript file that git knows or could add, generated code left out. */
export function sourceFiles(root: string): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file && !file.startsWith('proto/gen/'));
}

export function importsOf(root: string, file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const line = text.slice(0, match.index).split('\n').length;
    const typeOnly = /^[\s;]*(?:import|export)\s+type\s/.test(match[0]);
    return { file, line, specifier, target: resolve(file, specifier), typeOnly };
  });
}

function resolve(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (specifier.startsWith('.')) return normalize(join(dirname(file), specifier));
  return undefined;
}

/** Why this import is against the layers, or undefined where it is not. */
export function faultOf(found: Import): string | undefined {
  const from = found.file.split('/')[0] ?? '';
  const to = found.target?.split('/')[0];
  const allowed = LAYERS[from];
  if (!allowed) return undefined;
  if (from === 'workflows' && !isTest(found.file)) {
    if (found.specifier.startsWith('node:')) return 'workflow code imports no node:* module';
    if (found.target?.startsWith('proto/gen') && !found.typeOnly) {
      return 'workflow code imports no generated code';
    }
  }
  if (!to || to === from || !(to in LAYERS)) return undefined;
  if (to === 'ops') return isTest(found.file) ? undefined : 'nobody imports ops/';
  if (isTest(found.file)) return undefined;
  if (from === 'clients' && to === 'workflows' && !/\/state\.ts$/.test(found.target ?? '')) {
    return 'clients import only the pure reducers workflows/*/state.ts';
  }
  if (found.file.startsWith('db/control/') && found.target?.startsWith('db/runtime/')) {
    return 'the planes never import each other';
  }
  return allowed.includes(to) ? undefined : `${from}/ may not import ${to}/`;
}

/** Tests build their subject's surroundings and may reach further than the code they test. */
function isTest(file: string): boolean {
  return /\.test\.ts$|(^|\/)testing\/|\/fixtures\//.test(file);
}

/** The first circle of imports among these files, types included, as a path that returns to its start. */
export function importCircle(root: string, files: string[]): string[] | undefined {
  const known = new Set(files);
  const edges = new Map(
    files.map((file) => [
      file,
      importsOf(root, file)
        .filter((found) => found.target && known.has(found.target))
        .map((found) => found.target ?? ''),
    ]),
  );
  const done = new Set<string>();
  const walk = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of edges.get(file) ?? []) {
      const circle = walk(next, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of files) {
    const circle = walk(file, []);
    if (circle) return circle;
  }
  return undefined;
}
