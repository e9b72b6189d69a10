/**
 * The JSON form of messages that travel in binary: ProtoJSON with proto field names (decimal strings, enum texts,
 * base64). Complete like the domain form, into and out of which it is mapped (`wire-mapping.ts`).
 */
import { decodeBase64, encodeBase64 } from './base64.ts';
import type { DomainTypes } from './gen/domain.ts';
import type { MessageTypes } from './gen/types.ts';
import { readMessage } from './read.ts';
import { type BinaryName, type Fields, type Form, mapFields } from './wire-mapping.ts';

export { type BinaryName, fromWire, toWire } from './wire-mapping.ts';

/** Domain form of a JSON value, read leniently. Throws ContractError with the path of each fault. */
export function fromJson<N extends BinaryName>(name: N, json: unknown): DomainTypes[N] {
  const message = readMessage(name, json) as unknown as Fields;
  return mapFields(name, message, FROM_JSON, []) as unknown as DomainTypes[N];
}

/** JSON form of a domain message. */
export function toJson<N extends BinaryName>(name: N, domain: DomainTypes[N]): MessageTypes[N] {
  const message = mapFields(name, domain as unknown as Fields, TO_JSON, []);
  return message as unknown as MessageTypes[N];
}

const FROM_JSON: Form = {
  zero: { integer64: () => 0n, bytes: () => new Uint8Array(0), enumeration: '' },
  element(row, value) {
    switch (row.kind) {
      case 'uint64':
      case 'int64':
        return BigInt(value as string);
      case 'bytes':
        return decodeBase64(value as string);
      default:
        return value;
    }
  },
};

const TO_JSON: Form = {
  zero: { integer64: () => '0', bytes: () => '', enumeration: '' },
  element(row, value) {
    switch (row.kind) {
      case 'uint64':
      case 'int64':
        return (value as bigint).toString();
      case 'bytes':
        return encodeBase64(value as Uint8Array);
      default:
        return value;
    }
  },
};
