export type OriginPolicy = (origin: string | undefined) => boolean;

/** Native clients send no Origin and pass; a browser cannot leave it out. */
export function createOriginPolicy(allowed: readonly string[]): OriginPolicy {
  const known = new Set(allowed.map(normalise));
  return (origin) => origin === undefined || known.has(normalise(origin));
}

function normalise(origin: string): string {
  return origin.trim().toLowerCase().replace(/\/+$/, '');
}
