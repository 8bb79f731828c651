import type { Lead, Target } from './lead.ts';
import type { Partner } from './partner.ts';
import { Refusal } from './refusal.ts';
import type { Site, TargetRule } from './site.ts';
import { requireXmlText } from './text.ts';

type Named = { readonly advertiserId?: string; readonly merchantId?: number };

/**
 * The merchant that a request goes to: the one that it names, else the site's default.
 * @throws Refusal `invalid_request` for both ids or for none without a default, `target_not_allowed` for one that the
 *   site's or the partner's configuration does not list
 */
export function resolveTarget(named: Named, site: Site, partner?: Partner): Pick<Lead, 'target' | 'targetFrom'> {
  const asked = namedTarget(named);
  const target = asked ?? site.defaultTarget;
  if (target === undefined) {
    throw new Refusal(
      'invalid_request',
      'Is needed: this site has no default target. Send advertiserId or merchantId.',
      {
        pointer: '/advertiserId',
      },
    );
  }
  const bySite = asked === undefined || allows(site.targets, target);
  if (bySite && (!partner?.targets || allows(partner.targets, target))) {
    return { target, targetFrom: asked ? 'caller' : 'site' };
  }
  throw new Refusal('target_not_allowed', `Is not a target of this ${bySite ? 'partner' : 'site'}.`, {
    pointer: 'merchantId' in target ? '/merchantId' : '/advertiserId',
  });
}

function namedTarget({ advertiserId, merchantId }: Named): Target | undefined {
  if (advertiserId !== undefined && merchantId !== undefined) {
    throw new Refusal('invalid_request', 'Is given beside advertiserId; send one of the two.', {
      pointer: '/merchantId',
    });
  }
  if (merchantId !== undefined) return { merchantId };
  if (advertiserId === undefined) return undefined;
  if (advertiserId.trim() === '') {
    throw new Refusal('invalid_request', 'Is blank; send the id or leave it out.', { pointer: '/advertiserId' });
  }
  return { advertiserId: requireXmlText(advertiserId, '/advertiserId') };
}

function allows(rule: TargetRule, target: Target): boolean {
  return 'merchantId' in target
    ? rule.merchantIds === '*' || rule.merchantIds.has(target.merchantId)
    : rule.advertiserIds === '*' || rule.advertiserIds.has(target.advertiserId);
}
