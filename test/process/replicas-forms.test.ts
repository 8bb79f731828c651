import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { leadOf, type Reply, send } from '../support/caller.ts';
import { startFleet } from '../support/fleet.ts';
import { formOf, prove } from '../support/form.ts';
import { startPostgres } from '../support/postgres.ts';

const PAGE = 'https://dealer.example';
const ROUNDS = 5;
const REPLICAS = 3;
const SITE = {
  name: 'Dealer',
  origins: [PAGE],
  targets: { advertiserIds: '*' },
  country: 'US',
  form: { token: 'required', proof: 'always', minFillS: 0 },
};

t.setTimeout(90_000);
const server = await startPostgres();

const codesOf = (replies: readonly Reply[]): unknown[] =>
  replies.map(({ status, body }) => (status === 422 ? body.code : status)).sort();

t.test('what one replica gave with a form is good for one lead at all of them at once', async (t) => {
  const folder = t.testdir({ 'config.json': JSON.stringify({ sites: { demo: SITE } }) });
  const fleet = await startFleet(t, server, REPLICAS, {
    CONFIG_FILE: join(folder, 'config.json'),
    HASH_KEY: randomBytes(32).toString('base64'),
  });
  let leads = 0;
  const form = () => formOf(fleet.next(), PAGE);
  /** A lead of a number of its own at each replica. */
  const toAll = (evidence: readonly object[]): Promise<Reply[]> =>
    Promise.all(evidence.map((brought) => send(fleet.next(), leadOf(leads++, brought))));

  for (let round = 0; round < ROUNDS; round += 1) {
    const { formToken, challenge } = await form();
    const both = { formToken, proof: await prove(challenge) };
    t.strictSame(codesOf(await toAll([both, both, both])), [201, 'form_token_invalid', 'form_token_invalid']);
    const forms = await Promise.all(Array.from({ length: REPLICAS }, form));
    const proof = await prove(forms[0]?.challenge);
    const sameProof = forms.map(({ formToken }) => ({ formToken, proof }));
    t.strictSame(codesOf(await toAll(sameProof)), [201, 'proof_required', 'proof_required']);
  }
  t.equal((await fleet.stored()).length, 2 * ROUNDS);
});
