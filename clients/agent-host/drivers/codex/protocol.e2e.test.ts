/** What this driver says and reads, against the schema that the pinned binary generates of itself. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CLIENT_REQUESTS, ITEMS, NOTIFICATIONS, SERVER_REQUESTS } from './protocol.ts';
import { codex, codexNeeded } from './testing/codex-turns.ts';

interface Schema {
  $ref?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  definitions?: Record<string, Schema>;
}

describe.skipIf(codexNeeded)(`the protocol of the pinned binary${codexNeeded}`, () => {
  let directory: string;
  let all: Record<string, Schema>;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'oa-codex-'));
    const binary = codex.found?.path ?? '';
    execFileSync(
      binary,
      ['app-server', 'generate-json-schema', '--experimental', '--out', directory],
      {
        env: { PATH: process.env['PATH'], CODEX_HOME: directory },
        stdio: 'ignore',
      },
    );
    all = definitionsOf('codex_app_server_protocol.schemas.json');
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function read(file: string): Schema {
    return JSON.parse(readFileSync(join(directory, file), 'utf8'));
  }

  /** The bundle nests the second version of the protocol in a namespace. */
  function definitionsOf(file: string): Record<string, Schema> {
    const { definitions = {} } = read(file);
    return { ...definitions, ...(definitions['v2'] as Record<string, Schema> | undefined) };
  }

  function resolve(schema: Schema | undefined): Schema | undefined {
    const name = schema?.$ref?.split('/').at(-1);
    return name === undefined ? schema : resolve(all[name]);
  }

  /** Every way that a schema may be read, references resolved. */
  function variants(schema: Schema | undefined): Schema[] {
    const found = resolve(schema);
    if (!found) return [];
    const nested = [...(found.oneOf ?? []), ...(found.anyOf ?? []), ...(found.allOf ?? [])];
    return [found, ...nested.flatMap(variants)];
  }

  /** Paths that we name and the binary does not. */
  function strangers(ours: z.core.$ZodType, theirs: Schema | undefined, path: string): string[] {
    const bare = unwrap(ours);
    const ways = variants(theirs);
    if (bare instanceof z.ZodArray) {
      const element = bare.element as z.core.$ZodType;
      const items = ways.flatMap(({ items }) => items ?? []);
      return strangers(element, { anyOf: items }, `${path}[]`);
    }
    if (!(bare instanceof z.ZodObject)) return ways.length > 0 ? [] : [path];
    return Object.entries(bare.shape as Record<string, z.core.$ZodType>).flatMap(
      ([name, field]) => {
        const fields = ways.flatMap(({ properties }) => properties?.[name] ?? []);
        const at = `${path}.${name}`;
        return fields.length === 0 ? [at] : strangers(field, { anyOf: fields }, at);
      },
    );
  }

  function methodsOf(file: string): Map<string, Schema | undefined> {
    const methods = new Map<string, Schema | undefined>();
    for (const { properties } of read(file).oneOf ?? []) {
      methods.set(String(properties?.['method']?.enum?.[0]), properties?.['params']);
    }
    return methods;
  }

  test.each(Object.entries(CLIENT_REQUESTS))('%s takes what we send', (method, { params }) => {
    const methods = methodsOf('ClientRequest.json');
    expect([...methods.keys()]).toContain(method);
    expect(strangers(params, methods.get(method), method)).toEqual([]);
  });

  test('a field that the binary does not know would be found', () => {
    const params = methodsOf('ServerNotification.json').get('item/started');
    const ours = z.object({ item: z.object({ id: z.string(), noSuchField: z.string() }) });
    expect(strangers(ours, params, 'x')).toEqual(['x.item.noSuchField']);
  });

  const ANSWERS: Record<keyof typeof CLIENT_REQUESTS, string> = {
    initialize: 'InitializeResponse',
    'thread/start': 'ThreadStartResponse',
    'thread/resume': 'ThreadResumeResponse',
    'thread/fork': 'ThreadForkResponse',
    'turn/start': 'TurnStartResponse',
    'turn/steer': 'TurnSteerResponse',
    'turn/interrupt': 'TurnInterruptResponse',
  };
  test.each(Object.entries(CLIENT_REQUESTS))('%s answers what we read', (method, { result }) => {
    const name = ANSWERS[method as keyof typeof ANSWERS];
    expect(strangers(result, all[name], name)).toEqual([]);
  });

  test.each(Object.entries(NOTIFICATIONS))('%s says what we read', (method, params) => {
    const methods = methodsOf('ServerNotification.json');
    expect([...methods.keys()]).toContain(method);
    expect(strangers(params, methods.get(method), method)).toEqual([]);
  });

  test.each(Object.entries(SERVER_REQUESTS))('%s asks what we read', (method, { params }) => {
    const methods = methodsOf('ServerRequest.json');
    expect([...methods.keys()]).toContain(method);
    expect(strangers(params, methods.get(method), method)).toEqual([]);
  });

  const RESPONSES: Record<keyof typeof SERVER_REQUESTS, string> = {
    'item/commandExecution/requestApproval': 'CommandExecutionRequestApprovalResponse',
    'item/fileChange/requestApproval': 'FileChangeRequestApprovalResponse',
    'item/permissions/requestApproval': 'PermissionsRequestApprovalResponse',
    'item/tool/requestUserInput': 'ToolRequestUserInputResponse',
    'mcpServer/elicitation/request': 'McpServerElicitationRequestResponse',
  };
  test.each(Object.entries(SERVER_REQUESTS))('%s takes our answer', (method, { answer }) => {
    const name = RESPONSES[method as keyof typeof RESPONSES];
    expect(strangers(answer, all[name], name)).toEqual([]);
  });

  test.each(Object.entries(ITEMS))('an item %s has what we read', (type, item) => {
    const ways = variants(all['ThreadItem']).filter(({ properties }) =>
      properties?.['type']?.enum?.includes(type),
    );
    expect(ways.length).toBeGreaterThan(0);
    expect(strangers(item, { anyOf: ways }, type)).toEqual([]);
  });
});

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault
  ) {
    return unwrap(schema.unwrap() as z.core.$ZodType);
  }
  return schema;
}
