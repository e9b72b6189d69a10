/** Checks that need neither the platform nor a network. */
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import type { JSONWebKeySet } from 'jose';
import { type Receipt, type ReceiptCheck, verifyReceipt } from '#proto/receipt.ts';
import { ReplayError, replayReader } from '#proto/replay.ts';
import { applyRunEvent, INITIAL_RUN_STATE, type RunState } from '#workflows/run/state.ts';
import type { Cli } from '../cli.ts';
import { CliError, EXIT, usageError } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { action, collect, examples } from './command.ts';

export function addEvidenceCommands(program: Command, terminal: Terminal): void {
  const receipts = program.command('receipts').description('check receipts offline');
  receipts
    .command('verify')
    .argument('<file>', 'a receipt, e.g. RECEIPT.json of a bundle')
    .description('check hash, signature and references of a receipt, offline')
    .requiredOption('--jwks <file>', 'the public keys that may have signed it')
    .option('--with <file-or-directory>', 'receipts that it refers to; repeatable', collect)
    .addHelpText(
      'before',
      examples(
        'oa receipts verify RECEIPT.json --jwks keys.json',
        'oa receipts verify VERIFICATION.json --jwks keys.json --json',
      ),
    )
    .action(action(terminal, verify));
  program
    .command('replay')
    .argument('<file>', 'REPLAY.jsonl of a bundle')
    .description('derive a run’s states again from its replay file and fail on any difference')
    .option('--trajectory <hash>', 'the trajectory hash that a receipt names')
    .addHelpText('before', examples('oa replay REPLAY.jsonl', 'oa replay REPLAY.jsonl --json'))
    .action(action(terminal, replay));
}

/** A receipt, a key set: documents, never streams. */
const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;

async function verify(
  cli: Cli,
  file: string,
  flags: { jwks: string; with?: string[] },
): Promise<void> {
  const path = resolve(cli.terminal.cwd, file);
  const keysPath = resolve(cli.terminal.cwd, flags.jwks);
  const receipt = await readJson(path);
  const keys = checkKeySet(await readJson(keysPath), flags.jwks);
  const places = flags.with?.map((place) => resolve(cli.terminal.cwd, place)) ?? [dirname(path)];
  const others = await receiptsAt(places);
  const check = await verifyReceipt(receipt, keys, others);
  if (!check.ok)
    throw new CliError(EXIT.failure, `${file} does not hold: ${check.fault}, ${check.reason}`);
  const referred = await verifyReferences(check, others, keys);
  const keysFromBundle = dirname(keysPath) === dirname(path);
  if (cli.json) {
    cli.printJson('receipts.verify', {
      ok: true,
      receipt_id: check.receipt.receipt_id,
      receipt_schema: check.receipt.schema,
      canonical_sha256: check.receipt.canonical_sha256,
      kid: check.receipt.issuer.kid,
      references_verified: referred,
      references_missing: check.unresolvedRefs,
      keys_came_with_the_receipt: keysFromBundle,
    });
  } else {
    cli.print(
      `${check.receipt.receipt_id} holds: hash, id and signature (key ${check.receipt.issuer.kid})`,
    );
    for (const id of referred) cli.print(`${id} holds, as it refers to it`);
  }
  for (const id of check.unresolvedRefs)
    cli.say(`note: ${id}, to which it refers, is not at hand (--with FILE)`);
  if (keysFromBundle) {
    cli.say(
      'note: the keys came with the receipt itself, so this proves that the files agree, not who signed them.\n' +
        '      Compare with the keys that the runtime publishes at /.well-known/jwks.json.',
    );
  }
}

/** What a receipt builds on must hold as well, wherever it is at hand. */
async function verifyReferences(
  check: Extract<ReceiptCheck, { ok: true }>,
  others: readonly Receipt[],
  keys: JSONWebKeySet,
): Promise<string[]> {
  const verified: string[] = [];
  for (const reference of check.receipt.refs) {
    const other = others.find(({ receipt_id }) => receipt_id === reference.receipt_id);
    if (!other) continue;
    const result = await verifyReceipt(other, keys, others);
    if (!result.ok) {
      throw new CliError(
        EXIT.failure,
        `${reference.receipt_id}, to which it refers, does not hold: ${result.reason}`,
      );
    }
    verified.push(reference.receipt_id);
  }
  return verified;
}

async function receiptsAt(places: readonly string[]): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const place of places) {
    const isDirectory = (await stat(place).catch(() => undefined))?.isDirectory() ?? false;
    const files = isDirectory
      ? (await readdir(place))
          .filter((name) => name.endsWith('.json'))
          .map((name) => join(place, name))
      : [place];
    for (const file of files) {
      const value = await readJson(file);
      // Its shape is judged by verifyReceipt, as soon as something refers to it.
      if (isObject(value) && typeof value['receipt_id'] === 'string')
        receipts.push(value as unknown as Receipt);
    }
  }
  return receipts;
}

async function replay(cli: Cli, file: string, flags: { trajectory?: string }): Promise<void> {
  const path = resolve(cli.terminal.cwd, file);
  const reader = replayReader();
  let state: RunState = INITIAL_RUN_STATE;
  const states: string[] = [state.status];
  let events = 0;
  try {
    for await (const text of createInterface({
      input: createReadStream(path),
      crlfDelay: Infinity,
    })) {
      const line = reader.next(text);
      if (line.type !== 'RuntimeEvent') continue;
      events += 1;
      state = applyRunEvent(state, line.event_type, line.payload);
      if (states.at(-1) !== state.status) states.push(state.status);
    }
    const end = reader.end();
    if (state.status !== end.run_status) {
      throw new CliError(
        EXIT.failure,
        `${file} says ${end.run_status}, but its events give ${state.status}`,
      );
    }
    if (flags.trajectory && flags.trajectory !== end.trajectory_hash) {
      throw new CliError(
        EXIT.failure,
        `its trajectory hash is ${end.trajectory_hash}, not ${flags.trajectory}`,
      );
    }
    if (cli.json) {
      cli.printJson('replay', {
        ok: true,
        run_id: end.run_id,
        states,
        events,
        status: end.run_status,
        reason_class: end.reason_class,
        trajectory_hash: end.trajectory_hash,
      });
    } else {
      cli.print(`${end.run_id} holds: ${events} events, ${states.join(' → ')}`);
      cli.print(`trajectory ${end.trajectory_hash}`);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (error instanceof ReplayError)
      throw new CliError(EXIT.failure, `${file} does not hold: ${error.message}`);
    if (isMissingFile(error)) throw new CliError(EXIT.notFound, `${file}: there is no such file`);
    throw new CliError(
      EXIT.failure,
      `${file} does not hold: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    if ((await stat(path)).size > DOCUMENT_BYTES_MAX) throw usageError(`${path} is too large`);
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissingFile(error)) throw new CliError(EXIT.notFound, `${path}: there is no such file`);
    if (error instanceof SyntaxError) throw usageError(`${path} is not JSON`);
    throw error;
  }
}

function checkKeySet(value: unknown, name: string): JSONWebKeySet {
  if (isObject(value) && Array.isArray(value['keys'])) return value as unknown as JSONWebKeySet;
  throw usageError(`${name} is not a JSON Web Key Set`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isMissingFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
