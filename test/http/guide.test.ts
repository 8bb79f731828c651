import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { PROBLEMS } from '../../src/http/problems.ts';
import { GUIDE, snippets, snippetWith } from '../support/guide.ts';
import { DELIVERED, ID, testApp } from '../support/http/app.ts';
import { site } from '../support/lead.ts';
import { httpReceiver } from '../support/receivers.ts';

const run = promisify(execFile);
const KEY = 'tcg_test_of-the-guide';

async function missing(program: string): Promise<string | false> {
  return run(program, ['--version']).then(
    () => false,
    () => `no ${program} on this machine`,
  );
}

t.test('the guide has every code of the public listener, with its status, meaning and remedy', async (t) => {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title, remedy }]) => `| \`${code}\` | ${status} | ${title}. | ${remedy} |`,
  );
  const [, section = ''] = GUIDE.split(/^## Errors$/m);
  const [errors = ''] = section.split(/^## /m);
  t.strictSame(
    errors.split('\n').filter((line) => /^\| `\w+` \| \d/.test(line)),
    rows,
  );
});

t.test('the commands of the guide work as they are written', { skip: await missing('curl') }, async (t) => {
  const listed = { ...DELIVERED, mayHaveArrived: false };
  const { listen, submitted } = await testApp(t, {
    partnerList: {
      listOfPartner: async () => ({ items: [listed] }),
      readPage: async (_list, page, read) => read(page),
    },
    now: () => Date.UTC(2026, 10, 29),
    settings: {
      sites: new Map([['example-motors', site({ key: 'example-motors' })]]),
      partners: new Map([
        [
          'crm',
          {
            id: 'crm',
            keyHashes: [hash('sha256', KEY, 'buffer')],
            sites: '*' as const,
            rate: { max: 100, windowS: 60 },
          },
        ],
      ]),
    },
  });
  const gateway = `http://127.0.0.1:${await listen()}`;
  const commands = snippets('sh').map((code) =>
    code.replaceAll('https://text.example', gateway).replaceAll('tcg_test_…', KEY).replaceAll('cnv_AZp…', ID),
  );
  t.ok(commands.length >= 5);
  const script = join(t.testdir(), 'guide.sh');
  writeFileSync(script, `set -euo pipefail\n${commands.join('\necho\n')}`);
  const { stdout } = await run('bash', [script], { cwd: t.testdirName });
  t.match(stdout, /^HTTP\/1\.1 201 Created\r\n/);
  t.match(stdout, `location: /v1/conversations/${ID}`);
  t.equal(stdout.match(/"status":"delivered"/g)?.length, 4, 'sent, read, listed, and sent by the test key');
  t.match(submitted, [
    { lead: { reference: 'order-20261128-0042', listing: { make: 'Honda' } }, context: { scope: { id: 'crm' } } },
    { lead: { phone: { e164: '+14045552010' } } },
  ]);
});

const LEAD = { site: 'demo', consumer: { phone: '(404) 555-1212', firstName: 'Zoë' } };

/** The functions of the guide that send a lead. Their programs call several gateways, and give what each answered and the seconds slept. */
const SENDERS = [
  {
    name: 'Node',
    program: 'node',
    file: 'send.mjs',
    code: () => `${snippetWith('js', 'sendLead')}
      const [gateways, lead] = process.argv.slice(2).map((text) => JSON.parse(text));
      const results = [];
      for (const gateway of gateways) {
        const slept = [];
        const sleep = async (seconds) => slept.push(seconds);
        const sent = await sendLead({ gateway, key: '${KEY}', lead, idempotencyKey: 'key-1', sleep }).catch(({ message }) => message);
        results.push({ sent, slept });
      }
      console.log(JSON.stringify(results));`,
  },
  {
    name: 'PHP',
    program: 'php',
    file: 'send.php',
    code: () => `<?php ${snippetWith('php', 'send_lead')}
      $results = [];
      foreach (json_decode($argv[1]) as $gateway) {
        $slept = [];
        $sleep = function ($seconds) use (&$slept) { $slept[] = $seconds; };
        try {
          $sent = send_lead($gateway, '${KEY}', json_decode($argv[2], true), 'key-1', $sleep);
        } catch (RuntimeException $error) {
          $sent = $error->getMessage();
        }
        $results[] = ['sent' => $sent, 'slept' => $slept];
      }
      echo json_encode($results);`,
  },
];

type Answer = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | 'reset';

/** A gateway that gives these answers, and the last one for ever. */
async function answering(t: Test, answers: readonly Answer[]) {
  const requests: { readonly headers: object; readonly body: unknown; readonly url: string | undefined }[] = [];
  const url = await httpReceiver(t, async (request, response) => {
    requests.push({ headers: request.headers, url: request.url, body: JSON.parse(await text(request)) });
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    if (answer === 'reset' || answer === undefined) return void request.socket.destroy();
    response.writeHead(answer.status, { ...answer.headers, connection: 'close' });
    response.end(JSON.stringify({ id: ID, code: 'of a test' }));
  });
  return { gateway: new URL(url).origin, requests };
}

for (const { name, program, file, code } of SENDERS) {
  t.test(
    `the function in ${name} sends a lead again only when that may help`,
    { skip: await missing(program) },
    async (t) => {
      const script = join(t.testdir(), file);
      writeFileSync(script, code());
      const busy = { status: 503, headers: { 'retry-after': '20' } };
      const scripts: Answer[][] = [
        ['reset', busy, { status: 409 }, { status: 201 }],
        [{ status: 202 }],
        [{ status: 422 }],
        ['reset'],
      ];
      const gateways = await Promise.all(scripts.map((answers) => answering(t, answers)));
      const urls = JSON.stringify(gateways.map(({ gateway }) => gateway));
      const { stdout } = await run(program, [script, urls, JSON.stringify(LEAD)]);
      const [again, ...others] = JSON.parse(stdout) as { sent: unknown; slept: number[] }[];
      if (!again) throw new Error('The program gave no result.');
      t.strictSame(again.sent, { status: 201, body: { id: ID, code: 'of a test' } });
      const bounds = [
        [1, 2],
        [20, 22],
        [30, 33],
      ] as const;
      t.equal(again.slept.length, bounds.length);
      for (const [at, [least, most]] of bounds.entries())
        t.ok(
          (again.slept[at] ?? 0) >= least && (again.slept[at] ?? 0) <= most,
          `${again.slept[at]} s before try ${at + 2}`,
        );
      const requests = gateways[0]?.requests ?? [];
      t.equal(requests.length, 4);
      for (const { headers, body, url } of requests) {
        t.match(headers, {
          authorization: `Bearer ${KEY}`,
          'idempotency-key': 'key-1',
          'content-type': 'application/json',
        });
        t.match([url, body], ['/v1/conversations', LEAD]);
      }
      t.match(
        others.map(({ sent, slept }) => [sent, slept.length]),
        [
          [{ status: 202 }, 0],
          [{ status: 422 }, 0],
          [/^Not sent yet/, 5],
        ],
      );
    },
  );
}
