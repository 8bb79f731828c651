import type { FastifyRequest } from 'fastify';
import { draftLead } from '../domain/draft.ts';
import type { Screening } from '../domain/ports/lead-store.ts';
import { type FieldError, Refusal } from '../domain/refusal.ts';
import { FORM_FIELDS, type Site, type SiteForm } from '../domain/site.ts';
import type { IdempotencyScope } from '../leads/hashing.ts';
import type { Submission, Submit } from '../leads/submit.ts';
import { systemClock, within } from '../lib/clock.ts';
import { RETRY_LATER } from '../lib/problem.ts';
import { defined } from '../lib/values.ts';
import {
  HOSTED_PAGE,
  only,
  pageOf,
  type Requester,
  recordedOrigin,
  type Sites,
  siteFor,
  siteKeyInBody,
} from './access.ts';
import { networksAbove } from './limits/address.ts';
import { holdToLimit, type Limits } from './limits/limits.ts';
import { Problem } from './problems.ts';
import { LEAD_REQUEST, type LeadRequestBody } from './schemas/lead-request.ts';
import { type FormGuard, isTrapped, type PageKind } from './screening/form-guard.ts';
import { bodyMistakes } from './validation.ts';

export type LeadDeps = {
  readonly sites: Sites;
  readonly limits: Limits;
  readonly guard: FormGuard;
  readonly submit: Submit;
  /** Longest wait for an answer, in milliseconds. It bounds the wait and not the lead: what was stored by then is delivered. */
  readonly waitMs: number;
};

/** What a request brings: the validated body, its `Idempotency-Key`, and whether a script or a plain form sent it. */
export type IncomingLead = {
  readonly body: LeadRequestBody;
  readonly idempotencyKey: string | undefined;
  readonly from: PageKind;
};

/**
 * Takes the lead of a request.
 *
 * @throws Refusal of the site, the lead's rules, the screening, the limits and `submit`: nothing was stored
 * @throws Problem `overloaded` when no outcome is known in time
 */
export type TakeLead = (request: FastifyRequest, incoming: IncomingLead) => Promise<Submission>;

/**
 * The way of a lead from a validated body to its outcome, the same for every form that it comes in: the site that it may be
 * sent to, the domain's rules, then `submit`, which has it screened and counted unless it is a replay.
 */
export function createTakeLead({ sites, limits, guard, submit, waitMs }: LeadDeps): TakeLead {
  return async (request, { body, idempotencyKey, from }) => {
    const { requester } = request;
    const { partner, address } = requester;
    const { origin } = request.headers;
    const hosted = from === 'hosted';
    const wrong = mistakesOfForm(request);
    const wanted = siteKeyInBody(body) ?? partner?.defaultSite;
    const found = wanted === undefined ? undefined : sites.find(wanted);
    const known = found instanceof Promise ? only(await found) : sites;
    const site = siteOf(wrong, () => siteFor(known, body.site, { partner, origin, hosted }));
    requester.site = site;
    const mistakes = partner ? wrong : [...wrong, ...missingFields(body, site.form, wrong)];
    // A partner's header says nothing about a visitor.
    const sender = defined({ partner, origin: partner ? undefined : recordedOrigin(origin), test: requester.test });
    const lead = draftLead(body, site, sender, mistakes);
    const screen = async (): Promise<Screening> => {
      // A partner's key replaces token and proof; only the trap field of the partner's own form is checked.
      const screening = partner
        ? { suspect: isTrapped(body.trap), uses: [] }
        : await guard.check(body, site, { kind: from, page: hosted ? HOSTED_PAGE : pageOf(request), address });
      holdToLimit(requester, await limits.leads(request));
      return screening;
    };
    const scope = scopeOf(requester, site, validKey(idempotencyKey));
    // Fastify's own `handlerTimeout` bounds the wait too, at the price of an aborted signal and its exception for each request.
    const submission = await within(systemClock, waitMs, submit(lead, { requestId: request.id, scope, screen }));
    if (!submission) throw new Problem('overloaded', { headers: RETRY_LATER });
    return submission;
  };
}

/** Within which an `Idempotency-Key` means the same request: the partner, or the site; tests apart from real requests. */
function scopeOf({ partner, address, test }: Requester, site: Site, key: string | undefined): IdempotencyScope {
  return defined({
    kind: partner ? ('partner' as const) : ('visitor' as const),
    id: partner?.id ?? site.key,
    address,
    networks: partner ? undefined : networksAbove(address),
    idempotencyKey: key,
    test: test || site.test || undefined,
  });
}

function validKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Refusal('invalid_idempotency_key', 'The Idempotency-Key is not 1 to 255 visible ASCII characters.');
}

/** @throws the error of a wrong path, which is no mistake of the body */
function mistakesOfForm(request: FastifyRequest): FieldError[] {
  const { validationError } = request;
  if (!validationError) return [];
  if (validationError.validationContext !== 'body') throw validationError;
  return bodyMistakes(request, LEAD_REQUEST);
}

/**
 * The site of a lead. Where the body's form is wrong that comes first, and the other mistakes are known only with a site.
 * @throws Refusal `invalid_request` with the mistakes of the form, else what `find` throws
 */
function siteOf(wrong: readonly FieldError[], find: () => Site): Site {
  const [first] = wrong;
  if (!first) return find();
  const refusal = new Refusal('invalid_request', first.detail, { errors: wrong });
  if (wrong.some(({ pointer }) => pointer === '' || pointer === '/site')) throw refusal;
  try {
    return find();
  } catch {
    throw refusal;
  }
}

/** Fields that the site's form requires of visitors and that the body lacks. */
function missingFields(
  { consumer }: LeadRequestBody,
  { fields }: SiteForm,
  wrong: readonly FieldError[],
): FieldError[] {
  if (wrong.some(({ pointer }) => pointer === '/consumer')) return [];
  return FORM_FIELDS.filter((name) => fields[name] === 'required' && isBlank(consumer[name])).map((name) => ({
    pointer: `/consumer/${name}`,
    code: 'invalid_request',
    detail: 'Is missing, and this site requires it.',
  }));
}

function isBlank(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && value.trim() === '');
}
