import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { html } from 'ghtml';
import { Marked } from 'marked';

const FILE = join(import.meta.dirname, '../../../docs/operations.md');
let rendered: Promise<string> | undefined;

/** docs/operations.md, as it is delivered with the program, with the anchors that the console links to. */
export function runbookPage(): Promise<string> {
  rendered ??= render().catch((error: unknown) => {
    rendered = undefined;
    throw error;
  });
  return rendered;
}

async function render(): Promise<string> {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return html`<h${String(depth)} id="${anchorOf(text)}">!${this.parser.parseInline(tokens)}</h${String(depth)}>\n`;
      },
      // Links to files of the repository lead nowhere in a running program.
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        return href.startsWith('#') || /^https?:/.test(href) ? html`<a href="${href}">!${text}</a>` : text;
      },
    },
  });
  const content = await marked.parse(await readFile(FILE, 'utf8'));
  // Parts that scroll by themselves have to be reachable by the keyboard.
  const reachable = content
    .replaceAll('<pre>', '<pre tabindex="0">')
    .replaceAll('<table>', '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>')
    .replaceAll('</table>', '</table></div>');
  return html`<article class="prose">!${reachable}</article>`;
}

/** The anchor that a Markdown renderer gives a heading: lower case, no punctuation, hyphens for spaces. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
