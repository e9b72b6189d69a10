import { TypeID } from 'typeid-js';
import { type Id, type IdPrefix, parseId } from '#proto/ids.ts';
import { sha256Of, sha256ToBytes } from '#proto/sha256.ts';

const UUID_TIME_BYTES = 6;
const UUID_BYTES = 16;

/**
 * An id for something that belongs to `parent`: the same parts give the same id, so a step that runs twice names the same
 * thing. It keeps the parent's time, and so sorts with it.
 */
export function derivedId<P extends IdPrefix>(
  prefix: P,
  parent: string,
  ...parts: readonly (string | number)[]
): Id<P> {
  const time = TypeID.fromString(parent).toUUIDBytes().slice(0, UUID_TIME_BYTES);
  const text = new TextEncoder().encode([prefix, parent, ...parts].join('/'));
  const bytes = new Uint8Array(UUID_BYTES);
  bytes.set(time);
  bytes.set(sha256ToBytes(sha256Of(text)).slice(0, UUID_BYTES - UUID_TIME_BYTES), UUID_TIME_BYTES);
  // Version 7 and the RFC 9562 variant, as every other id of ours has them.
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return parseId(prefix, TypeID.fromUUIDBytes(prefix, bytes).toString());
}
