import { ProblemError } from '#proto/errors.ts';
import type { AuthVerifyRequest } from '#proto/gen/types.ts';
import { type DeviceId, InvalidIdError, newId, parseDeviceId } from '#proto/ids.ts';
import { formatTime } from '#proto/time.ts';
import type { ControlDeps } from '../control-deps.ts';
import { commandIds } from '../guards/audit.ts';
import { countAttempt } from '../metrics.ts';
import { checkCode, normaliseEmail, requestChallenge } from '../sessions/challenge.ts';
import { type LoginDevice, logIn } from '../sessions/log-in.ts';
import { refreshSession } from '../sessions/refresh.ts';
import { sessionView, userView } from '../sessions/session-view.ts';
import type { ControlHandlers } from './control-handlers.ts';

/** Routes of somebody who has no access token yet, or no longer. */
export function authHandlers(deps: ControlDeps) {
  const { passGate, metrics } = deps;
  return {
    async 'auth.challenge.requested'({ body, command }) {
      const email = normaliseEmail(body.email);
      await passGate('auth_email_mailbox', email);
      const sent = await requestChallenge(deps, { email, command: commandIds(command) });
      metrics.control_challenges_total.record(1, { channel: sent.deliveryChannel });
      return {
        data: {
          challenge_id: sent.challengeId,
          status: 'code_sent',
          email_hint: hintOf(email),
          delivery_channel: sent.deliveryChannel,
          expires_at: formatTime(sent.expiresAt.getTime()),
        },
      };
    },

    async 'auth.verify.completed'({ body, headers, command }) {
      const device = deviceOf(body, headers);
      const ids = commandIds(command);
      const login = await countAttempt(metrics.control_logins_total, async () => {
        const { challenge_id: challengeId, code } = body;
        const challenge = await checkCode(deps, { challengeId, code, command: ids });
        return logIn(deps, { challenge, device, command: ids });
      });
      deps.courier.wake();
      const { session, memberships, tokens, user, newUser } = login;
      return {
        data: {
          session: sessionView(session, memberships, deps.now()),
          tokens,
          user: userView(user),
          new_user: newUser,
        },
      };
    },

    async 'auth.refresh.completed'({ body, command }) {
      const { refresh_token: refreshToken, device_id } = body;
      const request = {
        refreshToken,
        deviceId: device_id.toLowerCase(),
        command: commandIds(command),
      };
      const refreshed = await countAttempt(metrics.control_refreshes_total, () =>
        refreshSession(deps, request).finally(() => deps.courier.wake()),
      );
      const { session, memberships, tokens } = refreshed;
      return { data: { session: sessionView(session, memberships, deps.now()), tokens } };
    },
  } satisfies Partial<ControlHandlers>;
}

/** Enough to recognise one's own address by. */
function hintOf(email: string): string {
  const at = email.lastIndexOf('@');
  return `${email.slice(0, 1)}…${email.slice(at)}`;
}

/** A client names its device; one that does not is given a name of its own, never one that others share. */
function deviceOf({ device }: AuthVerifyRequest, headers: Headers): LoginDevice {
  const named = device?.device_id || headers.get('x-device-id') || newId('dev');
  return {
    deviceId: deviceIdOf(named),
    clientId: device?.client_id || (headers.get('x-client') ?? '').slice(0, CLIENT_ID_LENGTH),
    platform: device?.platform ?? '',
    name: device?.name ?? '',
  };
}

const CLIENT_ID_LENGTH = 120;

function deviceIdOf(text: string): DeviceId {
  try {
    return parseDeviceId(text.toLowerCase());
  } catch (error) {
    if (!(error instanceof InvalidIdError)) throw error;
    const reason = 'must be 1 to 160 of A-Z a-z 0-9 : . _ -';
    throw new ProblemError('invalid_request', `The device id ${reason}.`, {
      faults: [{ path: '$.device.device_id', reason }],
    });
  }
}
