import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject } from 'ajv';
import type { Settings, Site } from '../config/settings.ts';
import { draftLead, type LeadRequest } from '../conversation/draft.ts';
import { Refusal } from '../conversation/refusal.ts';
import { encodeLead } from '../upstream/encode.ts';

/** The lead is none that would be taken. The message is for the person who wrote it and quotes none of its values. */
export class UnusableLead extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnusableLead';
  }
}

/**
 * The XML document that a body of `POST /conversations` becomes under these settings, with the password masked. The rules
 * of the body's site apply, or of the only site where it names none; who may call is not asked.
 *
 * @param body JSON in UTF-8
 * @throws UnusableLead
 */
export function renderLead(body: Uint8Array, { sites, providers }: Pick<Settings, 'sites' | 'providers'>): string {
  const request = parse(body);
  const lead = draft(request, siteOf(request, sites));
  const provider = providers.get(lead.provider);
  if (provider === undefined) throw new Error('a site names an account that is not configured');
  return encodeLead(lead, { ...provider, password: '********' });
}

function parse(body: Uint8Array): LeadRequest {
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
  const contract = readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8');
  return JSON.parse(contract).components.schemas[name];
}

/** A place and what is wrong with it, without the value that is there. */
function describe({ instancePath, message, params }: ErrorObject): string {
  const unknown = 'additionalProperty' in params ? `: ${params.additionalProperty}` : '';
  return `${instancePath || 'the body'} ${message}${unknown}`;
}

function siteOf({ site: key }: LeadRequest, sites: Settings['sites']): Site {
  const [only, ...more] = sites.values();
  const site = key === undefined && more.length === 0 ? only : sites.get(key ?? '');
  if (site !== undefined) return site;
  const problem = key === undefined ? 'is missing' : 'is not configured';
  throw new UnusableLead(`/site ${problem}; use one of: ${[...sites.keys()].join(', ')}`);
}

function draft(request: LeadRequest, site: Site) {
  try {
    return draftLead(request, site, {});
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UnusableLead([...error.errors.map(({ pointer }) => pointer), error.message].join(': '));
  }
}
