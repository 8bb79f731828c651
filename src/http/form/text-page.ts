import { escapeHtml } from '../../lib/text.ts';
import { type Language, WORDS, type Words } from '../../words/languages.ts';
import { htmlPage, pageHeaders, STYLE } from './page.ts';
import type { siteFormBody } from './site-form.ts';

const FORM_STYLE = `${STYLE}
form { display: grid; gap: 1rem; margin-block-start: 1.25rem; }
label { display: block; font-weight: 600; }
small { font-weight: 400; }
input, textarea { box-sizing: border-box; inline-size: 100%; margin-block-start: .25rem; padding: .6rem .75rem; font: inherit;
  color: inherit; background: Field; border: 1px solid GrayText; border-color: color-mix(in srgb, CanvasText 60%, Canvas); border-radius: .5rem; }
label.check { display: flex; gap: .75rem; align-items: start; font-weight: 400; }
.check input { flex: none; inline-size: 1.5rem; block-size: 1.5rem; margin: 0; }
button { min-block-size: 2.75rem; padding: .6rem 1rem; border: 1px solid transparent; border-radius: .5rem;
  background: #2160d8; color: #fff; font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid #2160d8; outline-color: light-dark(#2160d8, #8ab4ff); outline-offset: 2px; }
.error { margin: .25rem 0 0; color: #b3261e; color: light-dark(#b3261e, #ffb4ab); font-weight: 600; }
.error a { color: inherit; }
.trap { position: absolute; inset-block-start: -99rem; left: 0; width: 1rem; }
`;

/** Headers of the page. @param next an origin that the form may be redirected to */
export const textPageHeaders = (next?: string) => ({
  ...pageHeaders(FORM_STYLE, ["'self'", ...(next === undefined ? [] : [next])]),
  // With helmet's own, `no-referrer`, browsers would send `Origin: null` with the form.
  referrerPolicy: { policy: 'strict-origin' as const },
});

/** Names of the fields that a visitor fills in, as the form of the API has them. */
const FIELDS = ['phone', 'firstName', 'lastName', 'question'] as const;
type FieldName = (typeof FIELDS)[number];

export type TextPage = {
  readonly language: Language;
  readonly form: ReturnType<typeof siteFormBody>;
  /** Fields that are sent along unseen, by their names in the form of the API. */
  readonly carried: readonly (readonly [name: string, value: string])[];
  /** What the visitor typed before. */
  readonly typed: { readonly [name in FieldName]?: unknown };
  /** Why the form was not taken, and the field that the visitor has to change, if it is one. */
  readonly fault?: { readonly message: string; readonly field?: FieldName | 'consent' | undefined };
};

const ATTRIBUTES: Readonly<Record<FieldName, string>> = {
  phone: 'type="tel" autocomplete="tel" maxlength="64"',
  firstName: 'autocomplete="given-name" maxlength="64"',
  lastName: 'autocomplete="family-name" maxlength="64"',
  question: 'rows="4" maxlength="1000"',
};

/** Renders the form page of a site. Everything that comes from the request is escaped. */
export function renderTextPage({ language, form, carried, typed, fault }: TextPage): string {
  const texts: Words & { readonly heading?: string } = { ...WORDS[language], ...form.texts };
  const errorOf = (name: FieldName | 'consent'): readonly [attributes: string, text: string] =>
    fault?.field === name
      ? [
          ` aria-invalid="true" aria-describedby="${name}-error" autofocus`,
          `<p class="error" id="${name}-error">${escapeHtml(fault.message)}</p>`,
        ]
      : ['', ''];

  const field = (name: FieldName): string => {
    const mode = name === 'phone' ? 'required' : form.fields[name];
    if (mode === 'hidden') return '';
    const [attributes, error] = errorOf(name);
    const hint = mode === 'required' ? '' : ` <small>(${escapeHtml(texts.optional)})</small>`;
    const common = `id="${name}" name="consumer.${name}" ${ATTRIBUTES[name]}${mode === 'required' ? ' required' : ''}${attributes}`;
    const value = escapeHtml(String(typed[name] ?? ''));
    // The parser drops one line break behind the tag.
    const input =
      name === 'question' ? `<textarea ${common}>\n${value}</textarea>` : `<input ${common} value="${value}">`;
    return `<div><label for="${name}">${escapeHtml(texts[name])}${hint}</label>${input}${error}</div>`;
  };

  const consent = (): string => {
    const { required, text } = form.consent;
    if (!required && text === undefined) return '';
    const words = escapeHtml(text ?? texts.consent);
    const [attributes, error] = errorOf('consent');
    return `<div><label class="check" for="consent"><input type="checkbox" id="consent" name="consent.text" value="${words}"${required ? ' required' : ''}${attributes}><span>${words}</span></label>${error}</div>`;
  };

  const summary =
    fault &&
    (fault.field
      ? `<p class="error" role="alert"><a href="#${fault.field}">${escapeHtml(fault.message)}</a></p>`
      : `<p class="error" role="alert">${escapeHtml(fault.message)}</p>`);
  return htmlPage({
    language,
    title: texts.heading || texts.button,
    style: FORM_STYLE,
    // Relative, so that it works behind a proxy that adds a path.
    main: `<h1>${escapeHtml(texts.heading || texts.button)}</h1>
<p>${escapeHtml(texts.intro)}</p>
${summary ?? ''}
<form method="post" action="text" accept-charset="utf-8">
${carried.map(([name, value]) => hidden(name, value)).join('\n')}
${hidden('formToken', form.formToken)}
${FIELDS.map(field).join('\n')}
${consent()}
<div class="trap" aria-hidden="true"><input name="trap" tabindex="-1" autocomplete="off"></div>
<button>${escapeHtml(texts.send)}</button>
</form>`,
  });
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`;
}
