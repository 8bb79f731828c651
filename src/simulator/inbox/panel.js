import { byId, el } from './dom.js';

const GROUPS = [
  ['The service', '0', '1'],
  ['HTTP status', '2', '3'],
  ['Bodies', '4', '5', '6'],
  ['Connection', '7', '8', '9'],
];

/** Creates the panel that chooses the answers to the next calls. Gives `refresh`, to be called when the orders may have changed. */
export function createPanel() {
  const fault = byId('fault');
  const plan = byId('plan');
  let faults = [];

  const order = () => ({
    fault: fault.value,
    ...(byId('delay').value !== '' && { delayMs: Number(byId('delay').value) }),
  });

  async function send(method, path, body) {
    const answer = await fetch(path, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const told = await answer.json();
    if (answer.ok) show(told);
    else plan.textContent = told.error;
  }

  function hint() {
    const chosen = faults.find(({ name }) => name === fault.value);
    if (chosen === undefined) return;
    const got = chosen.got ? 'The provider has the lead.' : 'The provider has not got the lead.';
    byId('hint').textContent = `${capital(chosen.summary)}. ${got} Also by number: ${spaced(chosen.phone)}`;
  }

  function show({ mode, queue }) {
    const queued = queue.map(({ fault: name, count }) => (count > 1 ? `${name} × ${count}` : name));
    byId('next').textContent = queued[0] ?? mode.fault;
    plan.textContent =
      queued.length === 0 ? `All calls: ${mode.fault}` : `${queued.join(', then ')}, then ${mode.fault} for all calls`;
  }

  async function load() {
    if (faults.length === 0) {
      faults = await (await fetch('/control/faults')).json();
      fault.replaceChildren(...GROUPS.map(([label, ...tens]) => group(label, tens, faults)));
      hint();
    }
    show(await (await fetch('/control')).json());
  }

  /** The feed reports an unreachable simulator, so this error is ignored. */
  const refresh = () => load().catch(() => undefined);

  fault.addEventListener('change', hint);
  byId('orders').addEventListener('submit', (event) => {
    event.preventDefault();
    send('POST', '/control/next', { ...order(), count: Number(byId('count').value) });
  });
  byId('stand').addEventListener('click', () => send('POST', '/control/mode', order()));
  byId('normal').addEventListener('click', () => send('DELETE', '/control/plan'));
  byId('empty-inbox').addEventListener('click', () => send('DELETE', '/control/messages'));
  byId('panel').addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    byId('panel').open = false;
    byId('panel').querySelector('summary').focus();
  });
  return { refresh };
}

function group(label, tens, faults) {
  const members = faults.filter(({ phone }) => tens.includes(phone.at(-2)));
  return el('optgroup', { label }, ...members.map(({ name }) => el('option', { value: name }, name)));
}

function spaced(phone) {
  return phone.replace(/^\+1(\d{3})(\d{3})/, '+1\u00a0$1\u00a0$2\u00a0');
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
