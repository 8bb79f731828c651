import { defined } from '../conversation/defined.ts';
import type { Target } from '../conversation/types.ts';
import { DEFAULT_PROVIDER } from './defaults.ts';
import type { Findings } from './findings.ts';
import { nearest } from './nearest.ts';
import type { FileContent } from './schema/file.ts';
import type { SiteContent } from './schema/site.ts';
import type { DefaultTargetContent } from './schema/targets.ts';
import type { Site, TargetRule } from './settings.ts';
import { buildForm, checkForm } from './site-form.ts';
import { checkDefaultTarget, checkTargets, onlyTarget, toTargetRule } from './targets.ts';

type Context = { readonly production: boolean; readonly accounts: ReadonlySet<string> };

/** Checks what the schema cannot: rules between the values of a site, and what it refers to. */
export function checkSites(content: FileContent, findings: Findings, context: Context): void {
  if (!findings.sound('/sites')) return;
  for (const [key, site] of Object.entries(content.sites)) {
    const at = `/sites/${key}`;
    if (!findings.sound(at)) continue;
    checkOrigins(at, site, findings, context.production);
    checkTargets(at, site.targets, findings);
    checkDefaultTarget(at, site.targets, site.defaultTarget, findings);
    if (site.targets === undefined && site.defaultTarget === undefined) {
      findings.add(`${at}/targets`, {
        problem: 'is missing, and there is no default target either: the site would reach nobody',
        fix: 'add targets such as { "advertiserIds": ["1659"] }, or defaultTarget',
      });
    }
    checkProvider(at, site, findings, context.accounts);
    checkForm(at, site.form, findings);
  }
}

function checkOrigins(at: string, site: SiteContent, findings: Findings, production: boolean): void {
  const pointer = `${at}/origins`;
  if (!findings.sound(pointer) || !site.origins?.includes('*')) return;
  if (site.origins.length > 1) {
    findings.add(pointer, {
      problem: 'has "*" beside other origins',
      fix: 'leave "*" alone in the list, or take it out',
    });
  }
  if (production && site.allowAnyOrigin !== true && findings.sound(`${at}/allowAnyOrigin`)) {
    findings.add(pointer, {
      problem: 'lets in the pages of anybody',
      fix: 'list the origins of the site, or confirm it with "allowAnyOrigin": true',
    });
  }
}

/** That the default account is there is checked with the environment, which is where it is usually made. */
function checkProvider(at: string, site: SiteContent, findings: Findings, accounts: ReadonlySet<string>): void {
  const pointer = `${at}/provider`;
  if (site.provider === undefined || site.provider === DEFAULT_PROVIDER || !findings.sound(pointer)) return;
  if (accounts.has(site.provider)) return;
  findings.add(pointer, {
    problem: `names no provider account: ${site.provider}`,
    fix: suggest(site.provider, accounts),
  });
}

/** What to do about a name that is none of `known`. */
export function suggest(name: string, known: ReadonlySet<string>): string {
  const meant = nearest(name, known);
  if (meant !== undefined) return `did you mean ${meant}?`;
  if (known.size === 0) return 'define it; there is none yet';
  const shown = [...known].slice(0, 10);
  return `use one of ${shown.join(', ')}${known.size > shown.length ? ', …' : ''}, or define it`;
}

/** The sites of a file in which nothing is wrong. */
export function buildSites(content: FileContent): ReadonlyMap<string, Site> {
  return new Map(
    Object.entries(content.sites).map(([key, site]) => [
      key,
      defined({
        key,
        name: site.name,
        origins: site.origins.includes('*') ? ('*' as const) : new Set(site.origins),
        targets: reachable(site),
        defaultTarget: site.defaultTarget && toTarget(site.defaultTarget),
        placementId: site.placementId,
        country: site.country,
        countries: new Set(site.countries ?? [site.country]),
        consentRequired: site.consent?.required ?? false,
        consentText: site.consent?.text,
        consentVersion: site.consent?.version,
        form: buildForm(site.form),
        dailyMax: site.dailyMax && { ...site.dailyMax },
        unknownOutcome: site.unknownOutcome,
        provider: site.provider ?? DEFAULT_PROVIDER,
      }),
    ]),
  );
}

function reachable({ targets, defaultTarget }: SiteContent): TargetRule {
  return targets === undefined ? onlyTarget(defaultTarget ?? {}) : toTargetRule(targets);
}

function toTarget({ advertiserId, merchantId }: DefaultTargetContent): Target | undefined {
  if (merchantId !== undefined) return { merchantId };
  return advertiserId === undefined ? undefined : { advertiserId };
}
