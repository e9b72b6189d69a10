import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

export interface Document {
  /** Path in the repository. */
  path: string;
  text: string;
}

export interface Command {
  document: string;
  line: number;
  text: string;
  /** The whole block that it stands in. */
  block: string;
}

/** Every Markdown document of the project; samples that tests and the demo lay out are not. */
export function readDocuments(root: string): Document[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  return listed
    .split('\n')
    .filter((path) => path && !path.startsWith('ops/demo/sample/') && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const BLOCK = /^```(?:sh|bash|console)\n([\s\S]*?)^```/gm;

/** The command lines of the document's `sh` blocks; a line that ends in a backslash goes on in the next. */
export function commandsOf({ path, text }: Document): Command[] {
  return [...text.matchAll(BLOCK)].flatMap(({ index, 1: block = '' }) => {
    const firstLine = text.slice(0, index).split('\n').length + 1;
    const commands: Command[] = [];
    let pending: Command | undefined;
    for (const [offset, line] of block.split('\n').entries()) {
      const part = line.replace(/^\$ /, '').trim();
      if (!part || part.startsWith('#')) continue;
      pending = pending
        ? { ...pending, text: `${pending.text.slice(0, -1)}${part}` }
        : { document: path, line: firstLine + offset, text: part, block };
      if (part.endsWith('\\')) continue;
      commands.push(pending);
      pending = undefined;
    }
    return commands;
  });
}

/** What sentences call by name: `oa …`, `npm run …`, `node …` between backticks, outside of blocks. */
export function inlineCommandsOf({ path, text }: Document): { document: string; text: string }[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/`((?:(?:\.\/bin\/)?oa|npm run|npx|node) [a-z][^`…]*)`/g)].map(
    ([, command = '']) => ({
      document: path,
      text: command,
    }),
  );
}

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

/** Links into the repository that lead nowhere: a missing file or a missing heading. */
export function brokenLinks(root: string, document: Document): string[] {
  return [...document.text.matchAll(LINK)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [file = '', anchor] = target.split('#');
    const path = file ? normalize(join(dirname(document.path), file)) : document.path;
    if (!existsSync(join(root, path))) return [`${document.path}: ${target} does not exist`];
    if (anchor && !headingsOf(join(root, path)).includes(anchor)) {
      return [`${document.path}: ${target} has no such heading`];
    }
    return [];
  });
}

function headingsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}
