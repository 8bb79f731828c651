import type { Target } from '../domain/lead.ts';
import type { Site, TargetRule } from '../domain/site.ts';
import { nearest, shortList } from '../lib/text.ts';
import { defined } from '../lib/values.ts';
import { DEFAULT_PROVIDER } from './defaults.ts';
import { buildFailurePatterns, checkFailurePatterns } from './failure-patterns.ts';
import type { Findings } from './findings.ts';
import type { FileContent } from './schema/file.ts';
import type { DefaultTargetContent, SiteContent, TargetsContent } from './schema/site.ts';
import { buildForm, checkForm } from './site-form.ts';

type Context = {
  readonly production: boolean;
  readonly accounts: ReadonlySet<string>;
  /** What to add to the fix of a mistake that only the rules of production make one. */
  readonly orDevelopment: string;
};

/** Checks what the schema cannot: rules between the values of a site, and what it refers to. */
export function checkSites(content: FileContent, findings: Findings, context: Context): void {
  if (!findings.sound('/sites')) return;
  for (const [key, site] of Object.entries(content.sites ?? {})) {
    const at = `/sites/${key}`;
    if (!findings.sound(at)) continue;
    checkOrigins(at, site, findings, context);
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
    checkFailurePatterns(at, site.failurePatterns, findings);
  }
}

function checkOrigins(at: string, site: SiteContent, findings: Findings, context: Context): void {
  const pointer = `${at}/origins`;
  if (!findings.sound(pointer) || !site.origins?.includes('*')) return;
  if (site.origins.length > 1) {
    findings.add(pointer, {
      problem: 'has "*" beside other origins',
      fix: 'leave "*" alone in the list, or take it out',
    });
  }
  if (context.production && site.allowAnyOrigin !== true && findings.sound(`${at}/allowAnyOrigin`)) {
    findings.add(pointer, {
      problem: 'lets in the pages of anybody',
      fix: `list the origins of the site, or confirm it with "allowAnyOrigin": true${context.orDevelopment}`,
    });
  }
}

/** Skips the default account: `fileSetup` checks it together with the environment, which usually defines it. */
function checkProvider(at: string, site: SiteContent, findings: Findings, accounts: ReadonlySet<string>): void {
  const pointer = `${at}/provider`;
  if (site.provider === undefined || site.provider === DEFAULT_PROVIDER || !findings.sound(pointer)) return;
  if (accounts.has(site.provider)) return;
  const { provider } = site;
  findings.add(pointer, () => ({
    problem: `names no provider account: ${provider}`,
    fix: suggest(provider, accounts),
  }));
}

/** Says how to correct a name that is not in `known`. */
export function suggest(name: string, known: ReadonlySet<string>): string {
  const meant = nearest(name, known);
  if (meant !== undefined) return `did you mean ${meant}?`;
  if (known.size === 0) return 'define it; there is none yet';
  return `use one of ${shortList([...known])}, or define it`;
}

/** Builds the sites of a valid file. */
export function buildSites(content: FileContent): ReadonlyMap<string, Site> {
  return new Map(
    Object.entries(content.sites ?? {}).map(([key, site]) => [
      key,
      defined({
        key,
        name: site.name,
        test: site.test || undefined,
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
        failurePatterns: buildFailurePatterns(site.failurePatterns),
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

/** Checks that the target rule at `${at}/targets` allows at least one target. */
export function checkTargets(at: string, targets: TargetsContent | undefined, findings: Findings): void {
  if (targets === undefined || !findings.sound(`${at}/targets`)) return;
  if (!isEmpty(targets.advertiserIds) || !isEmpty(targets.merchantIds)) return;
  findings.add(`${at}/targets`, {
    problem: 'allows no target at all',
    fix: 'list advertiserIds or merchantIds, or use "*" for all',
  });
}

/** Checks that an entry's default target is one that it allows. */
function checkDefaultTarget(
  at: string,
  targets: TargetsContent | undefined,
  target: DefaultTargetContent | undefined,
  findings: Findings,
): void {
  if (targets === undefined || target === undefined) return;
  if (!findings.sound(`${at}/targets`) || !findings.sound(`${at}/defaultTarget`)) return;
  const [list, id] =
    target.merchantId === undefined
      ? ['advertiserIds' as const, target.advertiserId]
      : ['merchantIds' as const, target.merchantId];
  if (!findings.sound(`${at}/targets/${list}`) || !findings.sound(`${at}/defaultTarget/${list.slice(0, -1)}`)) return;
  const allowed: '*' | readonly unknown[] | undefined = targets[list];
  if (allowed === '*' || allowed?.includes(id)) return;
  findings.add(`${at}/defaultTarget`, {
    problem: 'is not among the allowed targets',
    fix: `add it to targets/${list}, or choose one of those`,
  });
}

/** Builds the rule of a valid entry; a list that is left out allows none. */
export function toTargetRule(targets: TargetsContent): TargetRule {
  return { advertiserIds: toSet(targets.advertiserIds), merchantIds: toSet(targets.merchantIds) };
}

/** Builds the rule of a site that allows only its default target. */
function onlyTarget(target: DefaultTargetContent): TargetRule {
  return {
    advertiserIds: new Set(target.advertiserId === undefined ? [] : [target.advertiserId]),
    merchantIds: new Set(target.merchantId === undefined ? [] : [target.merchantId]),
  };
}

function toSet<T>(list: '*' | readonly T[] | undefined): '*' | ReadonlySet<T> {
  return list === '*' ? list : new Set(list);
}

function isEmpty(list: unknown): boolean {
  return list === undefined || (Array.isArray(list) && list.length === 0);
}
