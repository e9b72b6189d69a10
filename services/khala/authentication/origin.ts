export type OriginPolicy = (origin: string | undefined) => boolean;

/**
 * Native clients send no Origin and pass; a browser cannot leave it out. Compared whole, as a browser spells it: `null`
 * (a sandboxed frame, a file) and everything else that is no origin is on no list.
 *
 * @throws TypeError where the list holds something that no browser can send.
 */
export function createOriginPolicy(allowed: readonly string[]): OriginPolicy {
  const known = new Set(
    allowed.map((text) => {
      const origin = originOf(text);
      if (!origin) throw new TypeError(`${text} is not an origin`);
      return origin;
    }),
  );
  return (text) => {
    if (text === undefined) return true;
    const origin = originOf(text);
    return origin !== undefined && known.has(origin);
  };
}

/** Scheme, host and port in the one spelling of a URL; nothing where the text says more or less than these. */
function originOf(text: string): string | undefined {
  const trimmed = text.trim();
  const url = URL.parse(trimmed);
  if (!url || url.origin === 'null') return undefined;
  const { pathname, search, hash, username, password } = url;
  const bare = pathname === '/' && `${search}${hash}${username}${password}` === '';
  // The parser forgives what a browser never sends (backslashes, a bare question mark), and a star would name no host.
  return bare && /^[a-z]+:\/\/[^\s\\?#@*]+$/i.test(trimmed) ? url.origin : undefined;
}
