import type { Mistake } from '../problem.ts';

const URL_RULE = 'use an absolute URL such as https://hooks.example/path';

/** Checks the URL that outgoing messages are posted to. */
export function checkReceiverUrl(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (!url || /\s/.test(text)) return { problem: 'is not an absolute URL', fix: URL_RULE };
  if (!/^https?:$/.test(url.protocol)) return { problem: 'is neither https nor http', fix: URL_RULE };
  if (url.username !== '' || url.password !== '') {
    return {
      problem: 'contains a user name or password',
      fix: 'take them out; a receiver verifies the signature of "secret"',
    };
  }
  return url.hash === '' ? undefined : { problem: 'contains a fragment', fix: 'leave out everything from # on' };
}

/** Checks a secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
export function checkWebhookSecret(text: string): Mistake | undefined {
  const fix = 'use whsec_ and 24 to 64 random bytes in base64: echo "whsec_$(openssl rand -base64 32)"';
  if (!text.startsWith('whsec_')) return { problem: 'does not begin with whsec_', fix };
  const encoded = text.slice('whsec_'.length);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded || bytes.length < 24 || bytes.length > 64)
    return { problem: 'is not whsec_ and 24 to 64 bytes in base64', fix };
  return new Set(bytes).size < 8 ? { problem: 'is no random secret', fix } : undefined;
}

/** Checks one address of e-mail, without a name beside it. */
export function checkEmail(text: string): Mistake | undefined {
  if (/^[^\s@<>(),;:"\\[\]]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i.test(text)) return undefined;
  return { problem: 'is not an e-mail address', fix: 'use an address such as oncall@example.com, without a name' };
}

/** Checks the IANA name of a time zone. */
export function checkTimeZone(text: string): Mistake | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return undefined;
  } catch {
    return { problem: 'is not a time zone', fix: 'use an IANA name such as America/New_York or Europe/Berlin' };
  }
}
