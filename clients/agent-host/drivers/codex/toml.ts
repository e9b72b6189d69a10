/** A basic string of TOML, whose escapes are those of JSON. */
export function quoted(value: string): string {
  return JSON.stringify(value);
}
