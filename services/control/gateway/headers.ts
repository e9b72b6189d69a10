/**
 * What passes the gateway. Requests go through an allow list, so that no header which the runtime might believe (an
 * assertion, a forwarded identity, a cookie) can be sent by a caller; answers pass but for what belongs to one hop.
 */
import { REQUEST_ID_HEADER } from '../../shared/http/request-identity.ts';

const FORWARDED = [
  'accept',
  'accept-language',
  'content-encoding',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'if-range',
  'range',
  'tracestate',
  'user-agent',
  'x-oa-client-build-id',
  'x-oa-protocol-version',
  'x-oa-schema-version',
];

/** RFC 9110, 7.6.1; what `Connection` names is added to them. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Ours to say, whatever the upstream thinks of browsers, cookies and itself. */
const OURS = ['date', 'server', 'set-cookie', REQUEST_ID_HEADER];
const OURS_PREFIX = 'access-control-';

export function forwardedHeaders(headers: Headers): Record<string, string> {
  const forwarded: Record<string, string> = {};
  for (const name of FORWARDED) {
    const value = headers.get(name);
    if (value !== null) forwarded[name] = value;
  }
  return forwarded;
}

/** @param raw name and value in turn, as node keeps them. */
export function answeredHeaders(raw: readonly string[]): Headers {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    pairs.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '']);
  }
  const named = pairs.flatMap(([name, value]) =>
    name === 'connection' ? value.split(',').map((part) => part.trim().toLowerCase()) : [],
  );
  const dropped = new Set([...HOP_BY_HOP, ...OURS, ...named]);
  const answered = new Headers();
  for (const [name, value] of pairs) {
    if (!dropped.has(name) && !name.startsWith(OURS_PREFIX)) answered.append(name, value);
  }
  return answered;
}
