import { createHash } from 'node:crypto';
import { createChallenge, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import t from 'tap';
import { type ChallengeParameters, createSearch } from '../../src/widget/search.ts';
import { challengeOf, isProof, SECRET } from '../support/widget/challenge.ts';
import { FORM } from '../support/widget/fake-gateway.ts';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

const LONG_MS = 60_000;
t.test('a search finds a solution that the ALTCHA library accepts', async (t) => {
  const kinds = [
    { cost: 1, counter: 0 },
    { cost: 1, counter: 3000 },
    { cost: 5, counter: 70 },
    { cost: 100, counter: 2, keyLength: 16 },
    { cost: 1, keyPrefix: '00a' },
    { cost: 1, keyPrefix: '0' },
  ];
  for (const kind of kinds) {
    const challenge = await createChallenge({ algorithm: 'SHA-256', deriveKey, hmacSignatureSecret: SECRET, ...kind });
    const solution = createSearch(challenge.parameters)(LONG_MS);
    if (!solution) return t.fail('no solution');
    if (kind.counter !== undefined) t.equal(solution.counter, kind.counter);
    const { verified } = await verifySolution({ challenge, solution, deriveKey, hmacSignatureSecret: SECRET });
    t.ok(verified, JSON.stringify(kind));
  }
});
t.test('its hash is SHA-256 for inputs of every length up to three blocks', async (t) => {
  for (let bytes = 0; bytes < 180; bytes++) {
    const salt = createHash('sha512')
      .update(String(bytes))
      .digest('hex')
      .repeat(3)
      .slice(0, 2 * bytes);
    const input = Buffer.concat([Buffer.from(salt, 'hex'), Buffer.from([0xab, 0, 0, 0, 0])]);
    const keyPrefix = createHash('sha256').update(input).digest('hex');
    const parameters: ChallengeParameters = {
      algorithm: 'SHA-256',
      nonce: 'ab',
      salt,
      cost: 1,
      keyLength: 32,
      keyPrefix,
    };
    if (createSearch(parameters)(0)?.derivedKey !== keyPrefix) t.fail(`differs at ${bytes} bytes`);
  }
});
t.test('a search that runs out of time continues where it stopped, after eight hashes at most', async (t) => {
  for (const { cost, counter, calls } of [
    { cost: 1, counter: 31, calls: 4 },
    { cost: 4, counter: 5, calls: 3 },
    { cost: 100, counter: 2, calls: 3 },
  ]) {
    const challenge = await createChallenge({ algorithm: 'SHA-256', deriveKey, cost, counter });
    const search = createSearch(challenge.parameters);
    for (let call = 1; call < calls; call++) t.equal(search(0), undefined, `${cost}: ${call}`);
    t.match(search(0), { counter }, `${cost}: ${calls}`);
  }
});

t.test('proofs of work', async (t) => {
  const { launchPage, launchTimedPage } = await createPageLauncher(t);

  t.test('a proof of work', async (t) => {
    t.test('is computed in short slices, and is sent with the lead', async (t) => {
      const { gateway, page, complaints } = await launchPage(t);
      gateway.form = { ...FORM, challenge: await challengeOf(6000) };
      // A look at the clock takes a millisecond here, whatever the machine does: a slice is a number of looks.
      await page.evaluate(`{
      let now = 0;
      performance.now = () => now++;
      window.breaths = 0;
      const Channel = MessageChannel;
      window.MessageChannel = class extends Channel {
        constructor() {
          super();
          breaths++;
        }
      };
    }`);
      const visitor = visitorOf(page);
      t.equal(page.workers().length, 0);
      await visitor.ask();
      await visitor.reads('Message sent');
      t.ok(await isProof(gateway.posts()[0]?.body.proof));
      const tries = 6000 / Number(await page.evaluate('breaths'));
      t.ok(tries <= 8 * 6, `${tries} hashes without a breath`);
      t.strictSame(complaints, []);
    });

    t.test('can be required by a refusal, with another ticket', async (t) => {
      const { gateway, page } = await launchPage(t);
      const challenge = await challengeOf(100);
      let asked = 0;
      gateway.form = () => ({ ...FORM, ...(++asked > 1 && { challenge }) });
      gateway.next.post.push({ status: 422, body: { code: 'proof_required' } });
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.reads('Message sent');
      t.equal(gateway.posts()[0]?.body.proof, undefined);
      t.ok(await isProof(gateway.posts()[1]?.body.proof));
    });

    t.test('of an unknown algorithm is left out, and the gateway decides', async (t) => {
      const { gateway, page } = await launchPage(t);
      const challenge = await challengeOf(100);
      gateway.form = { ...FORM, challenge: { parameters: { ...challenge.parameters, algorithm: 'ARGON2ID' } } };
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.reads('Message sent');
      t.equal(gateway.posts()[0]?.body.proof, undefined);
    });

    t.test('is computed although its script failed to load at first, or is of another release', async (t) => {
      const { gateway, page } = await launchPage(t);
      gateway.form = { ...FORM, challenge: await challengeOf(100) };
      gateway.next.widget.push({ status: 404 });
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.reads('Message sent');
      t.ok(await isProof(gateway.posts()[0]?.body.proof));
      const scripts = gateway.received.map(({ path }) => path).filter((path) => path.includes('proof'));
      t.match(scripts, [/^\/widget\/v1\.proof\.[0-9a-f]{12}\.js$/, '/widget/v1.proof.js']);
    });

    t.test('is computed although the first request of its script gets no answer', async (t) => {
      const { gateway, visitor, wait } = await launchTimedPage(t, []);
      gateway.form = { ...FORM, challenge: await challengeOf(100) };
      gateway.next.widget.push('hang');
      const asked = gateway.arrival('GET', /proof/);
      await visitor.ask();
      await asked;
      await wait(10);
      await visitor.reads('Message sent');
      t.ok(await isProof(gateway.posts()[0]?.body.proof));
    });

    t.test('works on plain http, without crypto.subtle and locks', async (t) => {
      const { gateway, page, context, complaints } = await launchPage(t);
      gateway.form = { ...FORM, challenge: await challengeOf(100) };
      // Chromium takes loopback for secure; a name that is served from here it does not.
      const html = await page.content();
      const plain = html
        .replaceAll(gateway.url, 'http://gateway.example/')
        .replace('site="demo"', 'site="demo" keep-offline');
      await context.route('http://dealer.example/**', (route) =>
        route.fulfill({ contentType: 'text/html', body: plain }),
      );
      await context.route('http://gateway.example/**', async (route) => {
        const request = route.request();
        const answer = await fetch(request.url().replace('http://gateway.example/', gateway.url), {
          method: request.method(),
          headers: await request.allHeaders(),
          body: request.postData(),
        });
        await route.fulfill({
          status: answer.status,
          headers: { ...Object.fromEntries(answer.headers), 'access-control-allow-origin': '*' },
          body: Buffer.from(await answer.arrayBuffer()),
        });
      });
      await page.goto('http://dealer.example/');
      await page.waitForFunction('customElements.get("text-us")');
      t.equal(await page.evaluate('isSecureContext || crypto.subtle || navigator.locks'), undefined);
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.reads('Message sent');
      t.ok(await isProof(gateway.posts()[0]?.body.proof));
      t.equal(await page.evaluate('localStorage.length'), 0);
      t.strictSame(complaints, []);
    });
  });
});
