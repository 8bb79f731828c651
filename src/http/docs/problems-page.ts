import { escapeHtml } from '../../lib/escape.ts';
import { PROBLEMS } from '../problems.ts';

/** The page that each problem's `type` points into: every code with its status, meaning and remedy. */
export function problemsPage(): string {
  const entries = Object.entries(PROBLEMS).map(
    ([code, { status, title, remedy }]) => `
      <section id="${code}">
        <h2><code>${code}</code> <span>${status}</span></h2>
        <p><strong>${escapeHtml(title)}.</strong> ${escapeHtml(remedy)}</p>
      </section>`,
  );
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Problems · Text Connect Gateway</title>
    <link rel="icon" type="image/svg+xml" href="/docs/static/theme/icon.svg">
    <link rel="stylesheet" href="/docs/static/theme/reference.css">
  </head>
  <body class="problems">
    <main>
      <p><a href="/docs">API reference</a></p>
      <h1>Problems</h1>
      <p>Every error answer is <code>application/problem+json</code> (RFC 9457) with one of these codes in <code>code</code>.</p>
      ${entries.join('')}
    </main>
  </body>
</html>
`;
}
