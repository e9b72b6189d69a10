import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { JsonValue } from '#proto/canonical.ts';
import { type ApiClient, createApiClient } from '../api/client.ts';
import { type Device, loadDevice } from '../api/device.ts';
import { createSessionStore } from '../api/session-store.ts';
import { createTransport } from '../api/transport.ts';
import { calledAs } from './called-as.ts';
import { type Config, loadConfig, type Settings } from './config.ts';
import { usageError } from './exit-codes.ts';
import { type Paint, paintFor, type Terminal } from './terminal.ts';

/** Flags that every command has. */
export interface GlobalFlags {
  json?: boolean;
  /** False with --no-input. */
  input?: boolean;
  control?: string;
}

/** What a command works with. */
export interface Cli {
  terminal: Terminal;
  flags: GlobalFlags;
  json: boolean;
  /** How the person calls `oa`. */
  oa: string;
  /** Whether questions may be asked. */
  interactive: boolean;
  /** For data. */
  paint: Paint;
  /** For messages. */
  paintError: Paint;
  config(flags?: Settings): Promise<Config>;
  /** One document or line of data. */
  print(text: string): void;
  /** A message to the person; never data. Commands in it begin with {@link Cli.oa}. */
  say(text: string): void;
  /** The command's one JSON document: `{"schema": "openagents.cli.<command>.v1", …}`. */
  printJson(command: string, document: { [key: string]: JsonValue }): void;
  ask(question: string, flag: string): Promise<string>;
}

export function createCli(terminal: Terminal, command: Command): Cli {
  const flags = command.optsWithGlobals<GlobalFlags>();
  const json = flags.json === true;
  const interactive = flags.input !== false && terminal.in.isTTY === true;
  const print = (text: string) => void terminal.out.write(`${text}\n`);
  return {
    terminal,
    flags,
    json,
    oa: calledAs(terminal.environment),
    interactive,
    paint: paintFor(terminal.out, terminal.environment),
    paintError: paintFor(terminal.err, terminal.environment),
    config: (settings = {}) =>
      loadConfig(
        { ...settings, ...(flags.control ? { control_url: flags.control } : {}) },
        terminal.environment,
        terminal.cwd,
      ),
    print,
    say: (text) => void terminal.err.write(`${text}\n`),
    printJson: (name, document) => print(JSON.stringify({ schema: schemaOf(name), ...document })),
    async ask(question, flag) {
      if (!interactive) throw usageError(`${flag} is needed, as no question can be asked here`);
      const prompt = createInterface({ input: terminal.in, output: terminal.err });
      try {
        return (await prompt.question(question)).trim();
      } finally {
        prompt.close();
      }
    },
  };
}

export function schemaOf(command: string): string {
  return `openagents.cli.${command}.v1`;
}

export interface Connection {
  api: ApiClient;
  device: Device;
  config: Config;
}

/** The client of the control service that the configuration names. */
export async function connect(cli: Cli, settings: Settings = {}): Promise<Connection> {
  const config = await cli.config(settings);
  const device = await loadDevice(config.configDirectory);
  const api = createApiClient({
    controlUrl: config.control_url,
    transport: createTransport(),
    sessionStore: createSessionStore(config.configDirectory, config.control_url),
    deviceId: device.deviceId,
    now: Date.now,
  });
  return { api, device, config };
}
