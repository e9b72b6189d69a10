import { expect, test } from 'vitest';
import { scratch } from '../api/testing/scratch.ts';
import { data, problem, serve } from '../api/testing/server.ts';
import { oa } from './testing/terminal.ts';

test('help begins with examples, names the exit codes, and goes to standard output', async () => {
  const { exitCode, out, err } = await oa(['--help']);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^Examples:\n {2}\$ oa login/);
  expect(out).toContain('Exit codes: 0 done');
  expect(err).toBe('');
});

test('every command explains itself', async () => {
  const { out } = await oa(['run', '--help']);
  expect(out).toMatch(/^Examples:\n {2}\$ oa run /);
  expect(out).toContain('--verify <command>');
});

test('a mistyped command is answered with the one that was meant', async () => {
  const { exitCode, err, out } = await oa(['rnus']);
  expect(exitCode).toBe(2);
  expect(err).toContain('Did you mean runs?');
  expect(out).toBe('');
});

test('without input the missing flag is named', async () => {
  const { exitCode, err } = await oa(['login', '--no-input'], {
    environment: { OA_CONFIG_HOME: '/tmp/oa-none' },
  });
  expect(exitCode).toBe(2);
  expect(err).toContain('--email is needed');
});

test('a number that is none is refused with its flag', async () => {
  const { exitCode, err } = await oa(['run', 'x', '--agent', 'true', '--attempts', 'many']);
  expect(exitCode).toBe(2);
  expect(err).toContain('--attempts <n>');
});

test('who is not logged in is told so, with exit code 4', async () => {
  using home = scratch();
  const { exitCode, err } = await oa(['whoami'], { environment: { OA_CONFIG_HOME: home.path } });
  expect(exitCode).toBe(4);
  expect(err).toContain('oa login');
});

test('a platform that is not there is named, with what to do', async () => {
  using home = scratch();
  const environment = { OA_CONFIG_HOME: home.path, OA_CONTROL_URL: 'http://127.0.0.1:9' };
  const { exitCode, err } = await oa(['status'], { environment });
  expect(exitCode).toBe(1);
  expect(err).toContain('http://127.0.0.1:9 does not answer');
  expect(err).toContain('npm start');
});

test('a build that is too old is told so, with exit code 6', async () => {
  using home = scratch();
  await using server = await serve(
    problem('upgrade_required', { detail: 'this build is too old' }),
  );
  const environment = { OA_CONFIG_HOME: home.path, OA_CONTROL_URL: server.url };
  const { exitCode, err } = await oa(['login', '--email', 'a@b.invalid', '--no-input'], {
    environment,
  });
  expect(exitCode).toBe(6);
  expect(err).toContain('too old');
});

test('with --json data is one document of a named schema, and so is an error', async () => {
  using home = scratch();
  await using server = await serve(
    data({ challenge_id: 'challenge_1', status: 'code_sent', delivery_channel: 'terminal' }),
    problem('invalid_request', { detail: 'the address is not one' }),
  );
  const environment = { OA_CONFIG_HOME: home.path, OA_CONTROL_URL: server.url };
  const login = ['login', '--email', 'a@b.invalid', '--no-input', '--json'];
  const sent = await oa(login, { environment });
  expect(JSON.parse(sent.out)).toEqual({
    schema: 'openagents.cli.login.v1',
    status: 'code_sent',
    challenge_id: 'challenge_1',
    delivery_channel: 'terminal',
  });
  const refused = await oa(login, { environment });
  expect(refused.exitCode).toBe(2);
  expect(refused.out).toBe('');
  expect(JSON.parse(refused.err)).toMatchObject({
    schema: 'openagents.cli.error.v1',
    code: 'invalid_request',
    message: 'the address is not one',
  });
  expect(server.seen[0]?.headers['x-oa-client-build-id']).toMatch(/^\d{8}T\d{6}Z$/);
});
