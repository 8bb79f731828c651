import Fastify from 'fastify';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import xml2js from 'xml2js';

/**
 * The yardstick: a bare handler that does the same translation with the same libraries and nothing else. No admission, no
 * validation, no storage, no classification: what a careful developer would write in an afternoon, with fastify's own request
 * logging and a line a call. Prints its address.
 */
type Body = {
  advertiserId: string;
  consumer: { phone: string; firstName: string; lastName: string; question: string };
  listing: Record<string, string>;
};

const endpoint = process.env.UPSTREAM_URL ?? '';
const log = pino({ base: null }, pino.destination({ fd: 2, sync: true }));
const agent = new Agent({ connections: 256, allowH2: false });
const builder = new xml2js.Builder({ rootName: 'MobileTextConnectRequest', renderOpts: { pretty: false } });
const app = Fastify({ loggerInstance: log });

app.post<{ Body: Body }>('/conversations', async ({ body, log }, reply) => {
  const started = performance.now();
  const xml = builder.buildObject({
    ProviderId: 1001,
    UserName: 'demo',
    Password: 'demo-password',
    AdvertiserId: body.advertiserId,
    ListingDetails: Object.entries(body.listing)
      .map(([name, value]) => `${name}: ${value}`)
      .join('; '),
    ConsumerPhoneNumber: body.consumer.phone.replace(/\D/g, ''),
    ConsumerPhoneNumberCountryCode: '1',
    ConsumerFirstName: body.consumer.firstName,
    ConsumerLastName: body.consumer.lastName,
    ConsumerQuestion: body.consumer.question,
  });
  const answer = await request(endpoint, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/xml; charset=utf-8' },
    body: xml,
  });
  const parsed = await xml2js.parseStringPromise(await answer.body.text());
  const delivered = parsed.MobileTextConnectResponse.Status[0] === 'Success';
  log.info(
    { httpStatus: answer.statusCode, durationMs: Math.round(performance.now() - started), delivered },
    'attempt',
  );
  return reply.code(delivered ? 201 : 502).send({ status: delivered ? 'delivered' : 'failed' });
});

console.log(await app.listen({ host: '127.0.0.1', port: 0 }));
