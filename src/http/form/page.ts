import { hash } from 'node:crypto';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import { escapeHtml } from '../../lib/text.ts';
import type { Language, Words } from '../../words/languages.ts';
import { PROBLEMS, type Problem, type ProblemCode } from '../problems.ts';

/** What stands on an answer page. Everything is escaped; nothing of it comes from the request. */
export type PageContent = {
  readonly language: Language;
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** For the developer of the form, in English: a code of the reference, and a detail. */
  readonly note?: { readonly code: string; readonly detail?: string };
  /** Names the request to the operator. */
  readonly requestId?: string;
};

/** The look of every page for visitors. */
export const STYLE = `
:root { color-scheme: light dark; font: 1.0625rem/1.6 system-ui, sans-serif; }
body { margin: 0; display: grid; min-block-size: 100vh; place-items: center; background: Canvas; color: CanvasText; }
main { box-sizing: border-box; inline-size: 100%; max-inline-size: 34rem; padding: 2rem 1.25rem; }
h1 { margin: 0 0 .75rem; font-size: 1.6rem; line-height: 1.25; text-wrap: balance; }
p { margin: 0 0 .75rem; overflow-wrap: anywhere; }
footer { margin-block-start: 2rem; padding-block-start: 1rem; border-block-start: 1px solid; font-size: .875rem; }
`;

/**
 * No script, no image, nothing from anywhere; its one style sheet by its hash.
 *
 * @param formAction where a form of the page may lead, by posting or by a redirect afterwards
 */
export function pageHeaders(style: string, formAction: readonly string[]): FastifyHelmetOptions {
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: [`'sha256-${hash('sha256', style, 'base64')}'`],
        baseUri: ["'none'"],
        formAction: [...formAction],
        frameAncestors: ["'none'"],
      },
    },
    // It moves the page into another process, and WebKit then loses what was typed into the form that the visitor goes back to.
    crossOriginOpenerPolicy: false,
  };
}

export const PAGE_HEADERS = pageHeaders(STYLE, ["'none'"]);

/** Renders the page that answers a plain HTML form. */
export function renderPage({ language, title, paragraphs, note, requestId }: PageContent): string {
  const lines = [
    note && `<p><code>${escapeHtml(note.code)}</code>${note.detail ? `: ${escapeHtml(note.detail)}` : ''}</p>`,
    requestId && `<p>Reference: <code>${escapeHtml(requestId)}</code></p>`,
  ].filter(Boolean);
  return htmlPage({
    language,
    title,
    style: STYLE,
    main: `<h1>${escapeHtml(title)}</h1>
${paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('\n')}
${lines.length > 0 ? `<footer lang="en" dir="ltr">\n${lines.join('\n')}\n</footer>` : ''}`,
  });
}

/** @param title escaped here; `style` and `main` are not */
export function htmlPage(page: {
  readonly language: Language;
  readonly title: string;
  readonly style: string;
  readonly main: string;
}): string {
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
${page.main}
</main>
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
