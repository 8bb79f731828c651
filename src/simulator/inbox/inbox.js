import { showDetails, showNothing } from './details.js';
import { byId, nameOf } from './dom.js';
import { follow } from './feed.js';
import { createList } from './list.js';
import { createPanel } from './panel.js';

/** Arrivals within this time are announced together: a screen reader must not read out a hundred names. */
const ANNOUNCE_MS = 400;

const page = document.documentElement;
const details = byId('details');
const narrow = matchMedia('(max-width: 44rem)');
const panel = createPanel();
let arrived = [];
let unseen = 0;

const list = createList(byId('list'), {
  onShow: (message) => showDetails(details, message, { onBack: backToList }),
  onOpen(byKeyboard) {
    page.dataset.view = 'details';
    if (byKeyboard || narrow.matches) details.focus();
  },
});

function backToList() {
  page.dataset.view = 'list';
  list.focus();
}

function count() {
  const size = list.size();
  byId('count-text').textContent = size === 1 ? '1 conversation' : `${size || 'No'} conversations`;
  byId('empty').hidden = size > 0;
  byId('empty-inbox').hidden = size === 0;
  if (size === 0) {
    showNothing(details);
    page.dataset.view = 'list';
  }
}

function announce() {
  const [first] = arrived;
  byId('announce').textContent =
    arrived.length === 1 ? `New conversation from ${nameOf(first)}` : `${arrived.length} new conversations`;
  arrived = [];
}

function title() {
  document.title = unseen === 0 ? 'Conversations' : `(${unseen}) Conversations`;
}

function clear() {
  list.clear();
  count();
}

follow({
  onMessages(messages) {
    if (messages.length === 0) return;
    list.add(messages);
    count();
    if (arrived.length === 0) setTimeout(announce, ANNOUNCE_MS);
    arrived.push(...messages);
    if (document.hidden) unseen += messages.length;
    title();
  },
  onSettled: ({ id, durationMs }) => list.settle(id, durationMs),
  onRestart: clear,
  onCleared: clear,
  onControl: () => panel.refresh(),
  onState(state) {
    byId('live').dataset.state = state;
    byId('live').firstElementChild.textContent = state === 'live' ? 'Live' : 'Reconnecting';
  },
});

count();
details.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') backToList();
});
document.addEventListener('visibilitychange', () => {
  unseen = 0;
  title();
});
