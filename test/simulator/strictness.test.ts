import t from 'tap';
import { call, control, documentOf, LEAD, messagesOf, simulatorFor } from './harness.ts';

const NAMESPACE = 'http://schemas.datacontract.org/2004/07/Example';
const sorted = () => Object.fromEntries(Object.entries(LEAD).sort(([a], [b]) => (a < b ? -1 : 1)));
const statusIn = (body: Buffer) => /<Status>(\w+)/.exec(body.toString())?.[1];

t.test('any order is taken unless one is asked for', async (t) => {
  const simulator = await simulatorFor(t);
  const reversed = Object.fromEntries(Object.entries(LEAD).reverse());
  t.equal(statusIn((await call(simulator.endpoint, documentOf(reversed))).body), 'Success');
});

t.test('in an order that is asked for, an element out of its place is passed over without a word', async (t) => {
  const documented = await simulatorFor(t, { strict: { order: 'documented' } });
  const alphabetical = await simulatorFor(t, { strict: { order: 'alphabetical' } });
  t.equal(statusIn((await call(documented.endpoint, documentOf(LEAD))).body), 'Success');
  t.equal(statusIn((await call(alphabetical.endpoint, documentOf(sorted()))).body), 'Success');
  t.match((await call(documented.endpoint, documentOf(sorted()))).body.toString(), 'ProviderId is required.');
  t.match((await call(alphabetical.endpoint, documentOf(LEAD))).body.toString(), /is required\./);

  const { PlacementId, ...rest } = LEAD;
  const late = documentOf({ ...rest, PlacementId });
  t.equal(statusIn((await call(documented.endpoint, late)).body), 'Success', 'an optional that comes late is no fault');
  const [inPlace, passedOver] = await messagesOf(documented);
  t.equal(inPlace?.placementId, 7);
  t.notOk('placementId' in (passedOver ?? {}), 'but it is lost');
});

t.test('of a repeated element the first counts', async (t) => {
  const simulator = await simulatorFor(t);
  const twice = documentOf(LEAD).replace('</MobileTextConnectRequest>', '<ConsumerQuestion>2</ConsumerQuestion>$&');
  await call(simulator.endpoint, twice);
  t.match(await messagesOf(simulator), [{ question: LEAD.ConsumerQuestion }]);
});

t.test('where the namespace counts, a wrong one reads as all fields missing', async (t) => {
  const simulator = await simulatorFor(t, { strict: { namespaceSensitive: true, namespace: NAMESPACE } });
  const send = async (attributes: string, members: Record<string, string> = LEAD) =>
    (await call(simulator.endpoint, documentOf(members, attributes))).body.toString();
  t.match(await send(` xmlns="${NAMESPACE}"`), 'Success');
  t.match(await send(''), 'ProviderId is required.');
  t.match(await send(' xmlns="http://schemas.datacontract.org/2004/07/Other"'), 'ProviderId is required.');

  const prefixed = documentOf(LEAD, ` xmlns:p="${NAMESPACE}"`).replace(/<(\/?)(\w)/g, '<$1p:$2');
  t.match((await call(simulator.endpoint, prefixed)).body.toString(), 'Success', 'by any prefix');
});

t.test('where no namespace is expected and it counts, having one reads as all fields missing', async (t) => {
  const simulator = await simulatorFor(t, { strict: { namespaceSensitive: true } });
  const send = async (attributes: string) =>
    (await call(simulator.endpoint, documentOf(LEAD, attributes))).body.toString();
  t.match(await send(''), 'Success');
  t.match(await send(` xmlns="${NAMESPACE}"`), 'ProviderId is required.');
});

t.test('it can be made to want text/xml, and another root', async (t) => {
  const simulator = await simulatorFor(t, { strict: { textXmlOnly: true, root: 'Initiate' } });
  const body = documentOf(LEAD).replaceAll('MobileTextConnectRequest', 'Initiate');
  t.equal((await call(simulator.endpoint, body)).status, 415);
  const reply = await call(simulator.endpoint, body, { headers: { 'content-type': 'text/xml; charset=utf-8' } });
  t.equal(statusIn(reply.body), 'Success');
});

t.test('the rules can be changed while it runs', async (t) => {
  const simulator = await simulatorFor(t);
  const { told } = await control(simulator, 'POST', '/control/rules', { order: 'alphabetical' });
  t.match(told.rules, { order: 'alphabetical', root: 'MobileTextConnectRequest', textXmlOnly: false });
  t.match((await call(simulator.endpoint, documentOf(LEAD))).body.toString(), /is required\./);
});
