import { STATUSES } from '../../src/domain/lead.ts';
import type { Settlement } from '../../src/domain/ports/delivery-queue.ts';
import { ATTEMPTS_KEPT, type AuditEntry, type Filter } from '../../src/domain/ports/lead-records.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { defined } from '../../src/lib/values.ts';
import { lead } from './lead.ts';
import { entry, hashing, leased, newLead, queued } from './outbox.ts';

const NUMBER = hashing.phone(lead().phone.e164);
const AUDIT: AuditEntry = { at: 5_000, actor: 'cli:ann', action: 'replay', count: 0, detail: 'all' };
const USES = [{ kind: 'form_token', key: Buffer.alloc(16, 1), expiresAt: 9_000 }] as const;

const FILTERS: readonly Filter[] = [
  {},
  { site: 'demo' },
  { cause: ['refused'] },
  { cause: ['refused', 'schedule'], site: 'demo' },
  { status: ['parked'] },
  { status: ['held', 'unknown', 'parked'] },
  { status: ['queued', 'delivered'] },
  { partner: 'a', provider: 'default', since: 1_000, until: 9_000 },
  { phoneHash: NUMBER },
  { phoneHash: NUMBER, site: 'demo', cause: ['refused'] },
  { ids: ['cnv_1', 'cnv_2'], status: ['parked'] },
];

/** Runs every operation of a store at least once, so that a test sees every statement. */
export async function everyOperation(outbox: Outbox): Promise<void> {
  await handleLeads(outbox);
  for (const filter of FILTERS) {
    await outbox.list(filter, { limit: 5 });
    await outbox.count(filter);
    await outbox.consents(filter, { limit: 5 });
    await outbox.countConsents(filter);
    await outbox.requeue(filter, 5, AUDIT);
  }
  const page = await outbox.listOfPartner({ partner: 'a' }, { limit: 1 });
  for (const status of [undefined, ...STATUSES]) {
    await outbox.listOfPartner(defined({ partner: 'a', status, since: 1_000, until: 9_000 }), { limit: 5 });
    await outbox.listOfPartner(
      defined({ partner: 'a', status, reference: 'r' }),
      defined({ limit: 5, after: page.next }),
    );
  }
  await outbox.flagConsents();
  await outbox.audit({ limit: 5 });
  await outbox.record(AUDIT);
  await outbox.openCounts();
  await outbox.stats();
  await outbox.tallies(['provider', 'status', 'cause', 'message', 'site']);
  await outbox.waiting();
  await outbox.suppress(NUMBER, entry('suppress', 1_000));
  await outbox.accept(newLead(), 8_000);
  await outbox.suppressions({ limit: 5 });
  await outbox.unsuppress(NUMBER, entry('unsuppress', 2_000));
  await outbox.erase(NUMBER, { now: 9_000, audit: AUDIT });
  await outbox.expire(20_000, 5);
  await outbox.purge(20_000, 5);
  await outbox.scrub();
  await outbox.addSiteHours(
    [{ site: 'demo', hour: 1, count: 1 }],
    [{ site: 'demo', origin: 'https://a.example', count: 1, lastAt: 1 }],
    0,
  );
  await outbox.learnSiteHours(2, 0);
  await outbox.suspects(2, 5);
  await outbox.rhythms(['demo']);
  await outbox.refusedOrigins(0);
  await outbox.ready();
}

async function handleLeads(outbox: Outbox): Promise<void> {
  const caps = [
    { kind: 'phone', key: hashing.phoneCap('demo', NUMBER), max: 99 },
    { kind: 'site', key: hashing.siteCap('demo'), max: 99 },
    { kind: 'visitor', key: hashing.visitorCap('demo', '203.0.113.1'), max: 99 },
  ] as const;
  const sent = newLead({ caps, uses: USES, lead: lead({ consent: { version: '1' } }) });
  for (const reference of ['q', 'r']) await leased(outbox, 1_000, { lead: lead({ partner: 'a', reference }) });
  const lease = await leased(outbox, 1_000, sent);
  await outbox.accept(sent, 1_000);
  await outbox.accept(newLead({ caps: caps.map((cap) => ({ ...cap, max: 0 })), uses: USES }), 1_000);
  await outbox.lookup(sent.request, 1_000);
  await outbox.counted(hashing.visitorCap('demo', '203.0.113.1'), 1_000);
  await outbox.find(lease.id);
  await outbox.renew([lease], 1_500);
  const account = { credentials: 'credentials-1', target: 'a' };
  const facts = { outcome: 'refused', cause: 'failure', httpStatus: 200, durationMs: 90 } as const;
  const ends: readonly Settlement[] = [
    { status: 'queued', dueAt: 3_000, attempted: true, description: 'Busy', credentials: 'accepted', account, facts },
    { status: 'queued', dueAt: 3_000, attempted: true, description: 'Bad password', credentials: 'refused', account },
    {
      status: 'parked',
      cause: 'refused',
      attempted: true,
      description: 'No such merchant',
      message: 'no such merchant',
      facts,
    },
  ];
  for (const [n, end] of ends.entries())
    await outbox.settle(n === 0 ? lease : await leased(outbox, 1_000), end, 2_000 + n);
  // The lead has as many attempts as are kept.
  const often = { ...(await leased(outbox, 1_000)), attempts: ATTEMPTS_KEPT };
  await outbox.settle(often, { status: 'parked', cause: 'schedule', attempted: true, facts }, 2_000);
  await outbox.retry([lease.id], { ...AUDIT, action: 'retry', at: 2_500 });
  await outbox.show(lease.id);
  await outbox.reveal(lease.id, { ...AUDIT, action: 'reveal' });
  await outbox.accept(newLead({ start: { kind: 'parked' } }), 2_000);
  await queued(outbox, 1_000);
  await outbox.claim({ providers: ['default'], limit: 5, now: 4_000 });
  await outbox.claim({ providers: ['default'], limit: 5, now: 4_000, probing: true });
  await outbox.claimProbe('default', 4_000);
  await outbox.nextDue(['default']);
  await outbox.providersWithWork();
  await outbox.parked();
  await outbox.postponeProbe('default', 4_000, 5_000);
  await outbox.unpark('default', 4_000);
  await outbox.parkQueued('default', 5, 4_000);
  await outbox.releaseWaiting('default', 5, 4_000);
}
