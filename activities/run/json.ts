/** Members of JSON whose form nobody has promised. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Reflect.get(value, name)
    : undefined;
}

export function textOf(value: unknown, name: string): string {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : '';
}

/** Zero where there is none, or one that JSON could not carry exactly. */
export function integerOf(value: unknown, name: string): number {
  const member = memberOf(value, name);
  const rounded = typeof member === 'number' ? Math.round(member) : 0;
  return Number.isSafeInteger(rounded) ? rounded : 0;
}
