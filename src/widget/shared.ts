import type { kebab as Kebab, make as Make } from './dom.ts';
import type { tell as Tell, warn as Warn } from './events.ts';
import type { languageOf as LanguageOf, primary as Primary } from './language.ts';
import type { pause as Pause, unless as Unless } from './pause.ts';
import type { styleSheet as StyleSheet } from './style.ts';

/** What the first file has, so that the dialog's file does not bring it again. */
export type Shared = {
  readonly make: typeof Make;
  readonly kebab: typeof Kebab;
  readonly tell: typeof Tell;
  readonly warn: typeof Warn;
  readonly languageOf: typeof LanguageOf;
  readonly primary: typeof Primary;
  readonly pause: typeof Pause;
  readonly unless: typeof Unless;
  readonly styleSheet: typeof StyleSheet;
};

export let make: typeof Make;
export let kebab: typeof Kebab;
export let tell: typeof Tell;
export let warn: typeof Warn;
export let languageOf: typeof LanguageOf;
export let primary: typeof Primary;
export let pause: typeof Pause;
export let unless: typeof Unless;
export let styleSheet: typeof StyleSheet;

/** Called by the first file before anything else of the dialog's file runs. */
export function share(given: Shared): void {
  ({ make, kebab, tell, warn, languageOf, primary, pause, unless, styleSheet } = given);
}
