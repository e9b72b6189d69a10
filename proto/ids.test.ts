import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contentId,
  ID_PREFIXES,
  InvalidIdError,
  isId,
  newId,
  parseDeviceId,
  parseId,
} from './ids.ts';
import { sha256Of } from './sha256.ts';

describe('ids', () => {
  it.each(ID_PREFIXES)('mints %s ids that parse as themselves and as nothing else', (prefix) => {
    const id = newId(prefix);
    expect(parseId(prefix, id)).toBe(id);
    for (const other of ID_PREFIXES) expect(isId(other, id)).toBe(other === prefix);
  });

  it('mints ids that sort by time', async () => {
    const first = newId('run');
    await new Promise((resolve) => setTimeout(resolve, 3));
    expect(newId('run') > first).toBe(true);
  });

  it('refuses any other text, without repeating it', () => {
    const id = newId('run');
    for (const text of ['', 'run_', id.toUpperCase(), `${id}0`, ` ${id}`, `${id}\n`, 'run_8zzz']) {
      expect(() => parseId('run', text)).toThrow(InvalidIdError);
    }
    expect(() => parseId('run', 'sk-secret')).not.toThrow(/secret/);
    // The first digit carries three bits only: 8 would overflow 128 bits.
    expect(isId('run', `run_8${'0'.repeat(25)}`)).toBe(false);
    fc.assert(fc.property(fc.string(), (text) => !isId('run', text)));
  });

  it('takes a device as the client names it, within its alphabet', () => {
    expect(parseDeviceId('laptop:anna.1')).toBe('laptop:anna.1');
    expect(() => parseDeviceId('')).toThrow(InvalidIdError);
    expect(() => parseDeviceId('a b')).toThrow(InvalidIdError);
    expect(() => parseDeviceId('a'.repeat(161))).toThrow(InvalidIdError);
  });

  it('derives an id from content by 24 hex digits', () => {
    expect(contentId('rr_', sha256Of(new Uint8Array()))).toBe('rr_e3b0c44298fc1c149afbf4c8');
  });
});
