import { type Challenge, solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';

export type Form = { readonly formToken: string; readonly challenge?: Challenge };

/** The form that a site's button gets on a page of that origin. */
export async function formOf(url: string, page: string, site = 'demo'): Promise<Form> {
  const answer = await fetch(`${url}/sites/${site}/form`, { headers: { origin: page } });
  return (await answer.json()) as Form;
}

/** Solves a challenge, as the button does. */
export async function prove(challenge: Challenge | undefined): Promise<string> {
  if (!challenge) throw new Error('No proof is asked for.');
  const solution = await solveChallenge({ challenge, deriveKey });
  return Buffer.from(JSON.stringify({ challenge, solution })).toString('base64');
}
