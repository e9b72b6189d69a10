import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BINARY_FILES, ROOT } from './contract.ts';

export interface WireFiles {
  code: string;
  types: string;
}

/** `proto/gen/wire.js` and `.d.ts`: static ESM codecs by pbjs. */
export function wireFiles(): WireFiles {
  const folder = mkdtempSync(join(tmpdir(), 'oa-wire-'));
  try {
    const code = join(folder, 'wire.js');
    execFileSync(
      'node_modules/.bin/pbjs',
      [
        ...['-t', 'static-module', '-w', 'esm', '--dts', '--force-long', '--keep-case', '--sparse'],
        ...['--no-convert', '--no-verify', '--no-delimited', '--no-service'],
        ...['-p', 'proto', '-o', code],
        ...BINARY_FILES.map((file) => `proto/${file}`),
      ],
      { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
    );
    return {
      code: readFileSync(code, 'utf8'),
      types: readFileSync(join(folder, 'wire.d.ts'), 'utf8'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
