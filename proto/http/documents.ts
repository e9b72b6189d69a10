/** The two published documents. As a script, `node proto/http/documents.ts NAME` prints one. */
import { pathToFileURL } from 'node:url';
import { CONTROL_ROUTES } from './control.ts';
import { openApiDocument } from './openapi.ts';
import { RUNTIME_ROUTES } from './runtime.ts';

export const DOCUMENTS = {
  runtime: () =>
    openApiDocument(RUNTIME_ROUTES, {
      title: 'OpenAgents runtime',
      version: '1',
      description: 'Runs, their logs, receipts, replays and artifacts; workers; threads.',
    }),
  control: () =>
    openApiDocument(CONTROL_ROUTES, {
      title: 'OpenAgents control',
      version: '1',
      description: 'Identity, sessions, sync tokens, and the gateway to the runtime.',
    }),
} as const;

export function isDocument(name: string): name is keyof typeof DOCUMENTS {
  return Object.hasOwn(DOCUMENTS, name);
}

const [, script, name] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  if (name === undefined || !isDocument(name)) {
    throw new Error(`name one of ${Object.keys(DOCUMENTS).join(', ')}`);
  }
  process.stdout.write(`${JSON.stringify(DOCUMENTS[name](), null, 2)}\n`);
}
