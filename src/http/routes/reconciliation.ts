import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { PartnerRecords } from '../../domain/ports/lead-records.ts';
import { Refusal } from '../../domain/refusal.ts';
import { FILE_FORMATS, type FileFormat, readDay, signedDayFile } from '../../leads/reconciliation.ts';
import { presentedKeyHash } from '../access.ts';
import { FILE_TYPES, READ_RECONCILIATION, RECONCILIATION_QUERY } from '../schemas/reconciliation.ts';
import { type Query, readQuery, wrong } from './partner-list.ts';

export type ReconciliationDeps = PartnerRecords & {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** `GET /reconciliations/{date}`: what became of the leads that a partner sent on one day, as a signed file. */
export async function reconciliationRoutes(app: FastifyInstance, { now, ...store }: ReconciliationDeps): Promise<void> {
  app.get<{ Params: { date: string }; Querystring: Query }>(
    '/reconciliations/:date',
    {
      schema: READ_RECONCILIATION,
      config: { limit: 'partner-reads' },
      // The route says what is wrong.
      attachValidation: true,
    },
    (request, reply) => {
      const { params, requester, headers } = request;
      const { partner, test = false } = requester;
      if (!partner || headers.authorization === undefined) {
        throw new Refusal(
          'invalid_api_key',
          'These files are for partners; send your key as "Authorization: Bearer <key>".',
        );
      }
      const day = readDay(params.date);
      if (day === undefined) throw wrong('date', 'Is not a day such as 2026-11-28.');
      if (day > now()) throw wrong('date', 'Is in the future.');
      const { format = 'jsonl' } = readQuery(request.query, Object.keys(RECONCILIATION_QUERY.properties));
      if (!isFormat(format)) throw wrong('format', `Is not one of ${FILE_FORMATS.join(', ')}.`);
      const file = { partner: partner.id, day, test, format };
      // Only who asks can check a signature with the key that it asked with.
      const lines = signedDayFile(store, file, [presentedKeyHash(headers.authorization)]);
      return reply
        .type(FILE_TYPES[format])
        .headers({
          'cache-control': 'no-store',
          'content-disposition': `attachment; filename="${params.date}.${format}"`,
        })
        .send(Readable.from(lines));
    },
  );
}

function isFormat(text: string): text is FileFormat {
  return (FILE_FORMATS as readonly string[]).includes(text);
}
