import t from 'tap';
import { PROBE_EVERY_MS } from '../../src/domain/ports/delivery-queue.ts';
import {
  createRecordedAcceptances,
  type ProviderRecord,
  recordAcceptance,
  recordRefusal,
  toProviderRecord,
} from '../../src/store/settle.ts';

const account = (target: string, credentials = 'credentials-1') => ({ credentials, target });

/** The provider's record after its credentials were accepted for these targets. */
function accepted(...targets: string[]): ProviderRecord {
  let record: ProviderRecord = { parked: false };
  for (const target of targets) {
    const proof = recordAcceptance(record, account(target));
    if (proof !== undefined) record = toProviderRecord({ proof });
  }
  return record;
}

/** Records one refusal after the other. */
function refuse(record: ProviderRecord, refusals: readonly [lead: string, target: string][]) {
  let current = record;
  let last = recordRefusal(current, account('none'), 'none', 0);
  for (const [lead, target] of refusals) {
    last = recordRefusal(current, account(target), lead, 1_000);
    const { streak, credentials } = last.columns ?? {};
    const { proof } = current;
    current = { ...toProviderRecord({ streak, credentials }), ...(proof && { proof }) };
  }
  return last;
}

const threeOf = (target: string): [string, string][] => [
  ['lead-1', target],
  ['lead-2', target],
  ['lead-3', target],
];

t.test('the third refused lead parks the provider and sets the time of its probe', async (t) => {
  t.equal(refuse({ parked: false }, threeOf('a').slice(0, 2)).parking, 'in-use');
  const { parking, columns } = refuse({ parked: false }, threeOf('a'));
  t.equal(parking, 'just-parked');
  t.match(columns, { parkedAt: 1_000, probeAt: 1_000 + PROBE_EVERY_MS, credentials: 'credentials-1' });
  t.equal(recordRefusal({ parked: true }, account('a'), 'lead-4', 2_000).parking, 'parked');
});

t.test('one target does not park a provider that was proven for another, and its streak does not grow', async (t) => {
  const many = Array.from({ length: 10 }, (_, n): [string, string] => [`lead-${n}`, 'a']);
  const { parking, columns } = refuse(accepted('b'), many);
  t.equal(parking, 'in-use');
  t.equal(JSON.parse(columns?.streak ?? '').length, 3);
  t.equal(refuse(accepted('b'), [...many, ['lead-10', 'c']]).parking, 'just-parked', 'two targets are refused');
});

t.test('acceptances of other credentials prove nothing', async (t) => {
  const { proof } = accepted('b');
  t.ok(proof);
  const other = { parked: false, ...(proof && { proof: { ...proof, credentials: 'credentials-0' } }) };
  t.equal(refuse(other, threeOf('a')).parking, 'just-parked');
  const renewed = recordAcceptance(other, account('a'));
  t.equal(JSON.parse(renewed ?? '').targets.length, 1, 'only the target of these credentials');
});

t.test('two accepted targets are proof enough, and nothing more is recorded', async (t) => {
  t.equal(accepted('a', 'b', 'c').proof?.targets.length, 2);
  t.equal(recordAcceptance(accepted('a', 'b'), account('c')), undefined);
  t.equal(recordAcceptance(accepted('a'), account('a')), undefined);
});

t.test('a process remembers recorded acceptances by provider and credentials', async (t) => {
  const recorded = createRecordedAcceptances();
  recorded.add('p', account('a'));
  t.ok(recorded.has('p', account('a')));
  t.notOk(recorded.has('q', account('a')));
  t.notOk(recorded.has('p', account('b')));
  t.notOk(recorded.has('p', account('a', 'credentials-2')));
  recorded.add('p', account('b'));
  t.ok(recorded.has('p', account('c')), 'two targets are enough');
  recorded.add('p', account('a', 'credentials-2'));
  t.notOk(recorded.has('p', account('b', 'credentials-2')));
});
