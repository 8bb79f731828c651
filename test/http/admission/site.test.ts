import t from 'tap';
import type { Partner } from '../../../src/domain/site.ts';
import { siteFor } from '../../../src/http/access.ts';
import { site } from '../../support/lead.ts';

const SITES = new Map(
  [site(), site({ key: 'dealer', origins: new Set(['https://dealer.example']) })].map((each) => [each.key, each]),
);
const PARTNER: Partner = {
  id: 'acme',
  keyHashes: [],
  defaultSite: 'dealer',
  sites: new Set(['dealer']),
  rate: { max: 10, windowS: 60 },
};

t.test('a browser may use a site from one of its pages', async (t) => {
  t.equal(siteFor(SITES, 'dealer', { origin: 'https://dealer.example' }).key, 'dealer');
});

t.test('a site that takes any origin also takes null and none', async (t) => {
  for (const origin of ['https://anywhere.example', 'null', undefined]) {
    t.equal(siteFor(SITES, 'demo', { origin }).key, 'demo');
  }
});

t.test('a partner needs no origin, and its own default site applies', async (t) => {
  t.equal(siteFor(SITES, undefined, { partner: PARTNER }).key, 'dealer');
  t.equal(siteFor(SITES, 'dealer', { partner: PARTNER, origin: 'https://evil.example' }).key, 'dealer');
});

t.test('a partner reaches only its own sites', async (t) => {
  t.throws(() => siteFor(SITES, 'demo', { partner: PARTNER }), { code: 'unknown_site' });
  t.equal(siteFor(SITES, 'demo', { partner: { ...PARTNER, sites: '*' } }).key, 'demo');
});
