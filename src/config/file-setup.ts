import { dirname } from 'node:path';
import { givenCredentials, missingCredentials } from './account.ts';
import { DEFAULT_PROVIDER } from './defaults.ts';
import { parseDocument } from './document.ts';
import type { Environment } from './environment.ts';
import { createFindings, type Findings, fileProblem } from './findings.ts';
import { buildPartners, checkPartners } from './partners.ts';
import type { Problem } from './problem.ts';
import { buildProviders, checkProviders } from './providers.ts';
import { type ReadFile, readText } from './read-file.ts';
import { type FileContent, FileSchema } from './schema/file.ts';
import { compile } from './schema/validate.ts';
import { type Setup, unusable } from './setup.ts';
import { buildSites, checkSites } from './sites.ts';

const validate = compile(FileSchema);

/** What the file at an absolute path says, with the default account of the environment. */
export function fileSetup(environment: Environment, readFile: ReadFile, path: string): Setup {
  const read = readText(readFile, path);
  if ('mistake' in read) return unusable([{ setting: 'CONFIG_FILE', ...read.mistake }]);
  const document = parseDocument(read.text);
  if ('syntax' in document) return unusable(document.syntax.map((mistake) => fileProblem(mistake, mistake.place)));

  const findings = createFindings(document, validate(document.value));
  // Only what `findings` calls sound is of this type; the rest is not looked at.
  const content = document.value as FileContent;
  if (!findings.sound('')) return unusable(findings.problems());

  const { values } = environment;
  const variables = givenCredentials(environment);
  const credentials = checkProviders(content, findings, {
    environment: variables,
    files: { directory: dirname(path), readFile },
  });
  const accounts = new Set(findings.sound('/providers') ? Object.keys(content.providers ?? {}) : []);
  if (variables.length > 0) accounts.add(DEFAULT_PROVIDER);
  checkSites(content, findings, { production: values.NODE_ENV === 'production', accounts });
  checkPartners(content, findings);
  return {
    problems: [...checkDefaultAccount(environment, content, findings, accounts), ...findings.problems()],
    build: () => ({
      demo: false,
      simulator: false,
      sites: buildSites(content),
      partners: buildPartners(content),
      providers: buildProviders(content, credentials, values),
    }),
  };
}

/** The default account is complete where it is described, and described where it is used. */
function checkDefaultAccount(
  environment: Environment,
  content: FileContent,
  findings: Findings,
  accounts: ReadonlySet<string>,
): Problem[] {
  if (givenCredentials(environment).length > 0) {
    return missingCredentials(
      environment,
      'and the account is not complete without it',
      'set all three PROVIDER_*, or none',
    );
  }
  const idle = (['UPSTREAM_URL', 'UPSTREAM_REGION'] as const).filter(environment.given).map((setting) => ({
    setting,
    problem: 'belongs to the account of PROVIDER_*, and that is not set',
    fix: 'set PROVIDER_*, or write url and region into the accounts of CONFIG_FILE',
  }));
  const user = accounts.has(DEFAULT_PROVIDER) ? undefined : firstUser(content, findings);
  if (user === undefined) return idle;
  const others = accounts.size === 0 ? '' : `, or name one of ${[...accounts].join(', ')} in the site`;
  const fix = `set it, or define /providers/${DEFAULT_PROVIDER} in CONFIG_FILE${others}`;
  return [...idle, ...missingCredentials(environment, `and the site ${user} is delivered through that account`, fix)];
}

function firstUser(content: FileContent, findings: Findings): string | undefined {
  if (!findings.sound('/sites')) return undefined;
  return Object.keys(content.sites).find((key) => {
    if (!findings.sound(`/sites/${key}/provider`)) return false;
    return (content.sites[key]?.provider ?? DEFAULT_PROVIDER) === DEFAULT_PROVIDER;
  });
}
