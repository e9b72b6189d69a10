/**
 * A classic-BPF filter for `bwrap --seccomp`: system calls that leave what namespaces, uids and cgroups cover.
 *
 * 1. Only the native ABI runs: a foreign architecture or the x32 range answers ENOSYS.
 * 2. No new namespaces: a user namespace would hand the harness a full set of capabilities over kernel code that
 *    only root usually reaches. `clone3` answers ENOSYS (its flags lie in memory), and libc falls back to `clone`.
 * 3. No kernel keyrings (they are not namespaced), no BPF, no perf events, no userfaultfd, no io_uring.
 * 4. No vsock: a network namespace does not cover it, and on a virtual machine it reaches the hypervisor.
 */

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;

const OFFSET_NUMBER = 0;
const OFFSET_ARCHITECTURE = 4;
const OFFSET_FIRST_ARGUMENT = 16;

const ALLOW = 0x7fff_0000;
const FAIL_WITH = 0x0005_0000;
const EPERM = 1;
const ENOSYS = 38;

const AF_VSOCK = 40;
const X32_RANGE = 0x4000_0000;

/** CLONE_NEWTIME | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | NEWNS */
const NEW_NAMESPACE_BITS = 0x7e02_0080;

interface Calls {
  readonly architecture: number;
  readonly clone: number;
  readonly socket: number;
  readonly unknown: readonly number[];
  readonly forbidden: readonly number[];
}

const CLONE3 = 435;
const IO_URING = [425, 426, 427];

const CALLS: Partial<Record<NodeJS.Architecture, Calls>> = {
  x64: {
    architecture: 0xc000_003e,
    clone: 56,
    socket: 41,
    unknown: [CLONE3, ...IO_URING],
    // unshare, setns, add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd
    forbidden: [272, 308, 248, 249, 250, 321, 298, 323],
  },
  arm64: {
    architecture: 0xc000_00b7,
    clone: 220,
    socket: 198,
    unknown: [CLONE3, ...IO_URING],
    forbidden: [97, 268, 217, 218, 219, 280, 241, 282],
  },
};

type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

/** The filter's bytes, or null for an architecture whose numbers we do not know. */
export function seccompFilter(architecture: NodeJS.Architecture): Uint8Array | null {
  const calls = CALLS[architecture];
  return calls ? assemble(program(calls)) : null;
}

function program(calls: Calls): Instruction[] {
  const fail = (errno: number): Instruction => [RETURN, 0, 0, FAIL_WITH | errno];
  const allow: Instruction = [RETURN, 0, 0, ALLOW];
  const refuse = (number: number, errno: number): Instruction[] => [
    [JUMP_IF_EQUAL, 0, 1, number],
    fail(errno),
  ];
  return [
    [LOAD_WORD, 0, 0, OFFSET_ARCHITECTURE],
    [JUMP_IF_EQUAL, 1, 0, calls.architecture],
    fail(ENOSYS),
    [LOAD_WORD, 0, 0, OFFSET_NUMBER],
    [JUMP_IF_AT_LEAST, 0, 1, X32_RANGE],
    fail(ENOSYS),
    ...calls.unknown.flatMap((number) => refuse(number, ENOSYS)),
    ...calls.forbidden.flatMap((number) => refuse(number, EPERM)),
    [JUMP_IF_EQUAL, 0, 4, calls.clone],
    [LOAD_WORD, 0, 0, OFFSET_FIRST_ARGUMENT],
    [JUMP_IF_ANY_BIT, 0, 1, NEW_NAMESPACE_BITS],
    fail(EPERM),
    allow,
    [JUMP_IF_EQUAL, 0, 3, calls.socket],
    [LOAD_WORD, 0, 0, OFFSET_FIRST_ARGUMENT],
    [JUMP_IF_EQUAL, 0, 1, AF_VSOCK],
    fail(EPERM),
    allow,
  ];
}

/** `struct sock_filter`: u16 code, u8 jump if true, u8 jump if false, u32 operand; little-endian on both architectures. */
function assemble(instructions: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [code, whenTrue, whenFalse, operand]] of instructions.entries()) {
    const at = index * 8;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(whenTrue, at + 2);
    bytes.writeUInt8(whenFalse, at + 3);
    bytes.writeUInt32LE(operand >>> 0, at + 4);
  }
  return bytes;
}
