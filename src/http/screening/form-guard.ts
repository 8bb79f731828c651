import type { Challenge } from 'altcha-lib/types';
import { LEASE_MS, maxClockSkewMs } from '../../domain/ports/delivery-queue.ts';
import type { Screening } from '../../domain/ports/lead-store.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Site } from '../../domain/site.ts';
import { countedSite } from '../../leads/hashing.ts';
import type { PageIdentity } from '../access.ts';
import type { FormTokens } from './form-token.ts';
import type { Proofs } from './proof.ts';

/**
 * The clocks of two replicas may differ by up to half a lease. A token from further in the future than that says that the clock
 * was set back since, and nothing of how fast the form was filled in.
 */
const CLOCK_SKEW_MS = maxClockSkewMs(LEASE_MS);

/** The evidence with a lead that distinguishes people from robots; a blank text counts as absent. */
export type Evidence = { readonly formToken?: string; readonly proof?: string; readonly trap?: string };

/**
 * What sends a lead: a script; a `static` page, which is plain HTML and can bring neither token nor proof; or the gateway's own
 * `hosted` page of a site, which always brings a token and can bring no proof.
 */
export type PageKind = 'script' | 'static' | 'hosted';

/** Where a lead comes from. */
export type LeadSource = { readonly kind: PageKind; readonly page: PageIdentity; readonly address: string };

/** The token that a form sends along with its lead; a challenge only where the site asks this address for a proof now. */
export type Issued = { readonly formToken: string; readonly challenge?: Challenge };

/** Distinguishes people from robots without asking people to do anything. */
export interface FormGuard {
  /** @throws StorageUnavailable where the site's proof is adaptive */
  issue(site: Site, page: PageIdentity, address: string): Promise<Issued>;
  /**
   * Checks what came with a visitor's lead. What is presented has to be right. What a script leaves out although the site
   * asks for it is refused; a static page cannot bring it, so that its lead is a suspect.
   *
   * @throws Refusal `form_token_invalid`, `proof_required`
   * @throws StorageUnavailable where the site's proof is adaptive
   */
  check(evidence: Evidence, site: Site, source: LeadSource): Promise<Screening>;
}

/** @param leadsToday leads that were stored for a site (`countedSite`) from an address this UTC day */
export function createFormGuard(
  tokens: FormTokens,
  proofs: Proofs,
  leadsToday: (site: string, address: string) => Promise<number>,
): FormGuard {
  const needsProof = async ({ key, test, form }: Site, address: string): Promise<boolean> =>
    form.proof === 'always' ||
    (form.proof === 'adaptive' && (await leadsToday(countedSite(key, test), address)) >= form.adaptiveAfter);

  return {
    async issue(site, page, address) {
      const formToken = tokens.issue(site.key, page);
      if (!(await needsProof(site, address))) return { formToken };
      return { formToken, challenge: await proofs.challenge(site.key, page) };
    },
    async check({ formToken = '', proof = '', trap = '' }, site, { kind, page, address }) {
      const token = formToken === '' ? undefined : tokens.check(formToken, site.key, page);
      const proven = proof === '' ? undefined : await proofs.check(proof, site.key, page);
      const lacksToken = !token && (site.form.token === 'required' || kind === 'hosted');
      const lacksProof = !proven && (await needsProof(site, address));
      if (kind !== 'static' && lacksToken) {
        throw new Refusal(
          'form_token_invalid',
          'Is missing, and this site needs one; get it from GET /sites/{key}/form.',
          { pointer: '/formToken' },
        );
      }
      if (kind === 'script' && lacksProof) {
        throw new Refusal(
          'proof_required',
          'Is missing, and this site needs one; GET /sites/{key}/form gives the challenge.',
          { pointer: '/proof' },
        );
      }
      const tooQuick = token !== undefined && token.ageMs >= -CLOCK_SKEW_MS && token.ageMs < site.form.minFillS * 1000;
      return {
        suspect: isTrapped(trap) || tooQuick || lacksToken || lacksProof,
        uses: [token?.use, proven].filter((use) => use !== undefined),
      };
    },
  };
}

/** The field that no person sees was filled in. */
export function isTrapped(trap: string | undefined): boolean {
  return trap !== undefined && trap !== '';
}
