/** The minified `style.css`; the build inserts it. */
declare const STYLE: string;

/** One constructed sheet for all elements: no `style` element or attribute that a policy could forbid. */
export const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
