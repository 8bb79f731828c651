import type { FastifyReply, FastifyRequest } from 'fastify';
import { draftLead } from '../domain/draft.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Site } from '../domain/site.ts';
import type { Submission, Submit, SubmitContext } from '../leads/submit.ts';
import { defined } from '../lib/defined.ts';
import type { Limits } from './limits/limits.ts';
import { applyUsage } from './rate-headers.ts';
import type { Caller } from './requester.ts';
import type { LeadRequestBody } from './schemas/lead-request.ts';
import { requireFormFields } from './screening/form-fields.ts';
import { type Bearer, type FormGuard, isTrapped } from './screening/form-guard.ts';
import { pageOf } from './screening/page.ts';
import { admitToSite, evidentOrigin } from './site-access.ts';

export type LeadDeps = {
  readonly sites: () => ReadonlyMap<string, Site>;
  readonly limits: Limits;
  readonly guard: FormGuard;
  readonly submit: Submit;
};

/** What a request brings: the validated body, its `Idempotency-Key`, and whether a script or a plain form sent it. */
export type IncomingLead = {
  readonly body: LeadRequestBody;
  readonly idempotencyKey: string | undefined;
  readonly from: Bearer['kind'];
};

export type TakeLead = (request: FastifyRequest, reply: FastifyReply, incoming: IncomingLead) => Promise<Submission>;

/**
 * The way of a lead from a validated body to its outcome, the same for every form that it comes in: admission to the site,
 * the domain's rules, then `submit`, which screens and charges it unless it is a replay. Headers that tell of limits and
 * replays are set on the reply.
 */
export function createTakeLead({ sites, limits, guard, submit }: LeadDeps): TakeLead {
  return async (request, reply, { body, idempotencyKey, from }) => {
    const { caller } = request;
    const { origin } = request.headers;
    const asker = { partner: caller.partner, origin };
    const site = admitToSite(sites(), body.site, asker);
    caller.site = site;
    const lead = draftLead(body, site, defined({ partner: caller.partner, origin: evidentOrigin(asker) }));
    if (!caller.partner) requireFormFields(lead, site.form);
    const submission = await submit(lead, {
      requestId: request.id,
      caller: senderOf(caller, site, validKey(idempotencyKey)),
      screen: async () =>
        // A partner's back end has proven itself by its key; only what its own form caught counts.
        caller.partner
          ? { suspect: isTrapped(body.trap), uses: [] }
          : guard.check(body, site, { kind: from, page: pageOf(origin, request.host), address: caller.address }),
      charge: async () => applyUsage(reply, await limits.leads(request)),
    });
    if (submission.replayed) reply.header('idempotency-replayed', 'true');
    return submission;
  };
}

/** Within whom an `Idempotency-Key` means the same request: the partner, or the site. */
function senderOf({ partner, address }: Caller, site: Site, key: string | undefined): SubmitContext['caller'] {
  return defined({
    kind: partner ? ('partner' as const) : ('visitor' as const),
    id: partner?.id ?? site.key,
    address,
    idempotencyKey: key,
  });
}

function validKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Refusal('invalid_idempotency_key', 'The Idempotency-Key is not 1 to 255 visible ASCII characters.');
}
