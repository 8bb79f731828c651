import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { VARIABLES, type Variable, type VariableName } from '../src/config/schema/variables.ts';

/**
 * Headings of the document. A section starts at the first variable whose name begins with the given text, and goes on to the next
 * section, in the order of `VARIABLES`.
 */
const SECTIONS: readonly (readonly [start: string, title: string])[] = [
  ['NODE_ENV', 'General'],
  ['HOST', 'Public listener'],
  ['CONFIG_FILE', 'Sites and partners'],
  ['PROVIDER_', 'Default provider account'],
  ['UPSTREAM_XML_', 'Format of the document that is sent'],
  ['UPSTREAM_TIMEOUT_MS', 'Delivery'],
  ['DATABASE_', 'Storage'],
  ['REDIS_URL', 'Limits'],
  ['DATA_KEY', 'Keys and retention'],
  ['ADMIN_', "Operators' listener"],
  ['OTEL_', 'Traces'],
  ['SIMULATOR_', 'Simulator'],
];

const INTRODUCTION = `# Settings

<!-- Generated from src/config/schema/variables.ts by "npm run settings-docs". Do not edit. -->

Every setting is an environment variable. Without any, the program starts as a demo with a simulated provider.
[.env.example](../.env.example) lists them for copying. Sites, partners and further provider accounts are in the file that
\`CONFIG_FILE\` names: [gateway.config.example.jsonc](../gateway.config.example.jsonc).

- A value can be read from a file, such as a container secret: set \`NAME_FILE\` to the path instead of \`NAME\`. Setting both is an error. Variables
  whose own name ends in \`_FILE\` have no such form.
- An empty value counts as unset. All mistakes are reported together at the start.
- *Secret* marks credentials. They never appear in logs or messages.
`;

/** The text of `docs/settings.md`. */
export function settingsDocument(): string {
  const names = Object.keys(VARIABLES) as VariableName[];
  const starts = SECTIONS.map(([start]) => names.findIndex((name) => name.startsWith(start)));
  const sections = SECTIONS.map(([, title], at) => {
    const rows = names.slice(starts[at], starts[at + 1]).map(row);
    return `## ${title}\n\n| variable | default | value | description |\n|---|---|---|---|\n${rows.join('')}`;
  });
  return [INTRODUCTION, ...sections].join('\n');
}

function row(name: VariableName): string {
  const { schema, fallback, secret }: Variable = VARIABLES[name];
  const { description } = annotations(schema);
  const shown = fallback === undefined || String(fallback) === '' ? 'none' : `\`${fallback}\``;
  const cells = [`\`${name}\``, shown, allowedValues(schema), `${secret ? '*Secret.* ' : ''}${description}`];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

/** What is allowed, in words: the rule of the schema, which its error message states as "use …". */
function allowedValues(schema: object): string {
  const { choices, errorMessage } = annotations(schema);
  return choices ? choices.map((choice) => `\`${choice}\``).join(', ') : errorMessage.replace(/^use /, '');
}

function annotations(schema: { description?: unknown; errorMessage?: unknown; enum?: unknown }) {
  const { description, errorMessage, enum: choices } = schema;
  if (typeof description !== 'string' || typeof errorMessage !== 'string') {
    throw new Error('Every variable needs a description and an errorMessage in its schema.');
  }
  return { description, errorMessage, choices: Array.isArray(choices) ? choices.map(String) : undefined };
}

/** `npm run settings-docs` writes `docs/settings.md`. With `-- --check` it only compares and exits with 1 when the file is out of date. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const file = new URL('../docs/settings.md', import.meta.url);
  if (!values.check) {
    await writeFile(file, settingsDocument());
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== settingsDocument()) {
    console.error('docs/settings.md is out of date; run "npm run settings-docs" and commit the result.');
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
