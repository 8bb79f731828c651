/** The minified style sheet of the bundle: `button.css` or `dialog.css`. The build inserts it. */
declare const STYLE: string;

let sheet: CSSStyleSheet | undefined;

/** One constructed sheet for all elements: no `style` element or attribute that a policy could forbid. */
export function styleSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
  }
  return sheet;
}
