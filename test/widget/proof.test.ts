import { type Challenge, createChallenge, type Payload, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import t from 'tap';
import { FORM } from './support/fake-gateway.ts';
import { openTheatre, setStage } from './support/stage.ts';
import { setTimedStage } from './support/timed.ts';
import { visitorOf } from './support/visitor.ts';

const SECRET = 'a secret';

function challengeOf(counter: number): Promise<Challenge> {
  return createChallenge({ algorithm: 'SHA-256', cost: 1, counter, deriveKey, hmacSignatureSecret: SECRET });
}

async function isProof(proof: unknown): Promise<boolean> {
  const payload: Payload = JSON.parse(Buffer.from(String(proof), 'base64').toString());
  return (await verifySolution({ ...payload, deriveKey, hmacSignatureSecret: SECRET })).verified;
}

t.test('a proof of work', async (t) => {
  const theatre = await openTheatre(t);

  t.test('is made in slices that the page does not feel, and comes with the lead', async (t) => {
    const { gateway, page, complaints } = await setStage(t, theatre);
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

  t.test('is made in a worker where the page says that one may start', async (t) => {
    const { gateway, page, complaints } = await setStage(t, theatre, {
      attributes: 'worker',
      policy:
        "default-src 'none'; script-src GATEWAY; connect-src GATEWAY; worker-src blob:; require-trusted-types-for 'script'",
    });
    gateway.form = { ...FORM, challenge: await challengeOf(5000) };
    // Listened to from the start: on a busy machine a worker may have come and gone before anybody asks.
    const ended = new Promise((resolve) => page.once('worker', (worker) => worker.once('close', resolve)));
    const visitor = visitorOf(page);
    await visitor.ask();
    await visitor.reads('Message sent');
    t.ok(await isProof(gateway.posts()[0]?.body.proof));
    await ended;
    t.strictSame(complaints, []);
  });

  t.test('is asked for by a refusal too, with another ticket', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
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

  t.test('of a kind that the button does not know is left out, for the gateway to decide', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
    const challenge = await challengeOf(100);
    gateway.form = { ...FORM, challenge: { parameters: { ...challenge.parameters, algorithm: 'ARGON2ID' } } };
    const visitor = visitorOf(page);
    await visitor.ask();
    await visitor.reads('Message sent');
    t.equal(gateway.posts()[0]?.body.proof, undefined);
  });

  t.test('still comes when its script could not be loaded at first, or is of another release', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
    gateway.form = { ...FORM, challenge: await challengeOf(100) };
    gateway.next.widget.push({ status: 404 });
    const visitor = visitorOf(page);
    await visitor.ask();
    await visitor.reads('Message sent');
    t.ok(await isProof(gateway.posts()[0]?.body.proof));
    const scripts = gateway.received.map(({ path }) => path).filter((path) => path.includes('proof'));
    t.match(scripts, [/^\/widget\/v1\.proof\.[0-9a-f]{12}\.js$/, '/widget/v1.proof.js']);
  });

  t.test('still comes when its script never arrives at first', async (t) => {
    const { gateway, visitor, wait } = await setTimedStage(t, theatre, []);
    gateway.form = { ...FORM, challenge: await challengeOf(100) };
    gateway.next.widget.push('hang');
    const asked = gateway.arrival('GET', /proof/);
    await visitor.ask();
    await asked;
    await wait(10);
    await visitor.reads('Message sent');
    t.ok(await isProof(gateway.posts()[0]?.body.proof));
  });

  t.test('comes from a page on plain http too, which has neither crypto.subtle nor locks', async (t) => {
    const { gateway, page, context, complaints } = await setStage(t, theatre);
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
