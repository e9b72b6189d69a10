/** One call of a program in a command line, without the quotes and with the words that it is given. */
export interface Call {
  program: string;
  words: string[];
}

/** `NAME=value` before a program. */
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;

/** The calls of a plain command line, joined by `&&`, `;` or `|`. Substitutions and redirections are not plain. */
export function callsOf(line: string): Call[] {
  const calls: string[][] = [[]];
  for (const token of tokensOf(line)) {
    if (token.kind === 'operator') calls.push([]);
    else calls.at(-1)?.push(token.text);
  }
  return calls.flatMap((words) => {
    const first = words.findIndex((word) => !ASSIGNMENT.test(word));
    const program = words[first];
    return program === undefined ? [] : [{ program, words: words.slice(first + 1) }];
  });
}

interface Token {
  kind: 'word' | 'operator';
  text: string;
}

const TOKEN = /\s*(?:(&&|\|\||[;|])|((?:"[^"]*"|'[^']*'|[^\s"';|&<>])+))/gy;

function tokensOf(line: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const text = line.trim();
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`not a plain command line: ${text.slice(at)}`);
    const [, operator, word = ''] = match;
    if (operator) tokens.push({ kind: 'operator', text: operator });
    else tokens.push({ kind: 'word', text: word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2') });
  }
  return tokens;
}
