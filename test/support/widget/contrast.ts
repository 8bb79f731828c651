/** One thing in the button or its dialog that has to stand out from what is around it. */
export type Contrast = {
  readonly kind: 'text' | 'line';
  readonly what: string;
  /** WCAG's contrast ratio, from 1 to 21. */
  readonly ratio: number;
};

/** Least ratios of WCAG 2.2, 1.4.3 and 1.4.11. */
export const LEAST = { text: 4.5, line: 3 } as const;

/**
 * Runs in the page: the ratios of every visible text in an element, of the borders of its fields, of what marks a wrong field, of what
 * is drawn, and of the line around each control that has the focus; in forced colours also of the borders of buttons, whose backgrounds
 * are gone. Colours are those that the engine computes.
 */
function measureContrasts(host: Element): Contrast[] {
  type Colour = readonly [r: number, g: number, b: number, alpha: number];
  const { tools } = window as unknown as { tools: Record<string, (...args: unknown[]) => unknown> };
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!canvas) throw new Error('no canvas');
  const parsed = new Map<string, Colour>();
  const parse = (colour: string): Colour => {
    const known = parsed.get(colour);
    if (known) return known;
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data;
    const found: Colour = [r, g, b, alpha / 255];
    parsed.set(colour, found);
    return found;
  };
  const over = ([r, g, b, alpha]: Colour, back: Colour): Colour => {
    const mix = (one: number, other: number): number => one * alpha + other * (1 - alpha);
    return [mix(r, back[0]), mix(g, back[1]), mix(b, back[2]), 1];
  };
  const light = (colour: Colour): number => {
    const [r = 0, g = 0, b = 0] = colour
      .slice(0, 3)
      .map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one: Colour, other: Colour): number => {
    const [low = 0, high = 0] = [light(one), light(other)].sort((a, b) => a - b);
    return Math.round(((high + 0.05) / (low + 0.05)) * 100) / 100;
  };

  /** An element and what is around it, from the inside out. */
  const around = (element: Element): Element[] => {
    const found: Element[] = [];
    for (let at: Element | null = element; at; ) {
      found.push(at);
      // What a dialog covers is not seen.
      if (at.matches('dialog')) break;
      at = at.assignedSlot ?? at.parentElement ?? ((at.getRootNode() as ShadowRoot).host || null);
    }
    return found;
  };
  const probe = document.body.appendChild(document.createElement('div'));
  probe.style.backgroundColor = 'Canvas';
  const canvasColour = parse(getComputedStyle(probe).backgroundColor);
  probe.remove();
  const backOf = (element: Element): Colour =>
    around(element)
      .reverse()
      .reduce((back, at) => over(parse(getComputedStyle(at).backgroundColor), back), canvasColour);
  const opacityOf = (element: Element): number =>
    around(element).reduce((product, at) => product * Number(getComputedStyle(at).opacity), 1);

  const found: Contrast[] = [];
  const note = (
    kind: Contrast['kind'],
    what: string,
    element: Element,
    colour: string,
    back: Colour,
    opacity = 1,
  ): void => {
    const [r, g, b, alpha] = parse(colour);
    found.push({ kind, what, ratio: ratio(over([r, g, b, alpha * opacity * opacityOf(element)], back), back) });
  };

  const isForced = matchMedia('(forced-colors: active)').matches;
  /** What is drawn by the borders of generated boxes: the cross, the lamp of the answer times, the check mark on its disc. */
  const noteDrawings = (element: Element): void => {
    for (const [selector, box, disc] of [
      ['[part=close]', '::before'],
      ['[part=answer]', '::before'],
      ['.ok h2', '::after', '::before'],
    ] as const) {
      if (!element.matches(selector)) continue;
      const back = backOf(element);
      const { backgroundColor = '' } = disc ? getComputedStyle(element, disc) : {};
      const { borderRightColor, borderTopColor } = getComputedStyle(element, box);
      const colour = disc ? borderRightColor : borderTopColor;
      note('line', `drawing: ${selector}`, element, colour, disc ? over(parse(backgroundColor), back) : back);
    }
  };

  const controls: Element[] = [];
  const visit = (node: Node): void => {
    if (node instanceof Text && node.data.trim() && node.parentNode instanceof Element) {
      const { parentNode } = node;
      note('text', node.data.trim(), parentNode, getComputedStyle(parentNode).color, backOf(parentNode));
    }
    if (node instanceof Element) {
      // WCAG asks nothing of a control that does nothing now.
      if (!tools.isSeen?.(node) || node.matches('[aria-disabled=true], :disabled')) return;
      const style = getComputedStyle(node);
      const name = String(tools.nameOf?.(node));
      noteDrawings(node);
      if (isForced && node.matches('button, [part=button]')) {
        const { borderTopColor, borderTopStyle, borderTopWidth } = style;
        const isDrawn = borderTopStyle !== 'none' && Number.parseFloat(borderTopWidth) >= 1;
        if (!isDrawn) found.push({ kind: 'line', what: `border: ${name}`, ratio: 1 });
        else note('line', `border: ${name}`, node, borderTopColor, backOf(node.parentElement ?? host));
      }
      if (node.matches('button, a[href], input, textarea, select')) controls.push(node);
      if (node.matches('textarea, select, input')) {
        if (!node.matches('[type=checkbox]')) {
          note('text', `typed: ${name}`, node, style.color, backOf(node));
          if ((node as HTMLInputElement).placeholder) {
            const { color, opacity } = getComputedStyle(node, '::placeholder');
            note('text', `placeholder: ${name}`, node, color, backOf(node), Number(opacity));
          }
        }
        const isOwn = !node.matches('[type=checkbox]') || style.appearance === 'none';
        const isWrong = node.getAttribute('aria-invalid') === 'true';
        const outer = backOf(node.parentElement ?? node);
        if (isOwn) note('line', `border: ${name}`, node, style.borderTopColor, outer);
        else if (isWrong) note('line', `wrong: ${name}`, node, style.outlineColor, outer);
      }
    }
    for (const child of (tools.childrenOf?.(node) ?? []) as Node[]) visit(child);
  };
  visit(host);

  const before = tools.active?.() as HTMLElement | null;
  for (const control of controls as HTMLElement[]) {
    control.focus({ focusVisible: true });
    const { outlineColor, outlineStyle, outlineWidth } = getComputedStyle(control);
    const what = `focus: ${tools.nameOf?.(control)}`;
    if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2) found.push({ kind: 'line', what, ratio: 1 });
    else
      note(
        'line',
        what,
        control,
        outlineColor,
        backOf(control.parentElement ?? (control.getRootNode() as ShadowRoot).host),
      );
  }
  before?.focus();
  return found;
}

/** An expression of the page: the contrasts of the open dialog, or of the button where none is open. */
export const CONTRASTS = `(${measureContrasts})(tools.find('dialog') ?? document.querySelector('text-us'))`;

/** The same for a page that is not the button's. */
export const PAGE_CONTRASTS = `(${measureContrasts})(document.body)`;
