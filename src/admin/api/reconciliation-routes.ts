import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { XStatic } from 'typebox/schema';
import type { PartnerRecords } from '../../domain/ports/lead-records.ts';
import type { Partner } from '../../domain/site.ts';
import { FILE_FORMATS, readDay, signedDayFile } from '../../leads/reconciliation.ts';
import { AdminProblem } from './problem.ts';

/** Gives a partner of the configuration file or the store. */
export type FindPartner = (id: string) => Partner | undefined;

const PARAMS = {
  type: 'object',
  required: ['key', 'date'],
  properties: {
    key: { type: 'string', minLength: 1, maxLength: 64 },
    date: { type: 'string', maxLength: 10, description: 'A day (UTC) such as 2026-11-28.' },
  },
} as const;

const QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: { format: { type: 'string', enum: FILE_FORMATS, description: 'Default: jsonl.' } },
} as const;

const TYPES = { jsonl: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' } as const;

type Deps = {
  readonly findPartner: FindPartner;
  readonly listOfPartner: PartnerRecords['listOfPartner'];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Registers `GET /partners/{key}/reconciliations/{date}`: the file that the partner itself gets on the public listener, signed for each of its keys. */
export function reconciliationRoutes(app: FastifyInstance, { findPartner, listOfPartner, now }: Deps): void {
  app.get<{ Params: XStatic<typeof PARAMS>; Querystring: XStatic<typeof QUERY> }>(
    '/partners/:key/reconciliations/:date',
    { schema: { params: PARAMS, querystring: QUERY } },
    ({ params: { key, date }, query: { format = 'jsonl' } }, reply) => {
      const partner = findPartner(key);
      if (!partner) throw new AdminProblem(404, 'not_found', 'There is no such partner.');
      const day = readDay(date);
      if (day === undefined)
        throw new AdminProblem(422, 'invalid_request', 'The date is not a day such as 2026-11-28.');
      if (day > now()) throw new AdminProblem(422, 'invalid_request', 'The date is in the future.');
      const file = { partner: partner.id, day, test: false, format };
      return reply
        .type(TYPES[format])
        .header('content-disposition', `attachment; filename="${partner.id}-${date}.${format}"`)
        .send(Readable.from(signedDayFile({ listOfPartner }, file, partner.keyHashes)));
    },
  );
}
