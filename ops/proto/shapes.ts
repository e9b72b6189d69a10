import { type DescField, ScalarType } from '@bufbuild/protobuf';

/**
 * What a field is in JSON. The generators of types, schemas and tables all ask here, so that they cannot disagree.
 */
export type Shape =
  | { kind: 'string' | 'bool' | 'bytes' | 'double' | 'uint32' | 'int32' | 'uint64' | 'int64' }
  | { kind: 'timestamp' | 'struct' }
  | { kind: 'enum' | 'message'; type: string; name: string };

export interface FieldShape {
  shape: Shape;
  container: 'one' | 'list' | 'map';
  /** Unset is different from zero: messages, `optional` scalars, arms of a oneof. */
  presence: boolean;
  oneof: string | null;
}

const SCALARS: Partial<Record<ScalarType, Exclude<Shape['kind'], 'enum' | 'message'>>> = {
  [ScalarType.STRING]: 'string',
  [ScalarType.BOOL]: 'bool',
  [ScalarType.BYTES]: 'bytes',
  [ScalarType.DOUBLE]: 'double',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.INT32]: 'int32',
  [ScalarType.UINT64]: 'uint64',
  [ScalarType.INT64]: 'int64',
};

const WELL_KNOWN: Record<string, 'timestamp' | 'struct'> = {
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Struct': 'struct',
};

export function shapeOf(field: DescField): FieldShape {
  const oneof = field.oneof?.name ?? null;
  switch (field.fieldKind) {
    case 'list':
      return { shape: elementShape(field), container: 'list', presence: false, oneof };
    case 'map':
      if (field.mapKey !== ScalarType.STRING) {
        throw new Error(`${field.parent.typeName}.${field.name}: only maps from string`);
      }
      return { shape: elementShape(field), container: 'map', presence: false, oneof };
    case 'message':
      return { shape: elementShape(field), container: 'one', presence: true, oneof };
    default: {
      const presence = oneof !== null || field.proto.proto3Optional === true;
      return { shape: elementShape(field), container: 'one', presence, oneof };
    }
  }
}

function elementShape(field: DescField): Shape {
  if (field.message !== undefined) {
    const wellKnown = WELL_KNOWN[field.message.typeName];
    if (wellKnown !== undefined) return { kind: wellKnown };
    return { kind: 'message', type: field.message.typeName, name: field.message.name };
  }
  if (field.enum !== undefined) {
    return { kind: 'enum', type: field.enum.typeName, name: field.enum.name };
  }
  const kind = field.scalar === undefined ? undefined : SCALARS[field.scalar];
  if (kind === undefined) {
    throw new Error(`${field.parent.typeName}.${field.name}: this scalar is not used in JSON`);
  }
  return { kind };
}
