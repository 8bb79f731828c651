import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { VARIABLES, type Variable, type VariableName } from '../src/config/schema/variables.ts';

/** Every variable in exactly one section; the build of the document fails otherwise. */
const SECTIONS: readonly (readonly [title: string, names: readonly VariableName[]])[] = [
  ['General', ['NODE_ENV', 'CONFIG_FILE', 'LOG_LEVEL']],
  ['Public listener', ['HOST', 'PORT', 'TLS_CERT_FILE', 'TLS_KEY_FILE', 'TRUST_PROXY']],
  [
    'Limits',
    ['RATE_LIMIT_MAX', 'RATE_LIMIT_WINDOW_S', 'VISITOR_DAILY_MAX', 'PHONE_DAILY_MAX', 'SITE_DAILY_MAX', 'REDIS_URL'],
  ],
  [
    'Default provider account',
    ['PROVIDER_ID', 'PROVIDER_USERNAME', 'PROVIDER_PASSWORD', 'UPSTREAM_REGION', 'UPSTREAM_URL'],
  ],
  [
    'Format of the document that is sent',
    [
      'UPSTREAM_XML_ROOT',
      'UPSTREAM_XML_NAMESPACE',
      'UPSTREAM_XML_ORDER',
      'UPSTREAM_CONTENT_TYPE',
      'LISTING_DETAILS_FORMAT',
    ],
  ],
  ['Delivery', ['UPSTREAM_TIMEOUT_MS', 'DELIVER_WAIT_MS', 'RETRY_SCHEDULE_S', 'UNKNOWN_OUTCOME', 'UNKNOWN_RESEND_MAX']],
  ['Storage', ['DATABASE_URL', 'DATABASE_POOL_MAX', 'RETENTION_DAYS']],
  ['Keys', ['DATA_KEY', 'DATA_KEY_PREVIOUS', 'HASH_KEY']],
  ["Operators' listener", ['ADMIN_PORT', 'ADMIN_HOST', 'ADMIN_TOKEN', 'METRICS_TOKEN']],
  ['Simulator', ['SIMULATOR_PORT']],
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
  const listed = SECTIONS.flatMap(([, names]) => names);
  const missing = Object.keys(VARIABLES).filter((name) => listed.filter((other) => other === name).length !== 1);
  if (missing.length > 0) throw new Error(`Name each of these in exactly one section: ${missing.join(', ')}`);
  const sections = SECTIONS.map(
    ([title, names]) =>
      `## ${title}\n\n| variable | default | value | description |\n|---|---|---|---|\n${names.map(row).join('')}`,
  );
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
