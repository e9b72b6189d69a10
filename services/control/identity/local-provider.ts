import { randomInt } from 'node:crypto';
import type { IdentityProvider } from './provider.ts';

/** Development only: whoever sees this process's output may log in as anyone, which the configuration knows. */
export function createLocalProvider(deps: {
  print: (line: string) => void;
  validMinutes: number;
  randomCode?: () => string;
}): IdentityProvider {
  const { print, validMinutes, randomCode = sixDigits } = deps;
  return {
    mode: 'local',
    async sendCode(email) {
      const code = randomCode();
      const shown = `${code.slice(0, 3)}-${code.slice(3)}`;
      print(`login code for ${email}: ${shown} (valid ${validMinutes} minutes)`);
      return { deliveryChannel: 'terminal', code, providerRef: null };
    },
    async checkCode() {
      throw new Error('the local provider leaves codes to the service');
    },
  };
}

function sixDigits(): string {
  return String(randomInt(1_000_000)).padStart(6, '0');
}
