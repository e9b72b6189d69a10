import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../shared/config.ts';
import { controlSettings } from '../config.ts';
import { startControl } from '../start.ts';
import { read, startTestControl, type TestControl } from '../testing/control-process.ts';

let control: TestControl;
beforeAll(async () => {
  control = await startTestControl();
});
afterAll(() => control[Symbol.asyncDispose]());

test('who is named as an operator gets ops.read with the next token, and nobody else does', async () => {
  const ada = await control.logIn('ada@example.com');
  const bob = await control.logIn('bob@example.com', 'phone');
  const settings = { ...control.settings, CONTROL_OPERATORS: ada.user?.user_id ?? '' };
  const restarted = await startControl(readConfig(controlSettings, settings));
  const scopesAfterRefresh = async ({ tokens }: typeof ada, device_id: string) => {
    const answer = await fetch(`${restarted.url}/api/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: tokens?.refresh_token, device_id }),
    });
    const { data } = await read(answer);
    const { access_token } = data['tokens'] as { access_token: string };
    return decodeJwt(access_token)['scopes'];
  };
  try {
    expect(decodeJwt(ada.tokens?.access_token ?? '')['scopes']).not.toContain('ops.read');
    expect(await scopesAfterRefresh(ada, 'laptop')).toEqual(
      expect.arrayContaining(['ops.read', 'runtime.read']),
    );
    expect(await scopesAfterRefresh(bob, 'phone')).not.toContain('ops.read');
  } finally {
    await restarted.close();
  }
});
