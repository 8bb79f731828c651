import { buildForm } from '../../../src/config/site-form.ts';
import { siteFormBody } from '../../../src/http/form/site-form.ts';
import { site } from '../lead.ts';
import type { FakeGateway } from './fake-gateway.ts';

const FORM = buildForm({
  questionFirst: true,
  listingHeading: true,
  confirmNumber: true,
  fields: { name: 'shown' },
  phone: { placeholder: true, format: true, countryPicker: true },
  answerMinutes: 10,
  hours: { timeZone: 'America/New_York', week: { mon: ['09:00-18:00'], tue: ['09:00-18:00'] } },
  links: { privacy: 'https://dealer.example/privacy', terms: 'https://dealer.example/terms' },
  textingNotice: true,
});
/** A site that uses every option of its form. */
export const FULL_SITE = site({
  form: FORM,
  consentRequired: true,
  countries: new Set(['US', 'CA', 'MX']),
  defaultTarget: { advertiserId: '1659' },
});

/** Attributes of a button whose form has a heading of its listing. */
export const LISTING = `listing='{"year":2019,"make":"Honda","model":"Civic EX"}'`;

/** Instants in milliseconds at which the site is open, and closed. */
export const OPEN = Date.UTC(2026, 10, 24, 16);
export const CLOSED = Date.UTC(2026, 10, 24, 2);

/** The form of a site that uses every option, as the gateway itself writes it. */
export const fullForm =
  (now = OPEN): FakeGateway['form'] =>
  (lang) => ({ ...siteFormBody(FULL_SITE, { lang, now }, { formToken: 'token' }), minFillS: 0 });
