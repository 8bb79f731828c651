import type { OpeningHours, Span } from '../domain/opening-hours.ts';
import type { SiteForm } from '../domain/site.ts';
import { defined } from '../lib/values.ts';
import { DEFAULT_FORM } from './defaults.ts';
import type { Findings } from './findings.ts';
import type { FormContent } from './schema/site-form.ts';

type HoursContent = NonNullable<FormContent['hours']>;

/** Days of the week as JavaScript numbers them. */
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** Checks what the schema of a site's form cannot: languages that come twice, a name beside its parts, and spans of time. */
export function checkForm(at: string, form: FormContent | undefined, findings: Findings): void {
  if (!form) return;
  const pointer = `${at}/form`;
  if (form.texts && findings.sound(`${pointer}/texts`)) checkLanguages(`${pointer}/texts`, form.texts, findings);
  if (form.fields && findings.sound(`${pointer}/fields`)) checkName(`${pointer}/fields`, form.fields, findings);
  if (form.hours && findings.sound(`${pointer}/hours`)) checkWeek(`${pointer}/hours/week`, form.hours.week, findings);
}

function checkLanguages(pointer: string, texts: NonNullable<FormContent['texts']>, findings: Findings): void {
  const languages = Object.keys(texts);
  languages.forEach((language, index) => {
    if (languages.findIndex((other) => other.toLowerCase() === language.toLowerCase()) === index) return;
    findings.add(`${pointer}/${language}`, {
      problem: 'is a language that is there already in another spelling',
      fix: 'keep one of the two',
    });
  });
}

function checkName(pointer: string, fields: NonNullable<FormContent['fields']>, findings: Findings): void {
  if ((fields.name ?? 'hidden') === 'hidden') return;
  for (const part of ['firstName', 'lastName'] as const) {
    if ((fields[part] ?? 'hidden') === 'hidden') continue;
    findings.add(`${pointer}/${part}`, {
      problem: 'is shown beside the field of the whole name',
      fix: `take out ${part}, or set name to "hidden"`,
    });
  }
}

function checkWeek(pointer: string, week: HoursContent['week'], findings: Findings): void {
  if (!findings.sound(pointer)) return;
  let isOpen = false;
  for (const day of DAYS) {
    const texts = week[day] ?? [];
    isOpen ||= texts.length > 0;
    texts.forEach((text, index) => {
      if (!findings.sound(`${pointer}/${day}/${index}`)) return;
      const [from, to] = spanOf(text);
      const before = texts.slice(0, index).map(spanOf);
      if (to <= from) {
        findings.add(`${pointer}/${day}/${index}`, {
          problem: 'ends before it begins',
          fix: 'end it at 24:00 at the latest, and write the rest to the next day',
        });
      } else if (before.some((other) => from < other[1] && other[0] < to)) {
        findings.add(`${pointer}/${day}/${index}`, {
          problem: 'overlaps another span of the day',
          fix: 'join the two',
        });
      }
    });
  }
  if (!isOpen) {
    findings.add(pointer, {
      problem: 'has no span at all, so that the site would always be closed',
      fix: 'add a span such as "mon": ["09:00-18:00"], or leave out hours',
    });
  }
}

/** Builds a valid form, with defaults for what it leaves out. */
export function buildForm(form?: FormContent): SiteForm {
  // Most sites of a large file have none: all of them share one object.
  if (form === undefined) return DEFAULT_FORM;
  const { fields: { name, ...fields } = {}, texts = {}, hours, ...rules } = form;
  const whole = name === 'shown' || name === 'required' ? name : undefined;
  return defined({
    ...DEFAULT_FORM,
    ...rules,
    fields: { ...DEFAULT_FORM.fields, ...fields, ...(whole && { firstName: whole, lastName: 'shown' as const }) },
    name: whole,
    hours: hours && buildHours(hours),
    texts: new Map(Object.entries(texts).map(([language, words]) => [language.toLowerCase(), { ...words }])),
  });
}

function buildHours({ timeZone, week, closedOn = [] }: HoursContent): OpeningHours {
  return {
    timeZone,
    week: DAYS.map((day) => (week[day] ?? []).map(spanOf).sort(([one], [other]) => one - other)),
    closedOn: new Set(closedOn),
  };
}

/** Minutes of the day of `09:00-18:00`. */
function spanOf(text: string): Span {
  const [from = 0, to = 0] = text.split('-').map((time) => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number);
    return hours * 60 + minutes;
  });
  return [from, to];
}
