/** `npm run proto:generate`: everything under `proto/gen`, from the protos alone, byte-identical when repeated. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildImage, ROOT, readContract } from './contract.ts';
import { domainFile } from './domain-file.ts';
import { schemasFile } from './schemas-file.ts';
import { tablesFile } from './tables-file.ts';
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
    ['proto/gen/schemas.ts', schemasFile(contract)],
    ['proto/gen/wire.js', wire.code],
    ['proto/gen/wire.d.ts', wire.types],
  ]);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  mkdirSync(join(ROOT, 'proto/gen'), { recursive: true });
  for (const [path, text] of generate()) {
    writeFileSync(join(ROOT, path), text);
    process.stdout.write(`${path}\n`);
  }
}
