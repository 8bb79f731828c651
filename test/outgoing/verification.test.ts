import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import t from 'tap';

const GUIDE = readFileSync(join(import.meta.dirname, '../../docs/partners.md'), 'utf8');
const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const [SECRET, PREVIOUS, STRANGE] = [secretOf(1), secretOf(2), secretOf(3)];
const BODY = '{"type":"conversation.delivered","data":{"id":"cnv_é"}}';

/** A message that was signed with these secrets some seconds ago. */
function signed(secrets: readonly string[], ageS = 0): Record<string, string> {
  const at = new Date(Date.now() - ageS * 1_000);
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign('msg_1', at, BODY)).join(' '),
  };
}

const { 'webhook-signature': _, ...unsigned } = signed([SECRET]);
const CASES: [why: string, headers: Record<string, string>, body: string, secrets: string[], valid: boolean][] = [
  ['the secret', signed([SECRET]), BODY, [SECRET], true],
  [
    'a signature of each secret, of which the receiver knows the second',
    signed([SECRET, PREVIOUS]),
    BODY,
    [PREVIOUS],
    true,
  ],
  ['a receiver that knows both', signed([PREVIOUS]), BODY, [SECRET, PREVIOUS], true],
  ['another secret', signed([STRANGE]), BODY, [SECRET], false],
  ['another body', signed([SECRET]), BODY.replace('delivered', 'rejected'), [SECRET], false],
  ['another id', { ...signed([SECRET]), 'webhook-id': 'msg_2' }, BODY, [SECRET], false],
  ['an old message', signed([SECRET], 400), BODY, [SECRET], false],
  ['no signature', unsigned, BODY, [SECRET], false],
  ['no headers', {}, BODY, [SECRET], false],
];

/** For each language: its program, the file, and the code around the function of the document. */
const LANGUAGES = [
  {
    name: 'js',
    program: process.execPath,
    file: 'verify.mjs',
    wrap: (code: string) => `${code}
      const cases = JSON.parse((await import('node:fs')).readFileSync(0, 'utf8'));
      console.log(JSON.stringify(cases.map(([, headers, body, secrets]) => verify(headers, body, secrets))));`,
  },
  {
    name: 'php',
    program: 'php',
    file: 'verify.php',
    wrap: (code: string) => `<?php\n${code}
      $cases = json_decode(stream_get_contents(STDIN), true);
      echo json_encode(array_map(fn($case) => verify($case[1], $case[2], $case[3]), $cases));`,
  },
  {
    name: 'python',
    program: 'python3',
    file: 'verify.py',
    wrap: (code: string) => `${code}
import json, sys
cases = json.load(sys.stdin)
print(json.dumps([verify(headers, body.encode(), secrets) for _, headers, body, secrets, _ in cases]))`,
  },
];

for (const { name, program, file, wrap } of LANGUAGES) {
  const missing = spawnSync(program, ['--version']).status !== 0 && `no ${program} on this machine`;
  t.test(
    `the function in ${name} that partners copy accepts signed messages and no others`,
    { skip: missing },
    async (t) => {
      const code = new RegExp(`^\`\`\`${name}\\n(.*?)^\`\`\`$`, 'ms').exec(GUIDE)?.[1] ?? '';
      const path = join(t.testdir(), file);
      writeFileSync(path, wrap(code));
      const { stdout, stderr } = spawnSync(program, [path], { input: JSON.stringify(CASES), encoding: 'utf8' });
      t.equal(stderr, '');
      const results = JSON.parse(stdout) as boolean[];
      for (const [index, [why, , , , valid]] of CASES.entries()) t.equal(results[index], valid, why);
    },
  );
}
