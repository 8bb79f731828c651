import { readFileSync } from 'node:fs';
import t from 'tap';
import { licencesDocument, PERMITTED, productionLicences } from '../../scripts/licences.ts';

t.test('every package of a production installation has a permitted licence', async (t) => {
  const licences = productionLicences();
  t.ok((licences.get('MIT')?.length ?? 0) > 50);
  for (const [licence, names] of licences) t.ok(PERMITTED.has(licence), `${licence}: ${names.join(', ')}`);
});

t.test('docs/licences.md lists them; npm run licences writes it', async (t) => {
  t.equal(readFileSync(new URL('../../docs/licences.md', import.meta.url), 'utf8'), licencesDocument());
});
