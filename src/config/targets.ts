import type { Findings } from './findings.ts';
import type { DefaultTargetContent, TargetsContent } from './schema/targets.ts';
import type { TargetRule } from './settings.ts';

/** Checks that a target rule at `${at}/targets` reaches somebody. */
export function checkTargets(at: string, targets: TargetsContent | undefined, findings: Findings): void {
  if (targets === undefined || !findings.sound(`${at}/targets`)) return;
  if (!isEmpty(targets.advertiserIds) || !isEmpty(targets.merchantIds)) return;
  findings.add(`${at}/targets`, {
    problem: 'allows no target at all',
    fix: 'list advertiserIds or merchantIds, or use "*" for all',
  });
}

/** Checks that an entry's default target is one that it allows. */
export function checkDefaultTarget(
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

/** The rule that a sound entry means; what it leaves out is not allowed. */
export function toTargetRule(targets: TargetsContent): TargetRule {
  return { advertiserIds: toSet(targets.advertiserIds), merchantIds: toSet(targets.merchantIds) };
}

/** The rule of a site that allows its default target alone. */
export function onlyTarget(target: DefaultTargetContent): TargetRule {
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
