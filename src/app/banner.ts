import type { Gateway } from './gateway.ts';

/** What a newcomer needs after `npm start`: something to paste, something to read, something to look at. */
export function banner({ url, inboxUrl }: Pick<Gateway, 'url' | 'inboxUrl'>): string {
  const body =
    '{"site":"demo","advertiserId":"1659","consumer":{"phone":"(404) 555-1212","question":"Is it still available?"}}';
  return `
  Text Connect Gateway runs at ${url}

  Try it:     curl -i ${url}/conversations -H 'content-type: application/json' -d '${body}'
  Demo page:  ${url}/demo
  Reference:  ${url}/docs
${inboxUrl ? `  Inbox:      ${inboxUrl}  (the simulator; what you send arrives here, of one number PHONE_DAILY_MAX a day)\n` : ''}
`;
}
