import { escapeHtml } from '../../lib/text.ts';
import { type Language, WORDS, type Words } from '../../words/languages.ts';
import { htmlPage, pageHeaders, type SiteLink, STYLE } from './page.ts';
import type { siteFormBody } from './site-form.ts';

const FORM_STYLE = `${STYLE}
form { display: grid; gap: 1rem; margin-block-start: 1.25rem; }
label { display: block; font-weight: 600; }
small { font-weight: 400; }
input, textarea { box-sizing: border-box; inline-size: 100%; margin-block-start: .25rem; padding: .6rem .75rem; font: inherit;
  color: inherit; background: Field; border: 1px solid GrayText; border-color: color-mix(in srgb, CanvasText 60%, Canvas); border-radius: .5rem; }
label.check { display: flex; gap: .75rem; align-items: start; font-weight: 400; }
::placeholder { color: color-mix(in srgb, CanvasText 72%, Canvas); opacity: 1; }
.check input { flex: none; inline-size: 1.5rem; block-size: 1.5rem; margin: 0; }
button { min-block-size: 2.75rem; padding: .6rem 1rem; border: 1px solid transparent; border-radius: .5rem;
  background: #2160d8; color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid #2160d8; outline-color: light-dark(#2160d8, #8ab4ff); outline-offset: 2px; }
.error { margin: .25rem 0 0; color: #b3261e; color: light-dark(#b3261e, #ffb4ab); font-weight: 600; }
.error a { color: inherit; }
select { inline-size: auto; box-sizing: border-box; margin-block-start: .25rem; padding: .6rem .5rem; font: inherit; color: inherit; background: Field;
  border: 1px solid color-mix(in srgb, CanvasText 60%, Canvas); border-radius: .5rem; max-inline-size: 40%; }
.phone { display: flex; gap: .5rem; }
[type=tel] { direction: ltr; }
.answer { position: relative; padding-inline-start: 1.2rem; font-size: .9375rem; }
.answer::before { content: ""; position: absolute; inset-block-start: .55em; inset-inline-start: .1rem; border: .35rem solid GrayText; border-radius: 9rem; }
.open::before { border-color: #1a9c52; }
.legal { margin: 0; font-size: .875rem; }
.legal a { margin-inline-end: .5rem; }
.trap { position: absolute; inset-block-start: -99rem; left: 0; width: 2rem; overflow: hidden; }
`;

/** Headers of the page. @param next an origin that the form may be redirected to */
export const textPageHeaders = (next?: string) => ({
  ...pageHeaders(FORM_STYLE, ["'self'", ...(next === undefined ? [] : [next])]),
  // With helmet's own, `no-referrer`, browsers would send `Origin: null` with the form.
  referrerPolicy: { policy: 'strict-origin' as const },
});

/** Names of the fields that a visitor fills in, as the form of the API has them. */
const FIELDS = ['phone', 'name', 'firstName', 'lastName', 'question'] as const;
type FieldName = (typeof FIELDS)[number];

export type TextPage = {
  readonly language: Language;
  readonly form: ReturnType<typeof siteFormBody>;
  readonly site: SiteLink;
  /** What the heading may show of the listing. */
  readonly listing: string;
  /** Fields that are sent along unseen, by their names in the form of the API. */
  readonly carried: readonly (readonly [name: string, value: string])[];
  /** What the visitor typed before. */
  readonly typed: { readonly [name in FieldName | 'country']?: unknown };
  /** Why the form was not taken, and the field that the visitor has to change, if it is one. */
  readonly fault?: { readonly message: string; readonly field?: FieldName | 'consent' | undefined };
};

const ATTRIBUTES: Readonly<Record<FieldName, string>> = {
  phone: 'type="tel" autocomplete="tel" maxlength="64"',
  name: 'autocomplete="name" maxlength="64"',
  firstName: 'autocomplete="given-name" maxlength="64"',
  lastName: 'autocomplete="family-name" maxlength="64"',
  question: 'rows="4" maxlength="1000"',
};

/** Renders the form page of a site. Everything that comes from the request is escaped. */
export function renderTextPage({ language, form, site, listing, carried, typed, fault: found }: TextPage): string {
  const texts: Words & { readonly heading?: string } = { ...WORDS[language], ...form.texts };
  const isWhole = 'name' in form.fields;
  const fault = found?.field === 'firstName' && isWhole ? { ...found, field: 'name' as const } : found;
  const errorOf = (name: FieldName | 'consent'): readonly [attributes: string, text: string] =>
    fault?.field === name
      ? [
          ` aria-invalid="true" aria-describedby="${name}-error" autofocus`,
          `<p class="error" id="${name}-error">${escapeHtml(fault.message)}</p>`,
        ]
      : ['', ''];

  const field = (name: FieldName): string => {
    const modes: { readonly [name in FieldName]?: string } = form.fields;
    const mode = name === 'phone' ? 'required' : (modes[name] ?? 'hidden');
    if (mode === 'hidden') return '';
    const [attributes, error] = errorOf(name);
    const hint = mode === 'required' ? '' : ` <small>(${escapeHtml(texts.optional)})</small>`;
    const common = `id="${name}" name="consumer.${name}" ${ATTRIBUTES[name]}${mode === 'required' ? ' required' : ''}${attributes}`;
    const whole = [typed.firstName, typed.lastName].filter(Boolean).join(' ');
    const value = escapeHtml(String((name === 'name' ? whole : typed[name]) ?? ''));
    const { placeholder } = form.phoneCountries?.[0] ?? {};
    const hintOf = name === 'phone' && placeholder ? ` placeholder="${escapeHtml(placeholder)}"` : '';
    // The parser drops one line break behind the tag.
    const input =
      name === 'question' ? `<textarea ${common}>\n${value}</textarea>` : `<input ${common}${hintOf} value="${value}">`;
    const control = name === 'phone' ? `<div class="phone">${countries()}${input}</div>` : input;
    return `<div><label for="${name}">${escapeHtml(texts[name])}${hint}</label>${control}${error}</div>`;
  };

  /** A choice of countries, where there are several. */
  const countries = (): string => {
    const known = form.phoneCountries ?? [];
    if (known.length < 2) return '';
    const options = known.map(({ country, name, callingCode }) => {
      const chosen = typed.country === country ? ' selected' : '';
      return `<option value="${country}"${chosen}>+${callingCode} ${escapeHtml(name)}</option>`;
    });
    return `<select name="consumer.country" aria-label="${escapeHtml(texts.country)}">${options.join('')}</select>`;
  };

  const legal = (): string => {
    const { privacy, terms } = form.links ?? {};
    const links = [privacy && link(privacy, texts.privacy), terms && link(terms, texts.terms)].filter(Boolean);
    const parts = [escapeHtml(form.consent.notice ?? ''), ...links].filter(Boolean);
    return parts.length > 0 ? `<p class="legal">${parts.join(' ')}</p>` : '';
  };

  const consent = (): string => {
    const { required, text } = form.consent;
    if (!required && text === undefined) return '';
    const words = escapeHtml(text ?? texts.consent);
    const agreed = escapeHtml(
      [...`${text ?? texts.consent} ${form.consent.notice ?? ''}`.trim()].slice(0, 1000).join(''),
    );
    const [attributes, error] = errorOf('consent');
    return `<div><label class="check" for="consent"><input type="checkbox" id="consent" name="consent.text" value="${agreed}"${required ? ' required' : ''}${attributes}><span>${words}</span></label>${error}</div>`;
  };

  const summary =
    fault &&
    (fault.field
      ? `<p class="error" role="alert"><a href="#${fault.field}">${escapeHtml(fault.message)}</a></p>`
      : `<p class="error" role="alert">${escapeHtml(fault.message)}</p>`);
  const asked = texts.heading ?? '';
  const heading =
    (asked.includes('{listing}') && listing === '' ? '' : asked.replace('{listing}', () => listing)) || texts.button;
  return htmlPage({
    language,
    title: heading,
    style: FORM_STYLE,
    site,
    // Relative, so that it works behind a proxy that adds a path.
    main: `<h1>${escapeHtml(heading)}</h1>
<p>${escapeHtml(texts.intro)}</p>
${form.answer ? `<p class="answer${form.answer.open ? ' open' : ''}">${escapeHtml(form.answer.text)}</p>` : ''}
${summary ?? ''}
<form method="post" action="text" accept-charset="utf-8">
${carried.map(([name, value]) => hidden(name, value)).join('\n')}
${hidden('formToken', form.formToken)}
${(form.questionFirst ? [...FIELDS].sort((one, other) => Number(other === 'question') - Number(one === 'question')) : FIELDS).map(field).join('\n')}
${consent()}
${legal()}
<div class="trap" aria-hidden="true"><input name="trap" tabindex="-1" autocomplete="off"></div>
<button>${escapeHtml(texts.send)}</button>
</form>`,
  });
}

function link(url: string, text: string): string {
  return `<a href="${escapeHtml(url)}" target="_blank" rel="noopener">${escapeHtml(text)}</a>`;
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`;
}
