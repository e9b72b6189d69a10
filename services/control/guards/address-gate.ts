import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { problemResponse } from '../../shared/http/problem.ts';
import { REQUEST_ID_HEADER, requestIdOf } from '../../shared/http/request-identity.ts';
import { setSecurityHeaders } from '../../shared/http/security-headers.ts';
import type { GateName, PassGate } from './rate-limit.ts';

/** Limits by address, before anything is read or looked up for a stranger. */
export function addressGate(
  gate: GateName,
  deps: { passGate: PassGate; trustedProxies: readonly string[]; logger: Logger },
): MiddlewareHandler {
  const { passGate, trustedProxies, logger } = deps;
  return async function limitByAddress(c, next) {
    try {
      await passGate(gate, clientAddress(c, trustedProxies));
    } catch (error) {
      const requestId = requestIdOf(c.req.raw.headers);
      const refusal = problemResponse(error, requestId, logger);
      refusal.headers.set(REQUEST_ID_HEADER, requestId);
      setSecurityHeaders(refusal.headers);
      return refusal;
    }
    return next();
  };
}

function clientAddress(c: Context, trustedProxies: readonly string[]): string {
  const peer = getConnInfo(c).remote.address ?? 'unknown';
  return addressBehind(peer, c.req.header('x-forwarded-for') ?? '', trustedProxies);
}

/**
 * Who is behind our own proxies: each of them appends the address it was called from, so the list is believed from its
 * end, as long as a trusted proxy wrote the entry. What a caller put in front means nothing.
 */
export function addressBehind(
  peer: string,
  forwardedFor: string,
  trustedProxies: readonly string[],
): string {
  const hops = forwardedFor.split(',').flatMap((part) => part.trim() || []);
  let address = plainAddress(peer);
  while (trustedProxies.includes(address)) {
    const before = hops.pop();
    if (before === undefined) break;
    address = plainAddress(before);
  }
  return address;
}

/** An IPv4 address as IPv6 sockets show it is the same address. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
