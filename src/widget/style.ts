/** A constructed sheet, for all elements: no `style` element or attribute that a policy could forbid. */
export function styleSheet(style: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  return sheet;
}
