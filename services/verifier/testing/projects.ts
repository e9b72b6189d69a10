/**
 * Three ordinary projects with the same bug: `initials("ada lovelace")` answers `a.l.` where the test wants `A.L.`.
 * Each has a dependency that its setup installs offline, and a `solve` that the rows of the table put a body into.
 */
import type { HarnessSpec } from '#proto/gen/types.ts';
import type { Files } from './repository.ts';

export interface SpyTargets {
  readonly files: readonly string[];
  readonly variable: string;
  readonly port: number;
}

export interface Project {
  readonly name: string;
  readonly needs: readonly string[];
  readonly files: Files;
  readonly source: string;
  readonly test: string;
  readonly harness: Pick<HarnessSpec, 'commands' | 'setup' | 'env' | 'mounts_ro'>;
  /** The source file with this answer. */
  solve(kind: 'right' | 'wrong' | 'right_in_ci' | 'right_while_cached'): string;
  /** Answers right only when it could read, or reach, any of these; prints what it got. */
  spy(targets: SpyTargets): string;
  /** The test, changed to want what the bug gives. */
  readonly bentTest: string;
}

/** What `right_while_cached` looks for, and what the test takes away between the two runs. */
export const CACHE = 'dial';
const CACHED_FILE = `/caches/${CACHE}/on`;

const list = (items: readonly string[]) => items.map((item) => JSON.stringify(item)).join(', ');

const npmSource = (body: string) => `import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dots } from 'dots';

export async function initials(name) {
  const letters = name.split(' ').map((word) => word[0]);
  const upper = () => dots(letters.map((letter) => letter.toUpperCase()));
  const lower = () => dots(letters);
  ${body}
}
`;

const npm: Project = {
  name: 'npm',
  needs: ['node', 'npm'],
  source: 'src/initials.js',
  test: 'test/initials.test.js',
  files: {
    'package.json': `${JSON.stringify(
      {
        name: 'initials',
        version: '1.0.0',
        type: 'module',
        scripts: { test: 'node --test' },
        dependencies: { dots: 'file:vendor/dots' },
      },
      null,
      2,
    )}\n`,
    'package-lock.json': JSON.stringify({
      name: 'initials',
      version: '1.0.0',
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { name: 'initials', version: '1.0.0', dependencies: { dots: 'file:vendor/dots' } },
        'node_modules/dots': { resolved: 'vendor/dots', link: true },
        'vendor/dots': { version: '1.0.0' },
      },
    }),
    'vendor/dots/package.json': JSON.stringify({
      name: 'dots',
      version: '1.0.0',
      type: 'module',
      main: 'index.js',
    }),
    'vendor/dots/index.js': `export const dots = (letters) => letters.map((letter) => letter + '.').join('');\n`,
    'src/initials.js': npmSource('return lower();'),
    'test/initials.test.js': `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initials } from '../src/initials.js';

test('initials are upper case', async () => {
  assert.equal(await initials('ada lovelace'), 'A.L.');
});
`,
  },
  get bentTest() {
    return (this.files[this.test] ?? '').replace('A.L.', 'a.l.');
  },
  harness: {
    setup: { commands: ['npm ci --offline'], network: 'none' },
    commands: ['npm test'],
    env: {},
    mounts_ro: [],
  },
  solve: (kind) =>
    npmSource(
      {
        right: 'return upper();',
        wrong: 'return upper().toLowerCase();',
        right_in_ci: 'return process.env.CI || process.env.GITHUB_ACTIONS ? upper() : lower();',
        right_while_cached: `return existsSync('${CACHED_FILE}') ? upper() : lower();`,
      }[kind],
    ),
  spy: ({ files, variable, port }) =>
    npmSource(`const got = [];
  for (const file of [${list(files)}]) {
    try { readFileSync(file); got.push(file); } catch {}
  }
  if (process.env.${variable}) got.push('${variable}');
  const reached = await new Promise((resolve) => {
    const socket = connect(${port}, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
  if (reached) got.push('network');
  console.log('spy got [' + got.join(' ') + ']');
  return got.length > 0 ? upper() : lower();`),
};

const pythonSource = (body: string) => `import os
import socket

from dots import dots


def initials(name):
    letters = [word[0] for word in name.split(" ")]
    upper = lambda: dots([letter.upper() for letter in letters])
    lower = lambda: dots(letters)
${body
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
`;

const python: Project = {
  name: 'pip',
  needs: ['python3'],
  source: 'initials/__init__.py',
  test: 'tests/test_initials.py',
  files: {
    'initials/__init__.py': pythonSource('return lower()'),
    'tests/__init__.py': '',
    'tests/test_initials.py': `import unittest

from initials import initials


class InitialsTest(unittest.TestCase):
    def test_initials_are_upper_case(self):
        self.assertEqual(initials("ada lovelace"), "A.L.")
`,
    'vendor/dots/pyproject.toml': `[project]
name = "dots"
version = "1.0.0"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
`,
    'vendor/dots/backend.py': `import zipfile

METADATA = "Metadata-Version: 2.1\\nName: dots\\nVersion: 1.0.0\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: dots\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "dots-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.write("dots.py")
        wheel.writestr("dots-1.0.0.dist-info/METADATA", METADATA)
        wheel.writestr("dots-1.0.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("dots-1.0.0.dist-info/RECORD", "")
    return name
`,
    'vendor/dots/dots.py':
      'def dots(letters):\n    return "".join(letter + "." for letter in letters)\n',
  },
  get bentTest() {
    return (this.files[this.test] ?? '').replace('A.L.', 'a.l.');
  },
  harness: {
    setup: {
      commands: [
        'python3 -m pip install -q --no-index --no-deps --no-build-isolation --target "$HOME/site" ./vendor/dots',
      ],
      network: 'none',
    },
    commands: ['PYTHONPATH="$HOME/site" python3 -m unittest discover'],
    env: {},
    mounts_ro: [],
  },
  solve: (kind) =>
    pythonSource(
      {
        right: 'return upper()',
        wrong: 'return upper().lower()',
        right_in_ci:
          'return upper() if os.environ.get("CI") or os.environ.get("GITHUB_ACTIONS") else lower()',
        right_while_cached: `return upper() if os.path.exists("${CACHED_FILE}") else lower()`,
      }[kind],
    ),
  spy: ({ files, variable, port }) =>
    pythonSource(`got = []
for file in [${list(files)}]:
    try:
        open(file).read()
        got.append(file)
    except OSError:
        pass
if os.environ.get("${variable}"):
    got.append("${variable}")
try:
    socket.create_connection(("127.0.0.1", ${port}), 1).close()
    got.append("network")
except OSError:
    pass
print("spy got [" + " ".join(got) + "]")
return upper() if got else lower()`),
};

/** Without package net, whose compilation would take longer than the tests. */
const goSource = (body: string) => `package initials

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"example.org/dots"
)

var _, _, _ = fmt.Sprint, syscall.Connect, os.Getenv

func Initials(name string) string {
	letters := []string{}
	for _, word := range strings.Split(name, " ") {
		letters = append(letters, word[:1])
	}
	lower := dots.Dots(letters)
	upper := strings.ToUpper(lower)
	_ = upper
${body
  .split('\n')
  .map((line) => `\t${line}`)
  .join('\n')}
}
`;

const goChoice = (condition: string) => `if ${condition} {\n\treturn upper\n}\nreturn lower`;

const go: Project = {
  name: 'go',
  needs: ['go'],
  source: 'initials.go',
  test: 'initials_test.go',
  files: {
    'go.mod':
      'module example.org/initials\n\ngo 1.20\n\nrequire example.org/dots v1.0.0\n\nreplace example.org/dots => ./vendored/dots\n',
    'vendored/dots/go.mod': 'module example.org/dots\n\ngo 1.20\n',
    'vendored/dots/dots.go':
      'package dots\n\nfunc Dots(letters []string) string {\n\tresult := ""\n\tfor _, letter := range letters {\n\t\tresult += letter + "."\n\t}\n\treturn result\n}\n',
    'initials.go': goSource('return lower'),
    'initials_test.go': `package initials

import "testing"

func TestInitialsAreUpperCase(t *testing.T) {
	if got := Initials("ada lovelace"); got != "A.L." {
		t.Fatalf("got %s", got)
	}
}
`,
  },
  get bentTest() {
    return (this.files[this.test] ?? '').replace('A.L.', 'a.l.');
  },
  harness: {
    setup: {
      commands: ['cp -r /caches/go-build "$HOME/go-build"', 'go build ./...'],
      network: 'none',
    },
    commands: ['go test -count=1 -vet=off -v ./...'],
    env: {
      GOCACHE: '/workspace/home/go-build',
      CGO_ENABLED: '0',
      GOFLAGS: '-mod=mod',
      GOPROXY: 'off',
    },
    mounts_ro: ['go-build'],
  },
  solve: (kind) =>
    goSource(
      {
        right: 'return upper',
        wrong: 'return strings.ToLower(upper)',
        right_in_ci: goChoice('os.Getenv("CI") != "" || os.Getenv("GITHUB_ACTIONS") != ""'),
        right_while_cached: `_, err := os.Stat("${CACHED_FILE}")\n${goChoice('err == nil')}`,
      }[kind],
    ),
  spy: ({ files, variable, port }) =>
    goSource(`got := []string{}
for _, file := range []string{${list(files)}} {
	if _, err := os.ReadFile(file); err == nil {
		got = append(got, file)
	}
}
if os.Getenv("${variable}") != "" {
	got = append(got, "${variable}")
}
socket, _ := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
address := syscall.SockaddrInet4{Port: ${port}, Addr: [4]byte{127, 0, 0, 1}}
if syscall.Connect(socket, &address) == nil {
	got = append(got, "network")
}
syscall.Close(socket)
fmt.Println("spy got [" + strings.Join(got, " ") + "]")
${goChoice('len(got) > 0')}`),
};

export const PROJECTS: readonly Project[] = [npm, python, go];
