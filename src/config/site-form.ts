import { DEFAULT_FORM } from './defaults.ts';
import type { Findings } from './findings.ts';
import type { FormContent } from './schema/site-form.ts';
import type { SiteForm } from './settings.ts';

/** Checks what the schema of a site's form cannot: two spellings of one language. */
export function checkForm(at: string, form: FormContent | undefined, findings: Findings): void {
  const pointer = `${at}/form/texts`;
  if (!form?.texts || !findings.sound(pointer)) return;
  const languages = Object.keys(form.texts);
  languages.forEach((language, index) => {
    if (languages.findIndex((other) => other.toLowerCase() === language.toLowerCase()) === index) return;
    findings.add(`${pointer}/${language}`, {
      problem: 'is a language that is there already in another spelling',
      fix: 'keep one of the two',
    });
  });
}

/** A sound form with its defaults. */
export function buildForm({ fields, texts = {}, ...rules }: FormContent = {}): SiteForm {
  return {
    ...DEFAULT_FORM,
    ...rules,
    fields: { ...DEFAULT_FORM.fields, ...fields },
    texts: new Map(Object.entries(texts).map(([language, words]) => [language.toLowerCase(), { ...words }])),
  };
}
