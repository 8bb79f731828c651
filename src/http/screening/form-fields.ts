import type { Lead } from '../../domain/lead.ts';
import { Refusal } from '../../domain/refusal.ts';
import { FORM_FIELDS, type SiteForm } from '../../domain/site.ts';

/**
 * Holds a visitor's lead to the fields that the site's form requires.
 * @throws Refusal `invalid_request` that names the first one that is missing
 */
export function requireFormFields(lead: Lead, { fields }: SiteForm): void {
  const missing = FORM_FIELDS.find((name) => fields[name] === 'required' && lead[name] === undefined);
  if (missing === undefined) return;
  throw new Refusal('invalid_request', 'Is missing, and this site requires it.', { pointer: `/consumer/${missing}` });
}
