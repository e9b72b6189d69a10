import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The number that a module gives a constant: imported where it is exported (`NAME`, or `NAME.member`), else read from
 * its declaration, which may multiply constants of its own and of modules that it imports.
 */
export async function constantIn(root: string, path: string, name: string): Promise<number> {
  const source = readFileSync(join(root, path), 'utf8');
  const [head = '', ...members] = name.split('.');
  if (!new RegExp(`^export const ${head}\\b`, 'm').test(source))
    return declared(root, source, name);
  const module: Record<string, unknown> = await import(join(root, path));
  const value = members.reduce<unknown>(
    (object, member) => (object as Record<string, unknown> | undefined)?.[member],
    module[head],
  );
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  throw new Error(`${path}: ${name} is no number`);
}

async function declared(root: string, source: string, name: string): Promise<number> {
  const found = new RegExp(`^(?:export )?const ${name}(?:: [^=]+)? = ([^;]+);`, 'm').exec(source);
  if (!found?.[1]) return imported(root, source, name);
  const factors = await Promise.all(
    found[1].split('*').map((factor) => factorOf(root, source, factor.trim())),
  );
  return factors.reduce((product, factor) => product * factor, 1);
}

async function imported(root: string, source: string, name: string): Promise<number> {
  const found = new RegExp(`^import {[^}]*\\b${name}\\b[^}]*} from '#([^']+)';`, 'm').exec(source);
  if (!found?.[1]) throw new Error(`there is no constant ${name}`);
  return constantIn(root, found[1], name);
}

async function factorOf(root: string, source: string, factor: string): Promise<number> {
  const [, name] = /^(?:BigInt\()?([A-Z][A-Z0-9_]*)\)?$/.exec(factor) ?? [];
  if (name) return declared(root, source, name);
  const literal = factor.replaceAll('_', '').replace(/n$/, '');
  if (/^\d+(\.\d+)?$/.test(literal)) return Number(literal);
  throw new Error(`${factor} is no number`);
}
