import t from 'tap';
import { REGION_URLS } from '../../src/upstream/regions.ts';
import { DEFAULT_WIRE } from '../../src/upstream/wire-profile.ts';

t.test('each region has the endpoint of the reference', async (t) => {
  const path = '/MobileTextConnectRestService.svc/InitiateMobileTextConversation';
  t.strictSame(REGION_URLS, {
    na: `https://services.contactatonce.com${path}`,
    au: `https://services.contactatonce.com.au${path}`,
    eu: `https://services.contactatonce.co.uk${path}`,
  });
});

t.test('what the reference leaves unstated has the documented defaults', async (t) => {
  t.strictSame(DEFAULT_WIRE, {
    root: 'MobileTextConnectRequest',
    order: 'documented',
    contentType: 'application/xml; charset=utf-8',
    listingFormat: 'text',
  });
});
