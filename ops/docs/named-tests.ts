import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A test as a document names it: `` `path/x.test.ts`: title ``. */
export interface NamedTest {
  file: string;
  title: string;
}

/** The tests of a table's cell. A title may hold a semicolon, so the next test begins where the next file is named. */
export function testsOf(cell: string): NamedTest[] {
  return cell.split(/; (?=`)/).map((named) => {
    const [, file = '', title = ''] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(named) ?? [];
    return { file, title };
  });
}

/** Whether the source declares a test of this title; a mention of it, or a group of that name, does not count. */
export function declares(source: string, title: string): boolean {
  const literal = title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(String.raw`(\b(test|it)|\))\(\s*(['"\`])${literal}\3`).test(source);
}

/** Whether the repository has this test. */
export function testExists(root: string, { file, title }: NamedTest): boolean {
  const path = join(root, file);
  return file !== '' && existsSync(path) && declares(readFileSync(path, 'utf8'), title);
}
