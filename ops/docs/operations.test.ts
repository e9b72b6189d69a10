import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PLANE } from '#db/planes.ts';
import { sourceFiles } from '#ops/repository/layers.ts';
import { SEARCH_ATTRIBUTES } from '#temporal.config';
import { COMMON, defaultOf, metricsTable, PROCESSES, readyChecks } from './processes.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const observability = readFileSync(join(ROOT, 'docs', 'observability.md'), 'utf8');
const operations = readFileSync(join(ROOT, 'docs', 'operations.md'), 'utf8');

/** The text under a heading, up to the next of its level or above. */
function section(text: string, heading: string): string {
  const [, level = ''] = /^(#+) /.exec(heading) ?? [];
  const [, after = ''] = text.split(`\n${heading}\n`);
  return after.split(new RegExp(`\n#{1,${level.length}} `))[0] ?? '';
}

describe.each(Object.entries(PROCESSES))('%s', (name, process) => {
  test('its metrics are documented as it registers them', () => {
    expect(section(observability, `### ${name}`)).toContain(`\n${metricsTable(process.metrics)}\n`);
  });

  test('its readiness is documented as it answers', () => {
    const [, documented = ''] =
      new RegExp(`^\\| ${name} \\| (.+) \\|$`, 'm').exec(
        section(observability, '## Health and readiness'),
      ) ?? [];
    const named = [...documented.matchAll(/`([a-z_]+)`/g)].map(([, check = '']) => check);
    expect(named).toEqual(readyChecks(ROOT, process));
    expect(named.length).toBeGreaterThan(0);
  });

  test('its settings are documented with their defaults', () => {
    const own = Object.entries(process.settings.shape).filter(([setting]) => !(setting in COMMON));
    const expected = own.map(([setting, schema]) => [setting, defaultOf(setting, schema)]);
    expect(settingsUnder(`### ${name}`)).toEqual(Object.fromEntries(expected));
  });
});

test('settings of every process are documented with their defaults', () => {
  const expected = Object.entries(COMMON).map(([name, schema]) => [name, defaultOf(name, schema)]);
  expect(settingsUnder('### every process')).toEqual(Object.fromEntries(expected));
});

/** `| `NAME` | default | what |`, where the default is `code`, required, computed or empty. */
function settingsUnder(heading: string): Record<string, string> {
  const rows = section(operations, heading).matchAll(/^\| `([A-Z_]+)` \| ([^|]*) \|[^|]*\|$/gm);
  return Object.fromEntries(
    [...rows].map(([, name = '', byDefault = '']) => [name, byDefault.replaceAll('`', '').trim()]),
  );
}

test('the spans are those that the processes make', () => {
  const made = sourceFiles(ROOT)
    .filter((file) => file.startsWith('services/') && !file.includes('.test.'))
    .flatMap((file) => [
      ...readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:\.span\(\s*|\bspan: )'([a-z.]+)'/g),
    ])
    .map(([, name = '']) => name);
  const documented = [...section(observability, '## Spans').matchAll(/^\| `([a-z.]+)` \|/gm)].map(
    ([, name = '']) => name,
  );
  expect(documented.sort()).toEqual([...new Set(made)].sort());
});

test('search attributes are registered as the workflows set them', () => {
  const command = /temporal operator search-attribute create ([\s\S]*?)```/.exec(operations)?.[1];
  const registered = [...(command ?? '').matchAll(/--name (\w+) --type (\w+)/g)];
  expect(Object.fromEntries(registered.map(([, name, type]) => [name, type]))).toEqual(
    SEARCH_ATTRIBUTES,
  );
});

test('the settings of a project that the README names are those that oa reads', () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, list = ''] = /\(([^)]*)\) can stand in `\.openagents\.json`/.exec(readme) ?? [];
  const named = [...list.matchAll(/`([a-z_]+)`/g)].map(([, name]) => name);
  const source = readFileSync(join(ROOT, 'clients', 'cli', 'config.ts'), 'utf8');
  const [, schema = ''] = /settingsSchema = z\.strictObject\(\{([\s\S]*?)\n\}\)/.exec(source) ?? [];
  const read = [...schema.matchAll(/^ {2}([a-z_]+): z\./gm)].map(([, name]) => name);
  expect(read.length).toBeGreaterThan(0);
  expect(named.sort()).toEqual(read.sort());
});

test('the ports in the picture of the architecture are the defaults', () => {
  const architecture = readFileSync(join(ROOT, 'docs', 'architecture.md'), 'utf8');
  const rows = section(architecture, '## Processes').matchAll(/^\| ([a-z]+) \| (\d+) \|/gm);
  const expected = Object.entries(PROCESSES).map(([name, { settings }]) => {
    const setting = `${name.toUpperCase()}_PORT`;
    const schema = settings.shape[setting];
    return [name, schema ? defaultOf(setting, schema) : ''];
  });
  expect(Object.fromEntries([...rows].map(([, name, port]) => [name, port]))).toEqual(
    Object.fromEntries(expected),
  );
});

test('the roles are those of the planes', () => {
  for (const [plane, { owner, service, readers, schemas }] of Object.entries(PLANE)) {
    const cells = [
      plane,
      schemas.map((schema) => `\`${schema}\``).join(', '),
      `\`${owner}\``,
      `\`${service}\``,
    ];
    const reads = readers.map((role) => `\`${role}\``).join(', ');
    expect(operations).toContain(`| ${cells.join(' | ')} | ${reads} |`);
  }
});
