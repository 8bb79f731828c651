import { hash } from 'node:crypto';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import { escapeHtml } from '../../lib/text.ts';
import { type Language, WORDS, type Words } from '../../words/languages.ts';
import { contentPolicy } from '../answers.ts';
import { PROBLEMS, type Problem, type ProblemCode } from '../problems.ts';

/** The contents of an answer page. Everything is escaped; nothing of it comes from the request. */
export type PageContent = {
  readonly language: Language;
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** For the developer of the form, in English: a code of the reference, and a detail. */
  readonly note?: { readonly code: string; readonly detail?: string };
  /** The site that the page belongs to, and its page to go back to. */
  readonly site?: SiteLink;
  /** Whether the page tells of a success. */
  readonly isGood?: boolean;
  /** Names the request to the operator. */
  readonly requestId?: string;
};

/** Name of a site, and a page of it. */
export type SiteLink = { readonly name: string; readonly home?: string };

/** The look of every page for visitors. */
export const STYLE = `
:root { color-scheme: light dark; font: 1.0625rem/1.6 system-ui, sans-serif; }
body { margin: 0; display: grid; min-block-size: 100vh; place-items: center; background: Canvas; color: CanvasText; }
main { box-sizing: border-box; inline-size: 100%; max-inline-size: 34rem; padding: 2rem 1.25rem; }
h1 { margin: 0 0 .75rem; font-size: 1.6rem; line-height: 1.25; text-wrap: balance; }
p { margin: 0 0 .75rem; overflow-wrap: anywhere; }
header { margin-block-end: 1.5rem; padding-block-end: .75rem; border-block-end: 1px solid #8885; font-weight: 600; }
.home { margin-block-start: 1.5rem; }
a { color: light-dark(#1d53bd, #8ab4ff); }
.home a::before { content: ""; display: inline-block; inline-size: .5em; block-size: .5em; margin-inline-end: .5em; border: solid; border-width: 0 0 2px 2px; rotate: 45deg; }
[dir=rtl] .home a::before { rotate: -135deg; }
.good { position: relative; inline-size: 3.5rem; block-size: 3.5rem; margin-block-end: 1rem; border-radius: 9rem; background: light-dark(#e1eafb, #22314f); }
.good::before { content: ""; position: absolute; inset: 26% 38% 32%; border: solid light-dark(#1d53bd, #8ab4ff); border-width: 0 4px 4px 0; rotate: 45deg; }
footer { margin-block-start: 2rem; padding-block-start: 1rem; border-block-start: 1px solid; font-size: .875rem; }
`;

/**
 * No script, no image, nothing from anywhere; its one style sheet by its hash.
 *
 * @param formAction where a form of the page may lead, by posting or by a redirect afterwards
 */
export function pageHeaders(style: string, formAction: readonly string[]): FastifyHelmetOptions {
  return {
    contentSecurityPolicy: contentPolicy({
      styleSrc: [`'sha256-${hash('sha256', style, 'base64')}'`],
      formAction: [...formAction],
    }),
    // It moves the page into another process, and WebKit then loses what was typed into the form that the visitor goes back to.
    crossOriginOpenerPolicy: false,
  };
}

export const PAGE_HEADERS = pageHeaders(STYLE, ["'none'"]);

/** Renders the page that answers a plain HTML form. */
export function renderPage({ language, title, paragraphs, note, requestId, site, isGood }: PageContent): string {
  const lines = [
    note && `<p><code>${escapeHtml(note.code)}</code>${note.detail ? `: ${escapeHtml(note.detail)}` : ''}</p>`,
    requestId && `<p>Reference: <code>${escapeHtml(requestId)}</code></p>`,
  ].filter(Boolean);
  return htmlPage({
    language,
    title,
    style: STYLE,
    site,
    main: `${isGood ? '<div class="good"></div>\n' : ''}<h1>${escapeHtml(title)}</h1>
${paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')}
${lines.length > 0 ? `<footer lang="en" dir="ltr">\n${lines.join('\n')}\n</footer>` : ''}`,
  });
}

/** @param title escaped here; `style` and `main` are not */
export function htmlPage(page: {
  readonly language: Language;
  readonly title: string;
  readonly style: string;
  readonly site?: SiteLink | undefined;
  readonly main: string;
}): string {
  const { language, site } = page;
  const name = site && escapeHtml(site.name);
  const back = site && escapeHtml(WORDS[language].home.replace('{site}', () => `\u2068${site.name}\u2069`));
  return `<!doctype html>
<html lang="${page.language}"${page.language === 'ar' ? ' dir="rtl"' : ''}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(page.title)}</title>
<style>${page.style}</style>
</head>
<body>
<main>
${name === undefined ? '' : `<header>${name}</header>\n`}${page.main}
${site?.home === undefined ? '' : `<p class="home"><a href="${escapeHtml(site.home)}">${back}</a></p>\n`}</main>
</body>
</html>
`;
}

/** What a visitor can do about a problem, and, where it is the page's own fault, what to tell its developer. */
export type Explanation = { readonly paragraphs: readonly string[]; readonly forDeveloper?: string };

/** Problems that the visitor can end; every other 4xx is the page's fault. */
const REMEDIES: Partial<Record<ProblemCode, keyof Words>> = {
  invalid_phone: 'phoneRefused',
  country_not_allowed: 'countryRefused',
  consent_required: 'consentNeeded',
  form_token_invalid: 'expired',
  proof_required: 'expired',
  idempotency_key_reused: 'expired',
  idempotency_in_progress: 'later',
  request_timeout: 'later',
};

/** Says in the visitor's language what to do. Nothing of what was sent is in it. */
export function explain(problem: Problem, texts: Words): Explanation {
  const { code, options, message } = problem;
  const remedy = REMEDIES[code];
  // Where the page has to be loaded again, going back would bring the old form.
  if (remedy === 'expired') return { paragraphs: [texts.expired] };
  const text = remedy ? texts[remedy] : (byStatus(problem, texts) ?? byField(problem, texts));
  if (text !== undefined) return { paragraphs: [text, texts.back] };
  return { paragraphs: [texts.broken], forDeveloper: options.errors?.[0]?.detail ?? message };
}

function byStatus({ code, options }: Problem, texts: Words): string | undefined {
  const { status } = PROBLEMS[code];
  if (status >= 500) return texts.later;
  if (status !== 429) return undefined;
  const minutes = Math.max(1, Math.ceil(Number(options.headers?.['retry-after'] ?? 0) / 60));
  return texts.wait.replace('{minutes}', String(minutes));
}

/** The fields that a visitor fills in; what is wrong with any other is the page's doing. */
function byField({ code, options }: Problem, texts: Words): string | undefined {
  if (code === 'lead_rejected') return options.extensions?.reason === 'phone' ? texts.phoneRefused : undefined;
  if (code !== 'invalid_request') return undefined;
  const pointer = options.errors?.[0]?.pointer ?? '';
  if (pointer === '/consumer/phone') return texts.phoneMissing;
  const name = /^\/consumer\/(firstName|lastName|question)$/.exec(pointer)?.[1] as
    | 'firstName'
    | 'lastName'
    | 'question'
    | undefined;
  return name && texts.field.replace('{field}', texts[name]);
}
