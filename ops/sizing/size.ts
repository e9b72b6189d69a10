/** `node ops/sizing/size.ts --sockets N --nodes N …`: what such a deployment asks of its parts. */
import { parseArgs } from 'node:util';
import { listenServesUpToNodes, size } from './model.ts';

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '10000000' },
    nodes: { type: 'string', default: '1000' },
    topics: { type: 'string', default: '4000000' },
    'topics-per-socket': { type: 'string', default: '3' },
    writers: { type: 'string', default: '50' },
    'hints-per-writer': { type: 'string', default: '20' },
    appends: { type: 'string', default: '20000' },
    'events-per-append': { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});

function count(name: Exclude<keyof typeof values, 'json'>): number {
  const value = Number(values[name]);
  if (!(value > 0)) throw new RangeError(`--${name} is a number above 0`);
  return value;
}

const deployment = {
  sockets: count('sockets'),
  nodes: count('nodes'),
  topics: count('topics'),
  topicsPerSocket: count('topics-per-socket'),
  writers: count('writers'),
  hintsPerWriterMax: count('hints-per-writer'),
  appendsPerSecond: count('appends'),
  eventsPerAppend: count('events-per-append'),
};
const sizing = size(deployment);
const listenServesUpTo = listenServesUpToNodes(sizing.hintsPerSecond);

if (values.json) {
  process.stdout.write(`${JSON.stringify({ deployment, sizing, listenServesUpTo }, null, 2)}\n`);
} else {
  const rows = { ...deployment, ...sizing, ...sizing.hintServerCores, listenServesUpTo };
  for (const [name, value] of Object.entries(rows)) {
    if (typeof value === 'object') continue;
    const text = typeof value === 'number' ? shown(value) : value;
    process.stdout.write(`${name.padEnd(30)} ${text.padStart(18)}\n`);
  }
}

function shown(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 2 : 0 });
}
