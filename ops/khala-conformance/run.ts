/** The suite against any address: `node ops/khala-conformance/run.ts --help`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { POSTGRES_PASSWORD, POSTGRES_SUPERUSER } from '../dev/embedded-postgres.ts';
import { stackLayout } from '../dev/layout.ts';
import { runningStack } from '../dev/running.ts';
import { CASES } from './cases.ts';
import { playAll } from './play.ts';
import { lineOf, sumOf, tableOf } from './report.ts';

const HELP = `usage: node ops/khala-conformance/run.ts [options]

Plays every case against Khala nodes and says of each whether the wire did what docs/khala.md says.
Without --url it takes the local stack (npm start), authority included.

  --url URL            a node, wss://host/v1/sync; several for nodes of one journal
  --database-url URL   their runtime database, to write to: never one that people use
  --signing-key FILE   control's key set with the private key of sync tokens
                       (without these two only what needs no token is played)
  --case TEXT          only cases with TEXT in their name or rule
  --at-once N          cases at one time (default 12)
  --stalled-after MS   KHALA_STALLED_AFTER_MS of the nodes (default 30000)
  --patience MS        how long an answer may take (default 90000)
  --list               print the table and play nothing
  --json               print the results as JSON
`;

const { values } = parseArgs({
  options: {
    url: { type: 'string', multiple: true },
    'database-url': { type: 'string' },
    'signing-key': { type: 'string' },
    case: { type: 'string', default: '' },
    'at-once': { type: 'string', default: '12' },
    'stalled-after': { type: 'string', default: '30000' },
    patience: { type: 'string', default: '90000' },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The nodes, and what an authority needs. */
interface Target {
  urls: readonly string[];
  databaseUrl: string | undefined;
  signingKeyFile: string | undefined;
}

const cases = CASES.filter(({ name, rule }) => `${name} ${rule}`.includes(values.case));
if (values.help) process.stdout.write(HELP);
else if (values.list) process.stdout.write(`${tableOf(cases)}\n`);
else process.exitCode = await play(target());

function target(): Target {
  if (values.url) {
    return {
      urls: values.url,
      databaseUrl: values['database-url'],
      signingKeyFile: values['signing-key'],
    };
  }
  const layout = stackLayout(process.env);
  const addresses = runningStack(layout)?.addresses;
  if (!addresses) throw new Error('no stack is running here: npm start, or --url');
  const login = `${POSTGRES_SUPERUSER}:${POSTGRES_PASSWORD}`;
  return {
    urls: [`${addresses['khala']?.replace(/^http/, 'ws')}/v1/sync`],
    databaseUrl:
      process.env['DATABASE_URL'] || `postgres://${login}@${addresses['postgres']}/postgres`,
    signingKeyFile: join(layout.keys, 'control-tokens.json'),
  };
}

async function play({ urls, databaseUrl, signingKeyFile }: Target): Promise<number> {
  const authority =
    databaseUrl && signingKeyFile
      ? await (await import('./journal-authority.ts')).createJournalAuthority({
          databaseUrl,
          signingKey: JSON.parse(readFileSync(signingKeyFile, 'utf8')).keys[0],
        })
      : undefined;
  const options = {
    urls,
    authority,
    patienceMs: Number(values.patience),
    stalledAfterMs: Number(values['stalled-after']),
    atOnce: Number(values['at-once']),
  };
  const results = await playAll(cases, options, (played) => {
    if (!values.json) process.stdout.write(`${lineOf(played)}\n`);
  });
  await authority?.close();
  if (values.json) {
    const rows = results.map(({ case: { name, rule }, ...rest }) => ({ name, rule, ...rest }));
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  } else process.stdout.write(`${sumOf(results)}\n`);
  return results.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}
