import type { Lead } from '../domain/lead.ts';
import type { ProviderAccount } from '../domain/provider.ts';
import { NotEncodable } from './markup.ts';
import { templateOf } from './template.ts';

/**
 * The document that starts a conversation, in UTF-8 and with an XML declaration, as the account's wire profile says. Unless the
 * profile says otherwise an absent value is left out, never sent as an empty element. A conforming parser reads every text back
 * unchanged (a carriage return is written as `&#xD;`).
 *
 * @throws NotEncodable for a character that XML cannot carry, which request validation and configuration refuse, and for a target
 *   that the profile has no element for: the lead would reach nobody
 */
export function encodeLead(lead: Lead, account: ProviderAccount): string {
  const { parts, values } = templateOf(account.wire);
  if (!values.has('merchantId' in lead.target ? 'MerchantId' : 'AdvertiserId')) {
    throw new NotEncodable('the wire profile has no element for the target of the lead');
  }
  let document = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      document += part;
      continue;
    }
    const markup = part.markup(lead, account);
    document += markup === undefined ? part.absent : part.open + markup + part.close;
  }
  return document;
}
