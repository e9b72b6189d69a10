import { CompactSign, decodeJwt, exportJWK } from 'jose';
import type { Device, TokenChanges } from '../authority.ts';
import { CLOSE_CODES, type CloseAction, type ErrorCode } from '../peer/contract.ts';
import type { Values } from '../peer/protobuf.ts';
import type { OpenOptions } from '../peer/raw-web-socket.ts';
import { plain, type Scene, type Step } from '../scene.ts';

const BUILD_ID = '20261121T000000Z';

function detail(values: object): string {
  const text = Object.entries(values)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : plain(value)}`)
    .join(', ');
  return text && ` (${text})`;
}

/** Opens a socket; it has to be accepted. */
export function open(options: OpenOptions = {}): Step {
  return {
    says: `open${detail(options)}`,
    async play(scene) {
      const { status, protocol } = (await scene.open(options)).socket;
      if (status !== 101) throw new Error(`HTTP ${status}`);
      const asked = options.protocols ?? ['khala.v1'];
      if (!asked.includes(protocol)) throw new Error(`the node chose ${protocol || 'nothing'}`);
    },
  };
}

/** An HTTP request that does not become a session: an HTTP error, or a socket without a subprotocol that ends. */
export function refused(options: OpenOptions, ...statuses: number[]): Step {
  return {
    says: `refused: open${detail(options)} → HTTP ${statuses.join(' or ')}`,
    async play(scene) {
      const { status } = (await scene.open(options)).socket;
      if (!statuses.includes(status)) throw new Error(`HTTP ${status}`);
    },
  };
}

export const challenged: Step = {
  says: '← CHALLENGE',
  async play(scene) {
    const { nonce, protocol_version_min, protocol_version_max } = await scene.expect(
      'challenge',
      '',
    );
    // Guessed nonces would make recorded proofs worth something.
    if (String(nonce).length < 22) throw new Error('a nonce of less than 128 bits');
    if (protocol_version_min !== 1 || protocol_version_max !== 1) throw new Error('not version 1');
    scene.peer.nonce = String(nonce);
  },
};

/** What is unusual about a proof. */
export interface ProofChanges {
  nonce?: string;
  jti?: string;
  device_id?: string;
  typ?: string;
  signedByStranger?: boolean;
  absent?: boolean;
}

export interface Credentials {
  /** Which topics the token grants; all of the case unless said otherwise. */
  grants?: readonly string[];
  token?: TokenChanges;
  proof?: ProofChanges;
  /** Fields of HELLO itself. */
  fields?: Values;
}

export function hello(credentials: Credentials = {}): Step {
  return {
    says: `→ HELLO${detail(credentials)}`,
    async play(scene) {
      const token = await scene.mint(credentials.grants, credentials.token ?? {});
      await sendHello(scene, token, credentials);
    },
  };
}

/** Another socket with the token of the one before. */
export const helloWithSameToken: Step = {
  says: '→ HELLO with the same token',
  play: (scene) => sendHello(scene, scene.token, {}),
};

async function sendHello(scene: Scene, token: string, { proof, fields }: Credentials) {
  const device = await scene.device;
  scene.peer.send('hello', {
    token,
    proof: await proofOf(scene, device, token, proof),
    device_id: device.deviceId,
    client_build_id: BUILD_ID,
    protocol_version: 1,
    schema_version: 1,
    ...fields,
  });
}

/** A HELLO that needs no authority, since its token is none. */
export function baselessHello(fields: Values = {}): Step {
  return {
    says: `→ HELLO with a token that is none${detail(fields)}`,
    async play({ peer }) {
      peer.send('hello', {
        token: 'none',
        device_id: 'device-none',
        client_build_id: BUILD_ID,
        protocol_version: 1,
        schema_version: 1,
        ...fields,
      });
    },
  };
}

export function refresh(credentials: Credentials & { ofOtherDevice?: boolean } = {}): Step {
  return {
    says: `→ TOKEN_REFRESH${detail(credentials)}`,
    async play(scene) {
      const own = await scene.device;
      const device = credentials.ofOtherDevice ? await scene.authority.newDevice() : own;
      const token = credentials.ofOtherDevice
        ? await scene.authority.mint(device, [])
        : await scene.mint(credentials.grants, credentials.token ?? {});
      const proof = await proofOf(scene, device, token, credentials.proof);
      scene.peer.send('token_refresh', { token, proof });
    },
  };
}

async function proofOf(
  scene: Scene,
  device: Device,
  token: string,
  changes: ProofChanges = {},
): Promise<string> {
  if (changes.absent) return '';
  const { key } = changes.signedByStranger ? await scene.authority.newDevice() : device;
  const claims = {
    nonce: changes.nonce ?? scene.peer.nonce,
    jti: changes.jti ?? decodeJwt(token).jti,
    device_id: changes.device_id ?? device.deviceId,
  };
  const jwk = await exportJWK(key.publicKey);
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: changes.typ ?? 'khala-proof+jwt', jwk })
    .sign(key.privateKey);
}

export const welcomed: Step = {
  says: '← WELCOME',
  async play(scene) {
    const welcome = await scene.expect('welcome', '');
    const intervalMs = Number(welcome['heartbeat_interval_ms']);
    if (!(intervalMs > 0 && Number(welcome['dead_after_ms']) > intervalMs)) {
      throw new Error(`no sensible heartbeat: ${plain(welcome)}`);
    }
    scene.peer.beat(intervalMs);
  },
};

/** From nothing to WELCOME. */
export function admitted(credentials: Credentials = {}, options: OpenOptions = {}): Step[] {
  return [open(options), challenged, hello(credentials), welcomed];
}

/** An ERROR of the connection. */
export function error(code: ErrorCode, message?: RegExp): Step {
  return {
    says: `← ERROR ${code}${message ? ` ${message}` : ''}`,
    async play(scene) {
      await scene.expect('error', '', { code, ...(message ? { message } : {}) });
    },
  };
}

/** The node closes, with the code of that action or exactly that code. */
export function closed(...expected: (CloseAction | number)[]): Step {
  return {
    says: `closed: ${expected.join(' or ')}`,
    async play(scene) {
      const { peer } = scene;
      await scene.until('the close', () => peer.close !== undefined);
      const codes = expected.map((each) => (typeof each === 'number' ? each : CLOSE_CODES[each]));
      const code = peer.close?.code ?? 0;
      if (!codes.includes(code)) throw new Error(`closed ${code} ${peer.close?.reason}`);
    },
  };
}

/** The steps on a socket of that name. */
export function on(name: string, ...steps: (Step | Step[])[]): Step[] {
  return steps.flat().map((step) => ({
    says: `${name}: ${step.says}`,
    async play(scene) {
      const before = scene.at;
      scene.at = name;
      await step.play(scene);
      scene.at = before;
    },
  }));
}
