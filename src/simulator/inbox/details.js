import { avatarOf, el, nameOf, phoneOf, timeOf } from './dom.js';

/**
 * Shows one conversation: the consumer, the listing, and the result of the call.
 * @param {HTMLElement} container
 * @param {object} message
 * @param {{ onBack: () => void }} handlers
 */
export function showDetails(container, message, { onBack }) {
  const back = el('button', { type: 'button', class: 'back quiet' }, '‹ All conversations');
  back.addEventListener('click', onBack);
  const phone = phoneOf(message);
  const parts = [
    back,
    el(
      'header',
      { class: 'person' },
      avatarOf(message),
      el('div', {}, el('h2', { dir: 'auto' }, nameOf(message)), el('p', { class: 'phone' }, phone)),
    ),
    message.got ? undefined : notOpened(message.fault),
    el(
      'div',
      { class: 'thread' },
      el(
        'p',
        { class: message.question ? 'bubble' : 'bubble silent', dir: 'auto' },
        message.question ?? 'No question.',
      ),
      el('p', { class: 'stamp' }, timeOf(message.at, true)),
    ),
    listingCard(message.listing),
    el('section', { class: 'card' }, el('h3', {}, 'The call'), rows(callRows(message))),
  ];
  container.replaceChildren(...parts.filter((part) => part !== undefined));
}

/** Builds the placeholder that is shown while no conversation is selected. */
export function showNothing(container) {
  const icon = el('img', { src: '/icon.svg', alt: '', width: '56', height: '56' });
  container.replaceChildren(el('div', { class: 'nothing' }, icon, el('p', {}, 'Conversations open here.')));
}

function notOpened(fault) {
  return el('p', { class: 'notice' }, `No agent would see this one: the provider answered “${fault}”.`);
}

function callRows(message) {
  const took = message.durationMs === null ? 'under way' : `${message.durationMs} ms`;
  return [
    ['Merchant', message.merchantId === undefined ? undefined : String(message.merchantId)],
    ['Advertiser', message.advertiserId],
    ['Placement', message.placementId === undefined ? undefined : String(message.placementId)],
    ['Provider', `${message.providerId} as ${message.userName}`],
    ['Answered with', message.fault],
    ['Took', took],
    ['Fingerprint', message.fingerprint],
  ];
}

function listingCard(listing) {
  if (!listing) return undefined;
  const named = namedValues(listing);
  return el(
    'section',
    { class: 'card' },
    el('h3', {}, 'Looking at'),
    named === undefined ? el('p', { class: 'text', dir: 'auto' }, listing) : rows(named),
    named && el('details', {}, el('summary', {}, 'As it was sent'), el('pre', { dir: 'auto' }, listing)),
  );
}

/** Names and values, where the text has one of the gateway's three formats. */
function namedValues(listing) {
  if (listing.startsWith('{')) {
    try {
      return Object.entries(JSON.parse(listing)).map(([name, value]) => [name, String(value)]);
    } catch {
      return undefined;
    }
  }
  if (/^[^=&\s]+=[^=&\s]*(&[^=&\s]+=[^=&\s]*)*$/.test(listing)) return [...new URLSearchParams(listing)];
  const pairs = listing.split('; ').map((pair) => /^([^:]{1,64}): (.*)$/s.exec(pair));
  return pairs.every((pair) => pair !== null) ? pairs.map(([, name, value]) => [name, value]) : undefined;
}

function rows(pairs) {
  const known = pairs.filter(([, value]) => value !== undefined);
  return el(
    'dl',
    {},
    ...known.map(([name, value]) => el('div', {}, el('dt', { dir: 'auto' }, name), el('dd', { dir: 'auto' }, value))),
  );
}
