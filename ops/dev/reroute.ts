/**
 * For tests that cut a line between two parts: `OA_REROUTE={"worker.TEMPORAL_ADDRESS": "127.0.0.1:9999"}` lets a part reach
 * what a setting of it names at another address.
 */
export function reroute(
  part: string,
  settings: Readonly<Record<string, string>>,
  text: string | undefined,
): Record<string, string> {
  const routes: Record<string, string> = text ? JSON.parse(text) : {};
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      const address = routes[`${part}.${name}`];
      return [name, address === undefined ? value : at(address, value)];
    }),
  );
}

/** An address stands alone or inside a URL. */
function at(address: string, value: string): string {
  if (!value.includes('://')) return address;
  const url = new URL(value);
  url.host = address;
  return url.href;
}
