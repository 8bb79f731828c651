/**
 * Makes an element. Strings among the children become text nodes, never markup: the texts of leads are untrusted.
 * @param {string} tag
 * @param {Record<string, string | boolean | undefined>} [attributes] `true` sets an empty one; false and undefined none
 * @param {...(Node | string | undefined)} children
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** Gives the consumer's name, or the phone number if the lead has no name. */
export function nameOf(message) {
  const name = [message.firstName, message.lastName].filter((part) => part?.trim()).join(' ');
  return name || phoneOf(message);
}

/** Formats a North American number in its national style, and any other number as digits. */
export function phoneOf({ countryCode, phone }) {
  const parts = countryCode === '1' ? /^(\d{3})(\d{3})(\d{4})$/.exec(phone) : null;
  return parts === null ? `+${countryCode} ${phone}` : `+1 (${parts[1]}) ${parts[2]}-${parts[3]}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** A `time` element, short or whole, in the reader's own zone. */
export function timeOf(at, whole = false) {
  return el('time', { datetime: at }, (whole ? full : clock).format(new Date(at)));
}

/** The round initial of a conversation; its colour follows the lead. */
export function avatarOf(message) {
  const [initial = ''] = message.firstName ?? message.lastName ?? '';
  const hue = String(Number.parseInt(message.fingerprint.slice(0, 2), 16) % 6);
  return el('span', { class: 'avatar', 'data-hue': hue, 'aria-hidden': 'true' }, initial.toUpperCase() || '#');
}
