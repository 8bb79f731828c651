import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import type { Command } from 'commander';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import { draftLead, type LeadRequest } from '../../domain/draft.ts';
import type { Lead } from '../../domain/lead.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Site } from '../../domain/site.ts';
import { shortList } from '../../lib/text.ts';
import { encodeLead } from '../../provider/encode.ts';
import { type Context, type Io, UsageError } from '../command.ts';
import { withStoredSite } from '../session.ts';

/** The gateway would refuse the lead. The message is for the author of the lead and quotes none of its values. */
export class UnusableLead extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnusableLead';
  }
}

/** `render`: the provider's document for a lead, without sending or storing it. */
export function addRenderCommand(program: Command, { io, open }: Context): void {
  program
    .command('render')
    .description(
      'Prints the XML document that would be sent for a lead, with the password masked. Sends and stores nothing.',
    )
    .argument('<file>', 'a file that holds a body of POST /conversations, such as lead.json; - reads standard input')
    .addHelpText(
      'after',
      '\nSites, accounts and the wire profile come from the environment and CONFIG_FILE, as for the gateway itself. The rules of\n' +
        'the site apply; origins and partner keys are not checked. A lead without a site belongs to the only site.',
    )
    .action(async (file: string) => {
      const body = await readInputFile(file, io);
      const settings = await withStoredSite(loadSettings(io.env), parseLead(body).site, open);
      io.out(`${renderLead(body, settings)}\n`);
    });
}

/** Reads the file of an argument; `-` is standard input. */
export async function readInputFile(file: string, io: Io): Promise<Uint8Array> {
  try {
    return file === '-' ? await io.readInput() : readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown error';
    throw new UsageError(`${file === '-' ? 'Standard input' : file} cannot be read (${code})`);
  }
}

/**
 * The XML document that a body of `POST /conversations` becomes under these settings, with the password masked. The rules
 * of the body's site apply, or of the only site where the body names none; origins and partner keys are not checked.
 *
 * @param body JSON in UTF-8
 * @throws UnusableLead
 */
export function renderLead(body: Uint8Array, { sites, providers }: Pick<Settings, 'sites' | 'providers'>): string {
  const lead = leadOf(parseLead(body), sites);
  const provider = providers.get(lead.provider);
  if (provider === undefined) throw new Error('a site names an account that is not configured');
  return encodeLead(lead, { ...provider, password: '********' });
}

/** @throws UnusableLead for a body that `POST /conversations` does not take */
export function parseLead(body: Uint8Array): LeadRequest {
  const value = parseJson(body);
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true, strictTypes: false }).compile<LeadRequest>(
    contractOf('LeadRequest'),
  );
  if (validate(value)) return value;
  const lines = (validate.errors ?? []).map((error) => `  - ${describe(error)}`);
  throw new UnusableLead(`The lead is not one that POST /conversations takes:\n${lines.join('\n')}`);
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // The parser's own message quotes the text.
    throw new UnusableLead('The lead is not JSON in UTF-8.');
  }
}

/** A schema of the published contract, which is generated from what the routes check. */
function contractOf(name: string): object {
  const contract = readFileSync(new URL('../../../openapi/openapi.json', import.meta.url), 'utf8');
  return JSON.parse(contract).components.schemas[name];
}

/** The place of a mistake and its kind, without the value that stands there. */
function describe({ instancePath, message, params }: ErrorObject): string {
  const unknown = 'additionalProperty' in params ? `: ${params.additionalProperty}` : '';
  return `${instancePath || 'the body'} ${message}${unknown}`;
}

/** The lead that a request becomes under the rules of its site. */
export function leadOf(request: LeadRequest, sites: Settings['sites']): Lead {
  return draft(request, siteOf(request.site, sites));
}

/** The site with this key, or the only one. */
export function siteOf(key: string | undefined, sites: Settings['sites']): Site {
  const [only, ...more] = sites.values();
  const site = key === undefined && more.length === 0 ? only : sites.get(key ?? '');
  if (site !== undefined) return site;
  const problem = key === undefined ? 'is missing' : 'is not configured';
  throw new UnusableLead(`/site ${problem}; use one of: ${shortList([...sites.keys()])}`);
}

function draft(request: LeadRequest, site: Site): Lead {
  try {
    return draftLead(request, site, {});
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UnusableLead([...error.errors.map(({ pointer }) => pointer), error.message].join(': '));
  }
}
