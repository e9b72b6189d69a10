import { expect, it } from 'vitest';
import { seccompFilter } from './seccomp.ts';

const ALLOW = 'allow';

/** A classic-BPF machine, as small as the filter needs: what the kernel would answer. */
function answer(
  filter: Uint8Array,
  call: { architecture: number; number: number; argument?: number },
) {
  const view = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const words: Record<number, number> = {
    0: call.number,
    4: call.architecture,
    16: call.argument ?? 0,
  };
  let accumulator = 0;
  for (let at = 0; at < filter.length / 8; at++) {
    const code = view.getUint16(at * 8, true);
    const [whenTrue, whenFalse] = [view.getUint8(at * 8 + 2), view.getUint8(at * 8 + 3)];
    const operand = view.getUint32(at * 8 + 4, true);
    const jump = (taken: boolean) => {
      at += taken ? whenTrue : whenFalse;
    };
    if (code === 0x20) accumulator = words[operand] ?? 0;
    else if (code === 0x15) jump(accumulator === operand);
    else if (code === 0x35) jump(accumulator >>> 0 >= operand);
    else if (code === 0x45) jump((accumulator & operand) !== 0);
    else if (code === 0x06) return operand === 0x7fff0000 ? ALLOW : operand & 0xffff;
    else throw new Error(`instruction ${code}`);
  }
  throw new Error('the filter ended without an answer');
}

const EPERM = 1;
const ENOSYS = 38;
const X64 = 0xc000003e;
const ARM64 = 0xc00000b7;

const architectures = [
  {
    name: 'x64',
    architecture: X64,
    calls: { read: 0, clone: 56, socket: 41, unshare: 272, keyctl: 250 },
  },
  {
    name: 'arm64',
    architecture: ARM64,
    calls: { read: 63, clone: 220, socket: 198, unshare: 97, keyctl: 219 },
  },
] as const;

it.each(architectures)(
  'on $name, ordinary calls pass and those beyond our walls do not',
  ({ name, architecture, calls }) => {
    const filter = seccompFilter(name);
    if (!filter) throw new Error('no filter');
    const ask = (number: number, argument = 0) =>
      answer(filter, { architecture, number, argument });
    expect(ask(calls.read)).toBe(ALLOW);
    expect(ask(calls.clone, 0x01200011)).toBe(ALLOW);
    expect(ask(calls.clone, 0x10000000)).toBe(EPERM);
    expect(ask(calls.socket, 2)).toBe(ALLOW);
    expect(ask(calls.socket, 40)).toBe(EPERM);
    expect(ask(calls.unshare)).toBe(EPERM);
    expect(ask(calls.keyctl)).toBe(EPERM);
    expect(ask(435)).toBe(ENOSYS);
    expect(ask(425)).toBe(ENOSYS);
  },
);

it('answers a foreign architecture and the x32 range as if the call did not exist', () => {
  const filter = seccompFilter('x64');
  if (!filter) throw new Error('no filter');
  expect(answer(filter, { architecture: 0x40000003, number: 0 })).toBe(ENOSYS);
  expect(answer(filter, { architecture: X64, number: 0x40000000 })).toBe(ENOSYS);
});

it('is not made up for an architecture whose numbers we do not know', () => {
  expect(seccompFilter('riscv64')).toBeNull();
});
