import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** docs/partners.md, whose code partners copy. */
export const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/partners.md'), 'utf8');

/** All blocks of code of a language in the guide, in their order. */
export function snippets(language: string): string[] {
  return [...GUIDE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code);
}

/** The block of a language in the guide that has a name in it. */
export function snippetWith(language: string, name: string): string {
  const found = snippets(language).find((code) => code.includes(name));
  if (found === undefined) throw new Error(`docs/partners.md has no block of ${language} with ${name}.`);
  return found;
}
