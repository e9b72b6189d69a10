import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { usageError } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { action, examples } from './command.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function addCompletionCommand(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .argument('<shell>', SHELLS.join(', '))
    .description('print the completion script of a shell')
    .addHelpText(
      'before',
      examples(
        'oa completion bash > ~/.local/share/bash-completion/completions/oa',
        'oa completion fish | source',
      ),
    )
    .action(
      action(terminal, async (cli: Cli, shell: string) => {
        if (!isShell(shell)) throw usageError(`${shell} is not one of ${SHELLS.join(', ')}`);
        cli.print(completionScript(program, shell));
      }),
    );
}

interface Entry {
  /** The words before, e.g. `runs`; empty at the top. */
  path: string;
  words: { word: string; description: string }[];
}

/** The script is made of the program itself, so that it knows every command and flag there is. */
export function completionScript(program: Command, shell: (typeof SHELLS)[number]): string {
  const entries = entriesOf(program, '');
  switch (shell) {
    case 'bash':
      return bash(entries);
    case 'zsh':
      return zsh(entries);
    case 'fish':
      return fish(entries);
  }
}

function isShell(text: string): text is (typeof SHELLS)[number] {
  return SHELLS.some((shell) => shell === text);
}

function entriesOf(command: Command, path: string): Entry[] {
  const words = [
    ...command.commands.map((sub) => ({ word: sub.name(), description: sub.description() })),
    ...command.options.map(({ long, description }) => ({ word: long ?? '', description })),
    { word: '--help', description: 'explain it' },
  ].filter(({ word }) => word !== '');
  return [
    { path, words },
    ...command.commands.flatMap((sub) => entriesOf(sub, `${path} ${sub.name()}`.trim())),
  ];
}

function bash(entries: Entry[]): string {
  const cases = entries.map(
    ({ path, words }) => `    "${path}") words="${words.map(({ word }) => word).join(' ')}" ;;`,
  );
  return `_oa() {
  local current=\${COMP_WORDS[COMP_CWORD]} path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
    case $path in
${cases.join('\n').replaceAll(/^ {4}/gm, '      ')}
    esac
    [ -n "$words" ] || [ -z "$path" ] && break
    case $path in *" "*) path=\${path% *} ;; *) path="" ;; esac
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _oa oa`;
}

function zsh(entries: Entry[]): string {
  const cases = entries.map(({ path, words }) => {
    const described = words
      .map(({ word, description }) => quote(`${word}:${description}`))
      .join(' ');
    return `      ${quote(path)}) words=(${described}) ;;`;
  });
  return `#compdef oa
_oa() {
  local -a words typed
  local route
  typed=(\${(M)\${(@)words[2,CURRENT-1]}:#[^-]*})
  route="\${(j: :)typed}"
  words=()
  while true; do
    case $route in
${cases.join('\n')}
    esac
    (( \${#words} )) && break
    [[ -z $route ]] && break
    [[ $route == *" "* ]] && route=\${route% *} || route=""
  done
  _describe 'oa' words || _files
}
compdef _oa oa`;
}

function fish(entries: Entry[]): string {
  const lines = entries.flatMap(({ path, words }) => {
    const condition = path
      ? `__fish_seen_subcommand_from ${path.split(' ').at(-1)}`
      : '__fish_use_subcommand';
    return words.map(({ word, description }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c oa -n ${quote(condition)} ${what} -d ${quote(description)}`;
    });
  });
  return lines.join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
