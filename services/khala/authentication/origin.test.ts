import { expect, test } from 'vitest';
import { createOriginPolicy } from './origin.ts';

const allows = createOriginPolicy([
  'https://app.example',
  'http://localhost:5173/',
  'https://bücher.example',
]);

test.each<[string | undefined, string]>([
  [undefined, 'of no browser'],
  ['https://app.example', 'as on the list'],
  ['https://APP.example', 'in another case'],
  ['https://app.example:443', 'with the port that is meant anyway'],
  ['http://localhost:5173', 'with a port'],
  ['https://xn--bcher-kva.example', 'as a browser spells letters beyond ASCII'],
])('%s passes: %s', (origin) => {
  expect(allows(origin)).toBe(true);
});

test.each([
  ['null', 'a sandboxed frame or a file'],
  ['', 'nothing'],
  ['https://evil.example', 'another host'],
  ['http://app.example', 'another scheme'],
  ['https://app.example:8443', 'another port'],
  ['https://app.example.evil.example', 'a look-alike that begins so'],
  ['https://evilapp.example', 'a look-alike that ends so'],
  ['https://app.example.', 'a trailing dot is another host'],
  ['https://аpp.example', 'a Cyrillic letter'],
  ['https://app.example@evil.example', 'a name before another host'],
  ['https://evil.example/https://app.example', 'a path'],
  ['https://evil.example#https://app.example', 'a fragment'],
  ['https://app.example?', 'a query'],
  ['https:\\\\app.example', 'backslashes'],
  ['https://app.example https://evil.example', 'two of them'],
  ['file://', 'a file'],
  ['data:text/html,x', 'data'],
  ['chrome-extension://abcdefgh', 'an extension'],
  ['//app.example', 'no scheme'],
  ['app.example', 'a host alone'],
])('%s is refused: %s', (origin) => {
  expect(allows(origin)).toBe(false);
});

test.each(['*', 'null', 'https://*.example', 'https://app.example/path', 'app.example'])(
  'a list that holds %s is refused at the start',
  (text) => {
    expect(() => createOriginPolicy([text])).toThrow('is not an origin');
  },
);
