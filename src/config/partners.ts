import type { Partner } from '../domain/site.ts';
import { defined } from '../lib/values.ts';
import { PARTNER_RATE } from './defaults.ts';
import type { Findings } from './findings.ts';
import { keyHashBytes } from './formats/formats.ts';
import type { FileContent, PartnerContent } from './schema/file.ts';
import { checkTargets, suggest, toTargetRule } from './sites.ts';

/**
 * Checks what the schema cannot: that partners refer to existing sites, and that no two partners share a key.
 *
 * @param context keys that other partners have, with their owners; whether the store knows the sites, so that they are not looked up
 */
export function checkPartners(
  content: FileContent,
  findings: Findings,
  { owners = new Map(), stored = false }: { readonly owners?: Map<string, string>; readonly stored?: boolean } = {},
): void {
  if (content.partners === undefined || !findings.sound('/partners')) return;
  const sites = findings.sound('/sites') && !stored ? new Set(Object.keys(content.sites ?? {})) : undefined;
  for (const [id, partner] of Object.entries(content.partners)) {
    const at = `/partners/${id}`;
    if (!findings.sound(at)) continue;
    checkTargets(at, partner.targets, findings);
    checkKeys(at, id, partner, findings, owners);
    if (sites) checkSitesOf(at, partner, findings, sites);
    checkDefaultSite(at, partner, findings);
  }
}

function checkKeys(
  at: string,
  id: string,
  partner: PartnerContent,
  findings: Findings,
  owners: Map<string, string>,
): void {
  if (!findings.sound(`${at}/keys`) || partner.keys === undefined) return;
  for (const [index, key] of partner.keys.entries()) {
    const pointer = `${at}/keys/${index}`;
    if (!findings.sound(pointer)) continue;
    const owner = owners.get(key.toLowerCase());
    if (owner !== undefined) {
      findings.add(pointer, {
        problem: owner === id ? 'is in the list twice' : `is a key of the partner ${owner} too`,
        fix: 'give each partner keys of its own',
      });
    }
    owners.set(key.toLowerCase(), id);
  }
}

function checkSitesOf(at: string, partner: PartnerContent, findings: Findings, known: ReadonlySet<string>): void {
  const references: [string, unknown][] = [[`${at}/defaultSite`, partner.defaultSite]];
  if (Array.isArray(partner.sites)) {
    for (const [index, site] of partner.sites.entries()) references.push([`${at}/sites/${index}`, site]);
  }
  for (const [pointer, site] of references) {
    if (typeof site !== 'string' || !findings.sound(pointer) || known.has(site)) continue;
    findings.add(pointer, () => ({ problem: `names no site: ${site}`, fix: suggest(site, known) }));
  }
}

function checkDefaultSite(at: string, { sites, defaultSite }: PartnerContent, findings: Findings): void {
  if (sites === undefined && defaultSite === undefined) {
    findings.add(`${at}/sites`, {
      problem: 'is missing, and there is no default site either: the partner could send nothing',
      fix: 'add sites, a list of keys of sites or "*", or defaultSite',
    });
  }
  if (defaultSite === undefined || !Array.isArray(sites)) return;
  if (!findings.sound(`${at}/sites`) || !findings.sound(`${at}/defaultSite`) || sites.includes(defaultSite)) return;
  findings.add(`${at}/defaultSite`, {
    problem: 'is none of the sites that the partner may send for',
    fix: `add ${defaultSite} to sites, or choose one of those`,
  });
}

/** Builds the partners of a valid file. */
export function buildPartners(content: FileContent): ReadonlyMap<string, Partner> {
  return new Map(
    Object.entries(content.partners ?? {}).map(([id, partner]) => [
      id,
      defined({
        id,
        keyHashes: partner.keys.map(keyHashBytes),
        defaultSite: partner.defaultSite,
        sites: partner.sites === '*' ? partner.sites : new Set(partner.sites ?? [partner.defaultSite ?? '']),
        targets: partner.targets && toTargetRule(partner.targets),
        rate: { ...PARTNER_RATE, ...partner.rate },
      }),
    ]),
  );
}
