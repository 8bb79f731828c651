import t from 'tap';
import { learnFrom } from '../../../src/cli/wire/learn.ts';
import { buildWire } from '../../../src/config/wire.ts';
import { encodeLead } from '../../../src/provider/encode.ts';
import { findSamples } from '../../../src/provider/learn/samples.ts';
import { account } from '../../support/provider/raw-server.ts';
import { EXPECTED, LEAD, profileOf, SAMPLES, sampleBytes } from '../../support/provider/samples.ts';

t.test('there is something expected of every sample', async (t) => {
  t.strictSame(Object.keys(EXPECTED), SAMPLES);
  t.ok(SAMPLES.length >= 20);
});

for (const [name, expected] of Object.entries(EXPECTED)) {
  t.test(`${name} is learnt, and a fixed lead becomes the expected bytes`, async (t) => {
    const report = learnFrom(sampleBytes(name), {});
    t.strictSame(report.problems, []);
    t.strictSame(report.variables ?? undefined, expected.variables, 'the variables, or none where they are not enough');
    t.strictSame(report.wire, expected.wire);
    t.strictSame(report.profile, buildWire(expected.wire), 'the printed settings give the learnt profile');
    t.strictSame(report.notes, expected.notes);
    const differing = report.comparison.filter(({ mark }) => mark !== ' ');
    t.strictSame(
      differing.map(({ sample, mark, ours }) => `${sample.trim()} ${mark} ${ours.trim()}`.trim()),
      expected.differences,
    );
    t.equal(encodeLead(LEAD, account({}, profileOf(name))), expected.document);
    t.notMatch(JSON.stringify([report.document, report.comparison]), /s3cret/, 'the password is masked');
  });
}

t.test('of several documents in a file the request is taken, and another one on request', async (t) => {
  const bytes = sampleBytes('asmx-help.txt');
  t.match(learnFrom(bytes, {}), { number: 1, profile: { soap: { version: '1.1' } }, samples: { length: 4 } });
  const second = learnFrom(bytes, {}, 3);
  t.match(second.profile, { soap: { version: '1.2' }, contentType: 'application/soap+xml; charset=utf-8' });
  t.match(second.notes.join(), /does not show the action/);
  t.throws(() => learnFrom(bytes, {}, 2), { message: /None of them is a request/ });
  t.throws(() => learnFrom(bytes, {}, 5), { message: /There is no number 5/ });
});

t.test('a file without a request is refused with what was found', async (t) => {
  t.throws(() => learnFrom(Buffer.from('no markup at all'), {}), { message: /no document of XML/ });
  t.throws(() => learnFrom(Buffer.from('<a><b>x</b></a>'), {}), {
    message: /1\. a on line 1\. None of them is a request/,
  });
  t.throws(() => learnFrom(Buffer.from([0xff, 0xfe, 0x3c]), {}), { message: /no text in UTF-8/ });
  t.throws(() => learnFrom(Buffer.alloc(1024 * 1024 + 1, ' '), {}), { message: /larger than 1 MiB/ });
});

t.test('names can be said, also for elements that no name tells', async (t) => {
  const text =
    '<R><Pid>1001</Pid><Who>publisher</Who><Word>s3cret</Word><AdvertiserId>1</AdvertiserId><Handset>4045551212</Handset><CC>1</CC><Message>m</Message></R>';
  const map = {
    Pid: 'ProviderId',
    Who: 'UserName',
    Word: 'Password',
    Handset: 'ConsumerPhoneNumber',
    CC: 'ConsumerPhoneNumberCountryCode',
    Message: 'constant',
  } as const;
  const { profile, problems } = learnFrom(Buffer.from(text), map);
  t.strictSame(problems, []);
  t.strictSame(profile.elements, [
    { name: 'Pid', value: 'ProviderId' },
    { name: 'Who', value: 'UserName' },
    { name: 'Word', value: 'Password' },
    { name: 'MerchantId', value: 'MerchantId' },
    { name: 'AdvertiserId', value: 'AdvertiserId' },
    { name: 'Handset', value: 'ConsumerPhoneNumber' },
    { name: 'CC', value: 'ConsumerPhoneNumberCountryCode' },
    { name: 'Message', text: 'm' },
  ]);
});

t.test('what the provider requires and the sample lacks is a problem to solve', async (t) => {
  const { problems } = learnFrom(
    Buffer.from('<R><UserName>u</UserName><Phone>4045551212</Phone><DealerId>7</DealerId></R>'),
    {},
  );
  t.match(problems.join('\n'), /wire\/elements has no element with the value ProviderId/);
  t.match(problems.join('\n'), /no element with the value Password/);
});

t.test('values in another form than ours are named', async (t) => {
  const text =
    '<R><UserName>u</UserName><Password>p</Password><ConsumerPhoneNumber>+1 (404) 555-1212</ConsumerPhoneNumber><CountryCode>US</CountryCode></R>';
  const notes = learnFrom(Buffer.from(text), {}).notes.join('\n');
  t.match(notes, /ConsumerPhoneNumber: the sample has the number as \+1 \(404\) 555-1212/);
  t.match(notes, /CountryCode: the sample has US\. The gateway writes the calling code/);
});

t.test('a search in hostile text ends soon', async (t) => {
  const started = process.cpuUsage().user;
  for (const unit of ['<a>', '<a ', '<a b="', '<!--', '&lt;a&gt;', '<pre>']) {
    findSamples(Buffer.from(unit.repeat(30_000 / unit.length)));
  }
  t.ok((process.cpuUsage().user - started) / 1e6 < 10);
});
