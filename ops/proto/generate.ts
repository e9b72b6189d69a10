/** `npm run proto:generate`: everything under `proto/gen` and `docs/api`, byte-identical when repeated. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildImage, ROOT, readContract } from './contract.ts';
import { domainFile } from './domain-file.ts';
import { schemasFile } from './schemas-file.ts';
import { frameTablesFile, tablesFile } from './tables-file.ts';
import { typesFile } from './types-file.ts';
import { wireFiles } from './wire-files.ts';

/** Generated files by their path in the repository. */
export function generate(): ReadonlyMap<string, string> {
  const contract = readContract(buildImage());
  const wire = wireFiles();
  return new Map([
    ['proto/gen/types.ts', typesFile(contract)],
    ['proto/gen/domain.ts', domainFile(contract)],
    ['proto/gen/tables.ts', tablesFile(contract)],
    ['proto/gen/frame-tables.ts', frameTablesFile(contract)],
    ['proto/gen/schemas.ts', schemasFile(contract)],
    ['proto/gen/wire.js', wire.code],
    ['proto/gen/wire.d.ts', wire.types],
  ]);
}

/** Published documents, from the route tables and the schemas that now stand in `proto/`. */
export function describe(): ReadonlyMap<string, string> {
  return new Map(
    ['runtime', 'control'].map((name) => [
      `docs/api/${name}.openapi.json`,
      execFileSync(process.execPath, ['proto/http/documents.ts', name], {
        cwd: ROOT,
        encoding: 'utf8',
        maxBuffer: 16 * 1024 * 1024,
      }),
    ]),
  );
}

function write(files: ReadonlyMap<string, string>): void {
  for (const [path, text] of files) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    process.stdout.write(`${path}\n`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  write(generate());
  write(describe());
}
