import { Refusal } from '../domain/refusal.ts';

/**
 * Refuses a body that is not of `type`, in plain UTF-8, by its headers and before a byte of it is read.
 * @param name of such a body, for the refusal
 * @throws Refusal `unsupported_media_type`
 */
export function requireBodyType(
  type: string,
  name: string,
  headers: { readonly 'content-type'?: string | undefined; readonly 'content-encoding'?: string | undefined },
): void {
  const { 'content-type': contentType, 'content-encoding': encoding } = headers;
  if (contentType === undefined) throw unsupported(`has no Content-Type; send ${type}.`);
  const [given = '', ...parameters] = contentType.split(';');
  if (given.trim().toLowerCase() !== type) throw unsupported(`is not ${type}, and nothing else is taken here.`);
  for (const parameter of parameters) {
    const [key = '', value = ''] = parameter.split('=', 2);
    if (key.trim().toLowerCase() === 'charset' && !/^\s*("?)utf-?8\1\s*$/i.test(value)) {
      throw unsupported(`is in another charset; send ${name} in UTF-8.`);
    }
  }
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw unsupported('has a Content-Encoding; send the body as it is.');
  }
}

function unsupported(detail: string): Refusal {
  return new Refusal('unsupported_media_type', `The body ${detail}`);
}
