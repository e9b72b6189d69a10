import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveToolchain } from './toolchain.ts';

const home = mkdtempSync(join(tmpdir(), 'oa-home-'));
afterAll(() => rmSync(home, { recursive: true }));

function directory(...path: string[]): string {
  const made = join(home, ...path);
  mkdirSync(made, { recursive: true });
  return made;
}

const resolve = (...path: string[]) => resolveToolchain({ PATH: path.join(':'), HOME: home });

describe('what a harness gets of the PATH', () => {
  it('is the system directories always, in their places, without a mount', () => {
    const { path, mounts } = resolve('/usr/bin');
    expect(path[0]).toBe('/usr/bin');
    expect(path).toContain('/usr/local/bin');
    expect(mounts).toEqual([]);
  });

  it('is the version that pyenv chose, not its shims', () => {
    directory('.pyenv', 'libexec');
    writeFileSync(join(home, '.pyenv', 'libexec', 'pyenv'), '');
    writeFileSync(join(home, '.pyenv', 'version'), '3.12.1\nabsent\n');
    const shims = directory('.pyenv', 'shims');
    directory('.pyenv', 'versions', '3.12.1', 'bin');
    const { path, mounts } = resolve(shims, directory('.pyenv', 'bin'));
    expect(path[0]).toBe(join(home, '.pyenv/versions/3.12.1/bin'));
    expect(mounts).toEqual([join(home, '.pyenv/versions/3.12.1')]);
  });

  it('is the programs of cargo and rustup, never the credentials beside them', () => {
    const bin = directory('.cargo', 'bin');
    const rustup = directory('.rustup');
    expect(resolve(bin)).toMatchObject({ mounts: [bin, rustup], env: { RUSTUP_HOME: rustup } });
  });

  it('is the whole prefix of a tool that has its libraries there', () => {
    const bin = directory('.nvm', 'versions', 'v24', 'bin');
    directory('.nvm', 'versions', 'v24', 'lib');
    const link = join(home, 'current');
    symlinkSync(bin, link);
    expect(resolve(link)).toMatchObject({ mounts: [join(home, '.nvm/versions/v24')] });
  });

  it('is never a home, nor what lies beside a shared bin directory', () => {
    directory('.local', 'lib');
    directory('lib');
    const local = directory('.local', 'bin');
    const own = directory('bin');
    expect(resolve(home, local, own).mounts).toEqual([local, own]);
  });

  it('is nothing of our own repository, nothing relative, nothing absent', () => {
    const own = directory('project', 'node_modules', '.bin');
    expect(resolve(own, 'relative', join(home, 'absent')).mounts).toEqual([]);
  });
});

it('hands on certificates to trust, and no other variable', () => {
  const bundle = join(home, 'ca.pem');
  writeFileSync(bundle, '');
  const { env, mounts } = resolveToolchain({
    PATH: '',
    HOME: home,
    SSL_CERT_FILE: bundle,
    SECRET: 'x',
  });
  expect(env).toMatchObject({ SSL_CERT_FILE: bundle });
  expect(mounts).toEqual([bundle]);
  expect(env).not.toHaveProperty('SECRET');
});
