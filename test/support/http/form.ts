import type { FastifyInstance, LightMyRequestResponse } from 'fastify';

/** A form that the site `demo` accepts, as a browser sends it. */
export function goodForm(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const fields = { site: 'demo', advertiserId: '1659', 'consumer.phone': '(404) 555-1212', ...changes };
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  return new URLSearchParams(given).toString();
}

/** Posts a form as a page on `https://dealer.example` does. */
export function postForm(
  app: FastifyInstance,
  payload: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<LightMyRequestResponse> {
  return app.inject({
    method: 'POST',
    url: '/conversations/form',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://dealer.example', ...headers },
    payload,
  });
}

/** The text of an answer page. */
export function textOf(html: string): string {
  return html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
