import { avatarOf, el, nameOf, timeOf } from './dom.js';

const KEPT = 500;

/**
 * The list of conversations, newest first, as buttons of which one is in the tab order. Arrows, Home and End move
 * and show; Enter or a click opens. Arrivals never move the focus or the selection.
 * @param {HTMLElement} container
 * @param {{ onShow: (message: object) => void, onOpen: (byKeyboard: boolean) => void }} handlers
 */
export function createList(container, { onShow, onOpen }) {
  const items = new Map();
  let selected;

  /** Shows a conversation and gives it the list's place in the tab order. */
  function select(id) {
    const item = items.get(id);
    if (item === undefined) return;
    const before = items.get(selected)?.button;
    before?.removeAttribute('aria-current');
    before?.setAttribute('tabindex', '-1');
    item.button.setAttribute('aria-current', 'true');
    item.button.setAttribute('tabindex', '0');
    selected = id;
    onShow(item.message);
  }

  /** Selects like `select` and also marks the conversation as read. */
  function pick(id) {
    select(id);
    const button = items.get(id)?.button;
    button?.classList.remove('unread');
    button?.querySelector('.new')?.remove();
  }

  container.addEventListener('keydown', (event) => {
    const here = event.target.closest('li');
    const there = {
      ArrowDown: here?.nextElementSibling,
      ArrowUp: here?.previousElementSibling,
      Home: container.firstElementChild,
      End: container.lastElementChild,
    }[event.key];
    if (there === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (there === null) return;
    pick(Number(there.dataset.id));
    there.firstElementChild.focus();
  });
  container.addEventListener('click', (event) => {
    const item = event.target.closest('li');
    if (item === null) return;
    pick(Number(item.dataset.id));
    onOpen(event.detail === 0);
  });

  return {
    /** @param {object[]} messages oldest first; messages that are listed already are ignored. */
    add(messages) {
      for (const message of messages) {
        if (items.has(message.id)) continue;
        const button = buttonOf(message);
        items.set(message.id, { message, button });
        container.prepend(el('li', { 'data-id': String(message.id) }, button));
      }
      for (const [id] of items) {
        if (items.size <= KEPT) break;
        if (id === selected) selected = undefined;
        items.get(id).button.parentElement.remove();
        items.delete(id);
      }
      if (selected === undefined && messages.length > 0) select(messages.at(-1).id);
    },
    /** Records the duration of a call, and shows it if the conversation is selected. */
    settle(id, durationMs) {
      const item = items.get(id);
      if (item === undefined) return;
      item.message.durationMs = durationMs;
      if (id === selected) onShow(item.message);
    },
    clear() {
      items.clear();
      selected = undefined;
      container.replaceChildren();
    },
    focus: () => items.get(selected)?.button.focus(),
    size: () => items.size,
  };
}

function buttonOf(message) {
  const tag = message.fault === 'delivered' ? undefined : el('span', { class: 'tag' }, message.fault);
  const lost = message.got ? undefined : el('span', { class: 'tag lost' }, 'not opened');
  return el(
    'button',
    { type: 'button', class: 'item unread', tabindex: '-1' },
    avatarOf(message),
    el('span', { class: 'who', dir: 'auto' }, nameOf(message)),
    el('span', { class: 'when' }, timeOf(message.at)),
    el('span', { class: 'what', dir: 'auto' }, message.question ?? message.listing ?? 'Wants to be texted'),
    el('span', { class: 'tags' }, el('span', { class: 'hidden new' }, 'new'), tag, lost),
  );
}
