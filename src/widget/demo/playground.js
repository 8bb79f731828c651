import { chosenForm, withChosenForm } from './playground-form.js';

/** The playground: the controls on the left change the button, the lines to copy, and the colours. */
const controls = document.querySelector('#controls');
const stage = document.querySelector('#stage');
const snippet = document.querySelector('#snippet');
const json = document.querySelector('#json');
const events = document.querySelector('#events');
const { site } = await (await fetch('/demo/config.json')).json();

const FIELDS = ['field-name', 'field-first-name', 'field-last-name', 'field-question', 'field-consent'];
const ATTRIBUTES = [
  'site',
  'advertiser-id',
  'placement-id',
  'listing',
  'country',
  'lang',
  ...FIELDS,
  'position',
  'shape',
  'theme',
];
const COLORS = ['--text-us-accent', '--text-us-on-accent', '--text-us-background', '--text-us-color'];
const SIZES = ['--text-us-radius', '--text-us-font'];

for (const name of FIELDS) {
  for (const value of ['', 'shown', 'hidden', 'required']) {
    controls.elements[name].append(new Option(value || 'of the site', value));
  }
}
controls.elements.site.defaultValue = site ?? 'demo';

const chosen = (name) => controls.elements[name].value.trim();

/** The attributes that differ from the defaults, by name. */
function chosenAttributes() {
  const attributes = new Map();
  for (const name of ATTRIBUTES) if (chosen(name)) attributes.set(name, chosen(name));
  const heading = chosen('heading');
  if (heading) attributes.set('texts', JSON.stringify({ heading }));
  if (controls.elements['keep-offline'].checked) attributes.set('keep-offline', '');
  return attributes;
}

/** The custom properties that differ from the defaults, by name. */
function chosenProperties() {
  const names = [...(controls.elements.colors.checked ? COLORS : []), ...SIZES];
  return new Map(names.filter((name) => chosen(name)).map((name) => [name, chosen(name)]));
}

/** The form page of the gateway for visitors without the script. */
function formPage() {
  const query = new URLSearchParams(chosen('advertiser-id') && { advertiserId: chosen('advertiser-id') });
  return `${location.origin}/sites/${encodeURIComponent(chosen('site'))}/text${query.size ? `?${query}` : ''}`;
}

function show() {
  const attributes = chosenAttributes();
  const properties = chosenProperties();
  const label = chosen('label') || 'Text us';

  const button = document.createElement('text-us');
  for (const [name, value] of attributes) button.setAttribute(name, value);
  for (const [name, value] of properties) button.style.setProperty(name, value);
  if (chosen('label')) {
    const slot = Object.assign(document.createElement('span'), { slot: 'button', textContent: label });
    button.append(slot);
  }
  stage.replaceChildren(button);
  stage.dataset.theme = attributes.get('theme') ?? '';

  snippet.textContent = linesFor(attributes, properties, label);
  const form = chosenForm();
  document.querySelector('#config').textContent = Object.keys(form).length
    ? `"form": ${JSON.stringify(form, null, 2)}`
    : 'Nothing: the site has the usual form.';
  document.querySelector('#contrast').textContent = controls.elements.colors.checked ? contrasts() : '';
  document.querySelector('#listing-note').textContent = mistakeInListing();
}

/** What to copy into a page: the style sheet, the script, the button and its colours. */
function linesFor(attributes, properties, label) {
  const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
  const lines = [
    `<link rel="stylesheet" href="${location.origin}/widget/v1.css">`,
    `<script type="module" src="${location.origin}/widget/v1.js"></script>`,
  ];
  if (properties.size) {
    const rules = [...properties].map(([name, value]) => `  ${name}: ${value.replaceAll(/[;{}<]/g, '')};`);
    lines.push('<style>', 'text-us {', ...rules, '}', '</style>');
  }
  const written = [...attributes].map(([name, value]) => {
    if (value === '') return ` ${name}`;
    return value.includes('"') && !value.includes("'")
      ? ` ${name}='${value.replaceAll('&', '&amp;')}'`
      : ` ${name}="${escaped(value)}"`;
  });
  lines.push(`<text-us${written.join('')}>`, `  <a href="${escaped(formPage())}">${escaped(label)}</a>`);
  if (chosen('label')) lines.push(`  <span slot="button" hidden>${escaped(label)}</span>`);
  lines.push('</text-us>');
  return lines.join('\n');
}

function mistakeInListing() {
  const listing = chosen('listing');
  if (!listing.startsWith('{')) return '';
  try {
    JSON.parse(listing);
    return '';
  } catch (error) {
    return `The listing is no valid JSON, so it is sent as a text: ${error.message}`;
  }
}

/** The contrast of both pairs of colours by WCAG 2, and whether it suffices for text (4.5 to 1). */
function contrasts() {
  const pairs = [
    ['On accent', '--text-us-on-accent', '--text-us-accent'],
    ['Text', '--text-us-color', '--text-us-background'],
  ];
  return pairs
    .map(([name, front, back]) => {
      const [light, dark] = [luminance(chosen(front)), luminance(chosen(back))].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      return `${name}: ${ratio.toFixed(1)} to 1${ratio < 4.5 ? ' (too low, 4.5 is needed)' : ''}`;
    })
    .join(' · ');
}

/** Relative luminance of `#rrggbb` (WCAG 2.2, "relative luminance"). */
function luminance(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Shows the last message of the button and its answer, and gives it the form that is chosen for the site. */
const send = window.fetch;
window.fetch = async (input, init) => {
  const request = new Request(input, init);
  const { pathname } = new URL(request.url);
  const isMessage = request.method === 'POST' && pathname === '/conversations';
  const body = isMessage ? await request.clone().text() : '';
  if (isMessage) json.textContent = `POST /conversations\n${pretty(body)}`;
  const response = await send(request);
  if (isMessage) json.textContent += `\n\n${response.status}\n${pretty(await response.clone().text())}`;
  if (response.ok && /^\/sites\/[^/]+\/form$/.test(pathname))
    return Response.json(withChosenForm(await response.json()));
  return response;
};

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

for (const name of ['open', 'submit', 'success', 'error', 'warning']) {
  document.addEventListener(`text-us:${name}`, ({ detail }) => {
    const line = document.createElement('li');
    line.textContent = `text-us:${name} ${detail ? JSON.stringify(detail) : ''}`;
    events.prepend(line);
    while (events.children.length > 20) events.lastChild.remove();
  });
}

controls.addEventListener('input', ({ target }) => {
  if (COLORS.includes(target.name)) controls.elements.colors.checked = true;
  show();
});
controls.addEventListener('submit', (event) => event.preventDefault());
controls.addEventListener('reset', () => setTimeout(show));
document.querySelector('#copy').addEventListener('click', async ({ target }) => {
  await navigator.clipboard.writeText(snippet.textContent);
  target.textContent = 'Copied';
  setTimeout(() => Object.assign(target, { textContent: 'Copy' }), 2000);
});
show();
