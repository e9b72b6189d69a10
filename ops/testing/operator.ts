import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { StackProcess } from './stack-process.ts';

/** Somebody who logged in to a stack by its HTTP API alone. */
export interface Operator {
  userId: string;
  accessToken: string;
  deviceId: string;
  call<T>(service: 'control' | 'runtime', method: string, path: string, body?: unknown): Promise<T>;
}

export class CallFailedError extends Error {
  readonly status: number;
  readonly problem: unknown;

  constructor(call: string, status: number, problem: unknown) {
    super(`${call}: ${status} ${JSON.stringify(problem)}`);
    this.name = 'CallFailedError';
    this.status = status;
    this.problem = problem;
  }
}

const ATTEMPTS_MAX = 5;
const POLL_MS = 50;
const POLLS_MAX = 200;

/** Signs in with the code that control prints. */
export async function signIn(stack: StackProcess, email: string): Promise<Operator> {
  const addresses = stack.state().addresses;
  let accessToken = '';
  const call = async <T>(
    service: 'control' | 'runtime',
    method: string,
    path: string,
    body?: unknown,
  ): Promise<T> => {
    const request = {
      method,
      headers: {
        ...(accessToken ? { authorization: `Bearer ${accessToken}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'idempotency-key': crypto.randomUUID() }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetch(`${addresses[service]}${path}`, request);
      const json = (await answer.json()) as { data: T };
      if (answer.ok) return json.data;
      // The service asks to repeat with the same key while it is still warming up.
      if (answer.status !== 503 || attempt === ATTEMPTS_MAX) {
        throw new CallFailedError(`${method} ${path}`, answer.status, json);
      }
    }
  };
  const challenge = await call<{ challenge_id: string }>('control', 'POST', '/api/auth/email', {
    email,
  });
  const verified = await call<{
    user: { user_id: string };
    session: { device_id: string };
    tokens: { access_token: string };
  }>('control', 'POST', '/api/auth/verify', {
    challenge_id: challenge.challenge_id,
    code: await printedCode(stack, email),
    device: { device_id: '', client_id: 'test', platform: 'test', name: 'test' },
  });
  accessToken = verified.tokens.access_token;
  return {
    userId: verified.user.user_id,
    deviceId: verified.session.device_id,
    accessToken,
    call,
  };
}

export async function printedCode(stack: StackProcess, email: string): Promise<string> {
  const log = join(stack.env['OA_DATA_DIR'] ?? '', 'logs', 'control.log');
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    const codes = [
      ...(await readFile(log, 'utf8')).matchAll(
        new RegExp(`login code for ${email}: ([0-9A-Za-z-]+)`, 'g'),
      ),
    ];
    const last = codes.at(-1)?.[1];
    if (last) return last;
    await delay(POLL_MS);
  }
  throw new Error(`control printed no code for ${email}`);
}
