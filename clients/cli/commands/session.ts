import { hostname, platform } from 'node:os';
import type { Command } from 'commander';
import { type Cli, connect } from '../cli.ts';
import { CliError, EXIT, usageError } from '../exit-codes.ts';
import { readAll } from '../stdin.ts';
import type { Terminal } from '../terminal.ts';
import { action, examples } from './command.ts';

export function addSessionCommands(program: Command, terminal: Terminal): void {
  program
    .command('login')
    .description('log this device in with a code')
    .option('--email <address>', 'the address to log in with')
    .option(
      '--code <code>',
      'the login code, or - to read it from standard input (needs --challenge)',
    )
    .option('--challenge <id>', 'the challenge that the code answers')
    .addHelpText(
      'before',
      examples(
        'oa login',
        'oa login --email you@example.org --no-input --json',
        'oa login --challenge ID --code -',
      ),
    )
    .action(action(terminal, login));
  program
    .command('logout')
    .description('end the session of this device')
    .action(action(terminal, logout));
  program
    .command('whoami')
    .description('who is logged in here, and in which organisations')
    .addHelpText('before', examples('oa whoami', 'oa whoami --json'))
    .action(action(terminal, whoami));
}

interface LoginFlags {
  email?: string;
  code?: string;
  challenge?: string;
}

async function login(cli: Cli, flags: LoginFlags): Promise<void> {
  const { api, device, config } = await connect(cli);
  const challengeId = flags.challenge ?? (await requestCode());
  if (challengeId === undefined) return;
  const code = await readCode();
  const answer = await api.call('auth.verify.completed', {
    body: {
      challenge_id: challengeId,
      code,
      device: {
        device_id: device.deviceId,
        client_id: 'oa',
        platform: platform(),
        name: hostname().slice(0, 120),
      },
    },
    attemptsMax: 1,
  });
  const { session, tokens, user } = answer;
  if (!session || !tokens || !user) {
    throw new CliError(EXIT.failure, 'the login was answered without a session');
  }
  const stored = await api.session.establish({ session, tokens, user });
  if (cli.json) {
    cli.printJson('login', {
      status: 'logged_in',
      user_id: stored.user_id,
      email: stored.email,
      org_id: stored.org_id,
      control_url: config.control_url,
    });
  } else cli.say(`Logged in as ${stored.email} at ${config.control_url}.`);

  async function requestCode(): Promise<string | undefined> {
    const email = flags.email ?? (await cli.ask('E-mail: ', '--email'));
    const challenge = await api.call('auth.challenge.requested', { body: { email } });
    const { challenge_id, delivery_channel } = challenge;
    if (cli.interactive || flags.code !== undefined) {
      cli.say(
        delivery_channel === 'terminal'
          ? 'The code stands in the terminal (the log of control) where the stack runs.'
          : `The code was sent to ${challenge.email_hint}.`,
      );
      return challenge_id;
    }
    if (cli.json) {
      cli.printJson('login', { status: 'code_sent', challenge_id, delivery_channel });
    } else cli.print(challenge_id);
    cli.say(`Answer it with: ${cli.oa} login --challenge ${challenge_id} --code -`);
    return undefined;
  }

  async function readCode(): Promise<string> {
    const code =
      flags.code === '-'
        ? (await readAll(cli.terminal.in)).trim()
        : (flags.code ?? (await cli.ask('Code: ', '--code')));
    if (!code) throw usageError('the code is empty');
    return code;
  }
}

async function logout(cli: Cli): Promise<void> {
  const { api, config } = await connect(cli);
  if (!(await api.session.load())) {
    if (cli.json) cli.printJson('logout', { status: 'not_logged_in' });
    else cli.say(`Nobody was logged in at ${config.control_url}.`);
    return;
  }
  try {
    await api.call('auth.logout.completed', { body: {} });
  } finally {
    // Whatever the server said, this device keeps no token.
    await api.session.end();
  }
  if (cli.json) cli.printJson('logout', { status: 'logged_out' });
  else cli.say(`Logged out of ${config.control_url}.`);
}

async function whoami(cli: Cli): Promise<void> {
  const { api, config } = await connect(cli);
  const me = await api.call('me.read');
  if (cli.json) {
    cli.printJson('whoami', {
      user_id: me.user?.user_id ?? '',
      email: me.user?.email ?? '',
      active_org_id: me.active_org_id,
      memberships: me.memberships.map(({ org_id, org_slug, role }) => ({ org_id, org_slug, role })),
      control_url: config.control_url,
    });
    return;
  }
  cli.print(`${me.user?.email ?? ''}  ${me.user?.user_id ?? ''}`);
  for (const { org_id, org_slug, role } of me.memberships) {
    cli.print(`${org_id === me.active_org_id ? '*' : ' '} ${org_slug || org_id}  ${role}`);
  }
}
