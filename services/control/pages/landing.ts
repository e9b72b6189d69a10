import { createHash } from 'node:crypto';
import type { Context } from 'hono';

const STYLE = `
:root { color-scheme: light dark; font: 17px/1.6 ui-sans-serif, system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; grid-template-columns: minmax(0, 37rem); place-content: center; background: Canvas; color: CanvasText; }
main { padding: 2rem 1.5rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .75rem; letter-spacing: -.02em; }
p { margin: 0 0 1.25rem; }
pre { margin: 0 0 1.5rem; padding: 1rem; overflow-x: auto; border: 1px solid GrayText; border-radius: .5rem; }
code { font: 15px/1.7 ui-monospace, monospace; }
a.download { display: inline-block; padding: .6rem 1.1rem; border-radius: .5rem; background: CanvasText; color: Canvas; text-decoration: none; }
a.download:focus-visible, a:focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
nav { margin-top: 2rem; font-size: .9rem; }
nav a { color: inherit; margin-right: 1rem; }
`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OpenAgents</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Work of coding agents that you can check.</h1>
<p>State an objective against a repository. An agent works, the platform verifies the patch on its own, and you get a
signed receipt that anyone can check offline.</p>
<pre><code>oa login
oa run "make the failing test pass"</code></pre>
<p><a class="download" href="/download-desktop">Download the desktop app</a></p>
<nav><a href="/openapi.json">API description</a><a href="/.well-known/jwks.json">Public keys</a></nav>
</main>
</body>
</html>
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** The page loads nothing and runs nothing; its one style is named by its hash. */
const HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

export function landing(c: Context): Response {
  return c.html(PAGE, 200, HEADERS) as Response;
}
