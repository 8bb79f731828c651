import t from 'tap';
import { instanceOf, requestIdOf, traceparentOf } from '../../src/lib/request.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

t.test('a valid X-Request-Id is kept as it is, and anything else is replaced by a UUID', async (t) => {
  for (const id of [
    '7d9f3c1e-5b3a-4a53-9a53-0d7f3b3c9a11',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    'Root=1-67891233-abcdef012345678912345678',
    'req-1',
    'x'.repeat(128),
  ]) {
    t.equal(requestIdOf({ headers: { 'x-request-id': id } }), id);
  }
  for (const id of [
    '',
    ' ',
    'a b',
    'é',
    'a"b',
    '{}',
    '-a',
    'x'.repeat(129),
    '4045551212',
    '+14045551212',
    '404-555-1212',
  ]) {
    t.match(requestIdOf({ headers: { 'x-request-id': id } }), UUID, JSON.stringify(id));
  }
  t.not(requestIdOf({ headers: {} }), requestIdOf({ headers: {} }));
});

t.test('an instance is a URI reference, whatever the id', async (t) => {
  t.equal(instanceOf('7d9f3c1e-5b3a-4a53-9a53-0d7f3b3c9a11'), 'urn:uuid:7d9f3c1e-5b3a-4a53-9a53-0d7f3b3c9a11');
  t.equal(instanceOf('Root=1/a+b'), '?requestId=Root%3D1%2Fa%2Bb');
});

t.test('a traceparent is kept where it is valid', async (t) => {
  const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  for (const value of [good, `${good.replace(/^00/, 'cc')}-what-comes-later`]) {
    t.equal(traceparentOf({ traceparent: value }), value);
  }
  for (const value of [
    ...['', 'x', good.toUpperCase(), `${good}-more`, `${good} `, good.replace(/^00/, 'ff'), `${good}, ${good}`],
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
  ]) {
    t.equal(traceparentOf({ traceparent: value }), undefined, value);
  }
  t.equal(traceparentOf({}), undefined);
});
