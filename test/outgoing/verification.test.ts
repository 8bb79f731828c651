import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import t from 'tap';
import { snippetWith } from '../support/guide.ts';

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

type Language = {
  readonly name: string;
  /** What the machine must have. */
  readonly program: string;
  readonly file: string;
  readonly function: string;
  /** The code around the function of the document. */
  readonly wrap: (code: string) => string;
  /** Makes a program of the file, and gives its path. */
  readonly compile?: (path: string) => string;
  /** What runs it, if it is not `program`. */
  readonly runtime?: string;
};

const LANGUAGES: readonly Language[] = [
  {
    name: 'js',
    program: process.execPath,
    file: 'verify.mjs',
    function: 'verify(',
    wrap: (code) => `${code}
      const cases = JSON.parse((await import('node:fs')).readFileSync(0, 'utf8'));
      console.log(JSON.stringify(cases.map(([, headers, body, secrets]) => verify(headers, body, secrets))));`,
  },
  {
    name: 'php',
    program: 'php',
    file: 'verify.php',
    function: 'verify(',
    wrap: (code) => `<?php\n${code}
      $cases = json_decode(stream_get_contents(STDIN), true);
      echo json_encode(array_map(fn($case) => verify($case[1], $case[2], $case[3]), $cases));`,
  },
  {
    name: 'python',
    program: 'python3',
    file: 'verify.py',
    function: 'verify(',
    wrap: (code) => `${code}
import json, sys
cases = json.load(sys.stdin)
print(json.dumps([verify(headers, body.encode(), secrets) for _, headers, body, secrets, _ in cases]))`,
  },
  {
    name: 'csharp',
    program: 'mcs',
    runtime: 'mono',
    file: 'verify.cs',
    function: 'Verify(',
    wrap(code) {
      const lines = code.split('\n');
      const using = lines.filter((line) => line.startsWith('using ')).join('\n');
      const functions = lines.filter((line) => !line.startsWith('using ')).join('\n');
      return `${using}
class Program {
${functions}
  static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
  static Dictionary<string, string> Headers(string text) =>
    text.Split(new[] { ';' }, StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split(':')).ToDictionary(one => Text(one[0]), one => Text(one[1]));
  static void Main() {
    var results = new List<string>();
    for (var line = Console.ReadLine(); line != null; line = Console.ReadLine()) {
      var parts = line.Split(' ');
      results.Add(Verify(Headers(parts[0]), Convert.FromBase64String(parts[1]), parts[2].Split(';').Select(Text)) ? "true" : "false");
    }
    Console.WriteLine("[" + string.Join(",", results) + "]");
  }
}`;
    },
    compile(path) {
      const program = path.replace(/cs$/, 'exe');
      const { status, stdout, stderr } = spawnSync('mcs', ['-warnaserror', `-out:${program}`, path], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`The code of the guide does not compile: ${stdout}${stderr}`);
      return program;
    },
  },
];

/** The cases for a program without JSON: a line each, with headers, body and secrets in base64. */
const AS_LINES = CASES.map(([, headers, body, secrets]) => {
  const code = (text: string): string => Buffer.from(text).toString('base64');
  const pairs = Object.entries(headers).map(([name, value]) => `${code(name)}:${code(value)}`);
  return `${pairs.join(';')} ${code(body)} ${secrets.map(code).join(';')}\n`;
}).join('');

for (const { name, program, file, function: named, wrap, compile, runtime = program } of LANGUAGES) {
  const missing =
    [program, runtime].some((one) => spawnSync(one, ['--version']).status !== 0) && `no ${program} on this machine`;
  t.test(
    `the function in ${name} that partners copy accepts signed messages and no others`,
    { skip: missing },
    async (t) => {
      const path = join(t.testdir(), file);
      writeFileSync(path, wrap(snippetWith(name, named)));
      const input = compile ? AS_LINES : JSON.stringify(CASES);
      const { stdout, stderr } = spawnSync(runtime, [compile?.(path) ?? path], { input, encoding: 'utf8' });
      t.equal(stderr, '');
      const results = JSON.parse(stdout) as boolean[];
      t.equal(results.length, CASES.length);
      for (const [index, [why, , , , valid]] of CASES.entries()) t.equal(results[index], valid, why);
    },
  );
}
