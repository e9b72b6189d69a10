import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  createFileRegistry,
  type DescEnum,
  type DescEnumValue,
  type DescExtension,
  type DescField,
  type DescFile,
  type DescMessage,
  fromBinary,
  getOption,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The contract as it was last published. */
export const BASELINE = 'proto/baseline.binpb';

/** Only Khala's frames travel in binary; everything else is JSON. */
export const BINARY_FILES = ['openagents/sync/v1/sync.proto'];

/** The options package describes contracts and is none. */
const OPTIONS_PACKAGE = 'openagents.options.v1';

export interface Rules {
  required: boolean;
  minLength: number;
  maxLength: number;
  pattern: string;
  minItems: number;
  maxItems: number;
  minimum: number;
  maximum: number;
  anyText: boolean;
  maxBytes: number;
}

/** The contract as the generators see it: our messages and enums in the order of their files. */
export interface Contract {
  messages: DescMessage[];
  enums: DescEnum[];
  textOf(value: DescEnumValue): string;
  rulesOf(field: DescField): Partial<Rules>;
  commentOf(desc: DescMessage | DescField | DescEnum | DescEnumValue): string;
}

/** The compiled image of `proto/`, as `buf build` gives it. */
export function buildImage(): Uint8Array {
  return execFileSync('node_modules/.bin/buf', ['build', 'proto', '-o', '-#format=binpb'], {
    cwd: ROOT,
    maxBuffer: 64 * 1024 * 1024,
  });
}

export function readContract(image: Uint8Array): Contract {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const files = [...registry.files]
    .filter((file) => file.proto.package.startsWith('openagents.'))
    .filter((file) => file.proto.package !== OPTIONS_PACKAGE)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const text = extension(registry.getExtension(`${OPTIONS_PACKAGE}.text`));
  const rules = extension(registry.getExtension(`${OPTIONS_PACKAGE}.rules`));
  const comments = new Map(files.map((file) => [file.proto.name, commentsOf(file)]));
  const contract: Contract = {
    messages: files.flatMap((file) => file.messages.flatMap(withNested)),
    enums: files.flatMap((file) => [
      ...file.enums,
      ...file.messages.flatMap(withNested).flatMap((message) => message.nestedEnums),
    ]),
    textOf: (value) => (value.number === 0 ? '' : String(getOption(value, text))),
    rulesOf: (field) => getOption(field, rules) as Partial<Rules>,
    commentOf: (desc) => {
      const file = 'file' in desc ? desc.file : desc.parent.file;
      return comments.get(file.proto.name)?.get(pathOf(desc).join('.')) ?? '';
    },
  };
  assertUnambiguous(contract);
  return contract;
}

function extension(found: DescExtension | undefined): DescExtension {
  if (found === undefined) throw new Error('the image lacks the options of openagents.options.v1');
  return found;
}

function withNested(message: DescMessage): DescMessage[] {
  return [message, ...message.nestedMessages.flatMap(withNested)];
}

/** Types are generated under their short names, and every enum value must have its text. */
function assertUnambiguous(contract: Contract): void {
  const seen = new Map<string, string>();
  for (const desc of [...contract.messages, ...contract.enums]) {
    const other = seen.get(desc.name);
    if (other !== undefined) throw new Error(`${other} and ${desc.typeName} share a short name`);
    seen.set(desc.name, desc.typeName);
  }
  for (const value of contract.enums.flatMap((each) => each.values)) {
    if (value.number !== 0 && contract.textOf(value) === '') {
      throw new Error(`${value.parent.typeName}.${value.name} has no text option`);
    }
  }
}

// Field numbers of descriptor.proto: where a declaration stands in SourceCodeInfo.
const MESSAGE_IN_FILE = 4;
const ENUM_IN_FILE = 5;
const MESSAGE_IN_MESSAGE = 3;
const ENUM_IN_MESSAGE = 4;
const FIELD_IN_MESSAGE = 2;
const VALUE_IN_ENUM = 2;

function pathOf(desc: DescMessage | DescField | DescEnum | DescEnumValue): number[] {
  switch (desc.kind) {
    case 'message':
      return desc.parent === undefined
        ? [MESSAGE_IN_FILE, desc.file.proto.messageType.indexOf(desc.proto)]
        : [
            ...pathOf(desc.parent),
            MESSAGE_IN_MESSAGE,
            desc.parent.proto.nestedType.indexOf(desc.proto),
          ];
    case 'enum':
      return desc.parent === undefined
        ? [ENUM_IN_FILE, desc.file.proto.enumType.indexOf(desc.proto)]
        : [...pathOf(desc.parent), ENUM_IN_MESSAGE, desc.parent.proto.enumType.indexOf(desc.proto)];
    case 'field':
      return [
        ...pathOf(desc.parent),
        FIELD_IN_MESSAGE,
        desc.parent.proto.field.indexOf(desc.proto),
      ];
    case 'enum_value':
      return [...pathOf(desc.parent), VALUE_IN_ENUM, desc.parent.proto.value.indexOf(desc.proto)];
  }
}

function commentsOf(file: DescFile): Map<string, string> {
  return new Map(
    (file.proto.sourceCodeInfo?.location ?? [])
      .filter((location) => location.leadingComments !== '')
      .map((location) => [
        location.path.join('.'),
        location.leadingComments
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== '')
          .join('\n'),
      ]),
  );
}
