/**
 * Events of the dialog that leave its shadow tree, which hides only their target (others, such as `submit`, never leave it). Shortcuts would swallow letters, a
 * card around the element would be followed, a focus trap would take the focus away, and a page that moves its sections by the wheel, or
 * takes files that are dropped anywhere, would keep the dialog from being scrolled and text from being dropped into a field.
 */
const TYPES = [
  'keydown keyup keypress beforeinput input compositionstart compositionupdate compositionend copy cut paste contextmenu',
  'focus focusin focusout blur click auxclick dblclick mousedown mouseup mousemove mouseover mouseout',
  'pointerdown pointerup pointermove pointerover pointerout pointercancel touchstart touchmove touchend touchcancel wheel dragover drop',
].join(' ');

/** Elements whose own click has an effect, so that the click follows no link around the element. */
const ACTIVE = 'a[href],button,label,select,summary,[type=checkbox],[type=radio]';

/** Handles a press or a click inside the dialog; the path begins with its target. `true` prevents the browser's own action. */
export type PressHandler = (event: MouseEvent, path: readonly EventTarget[]) => boolean;

/**
 * Keeps the dialog's events inside it, on their way down from the window and on their way up. Returns the function that ends it.
 *
 * Slotted content belongs to the page and has listeners of its own, so its events are stopped only on their way up.
 */
export function contain(dialog: HTMLDialogElement, onPress: PressHandler): () => void {
  const stop = (event: Event): void => {
    const path = event.composedPath();
    const at = path.indexOf(dialog);
    const target = path[0] as Node;
    if (at < 0 || (event.currentTarget === window && target.getRootNode() !== dialog.getRootNode())) return;
    event.stopImmediatePropagation();
    if (!/^(click|pointerdown)$/.test(event.type)) return;
    const inside = path.slice(0, at + 1);
    const isActive = inside.some((node) => node instanceof Element && node.matches(ACTIVE));
    if (onPress(event as MouseEvent, inside) || (event.type === 'click' && !isActive)) event.preventDefault();
  };
  const controller = new AbortController();
  const { signal } = controller;
  for (const type of TYPES.split(' ')) {
    // The browser waits for listeners of touches and the wheel that are not passive before it scrolls.
    const passive = /^[tw]/.test(type);
    addEventListener(type, stop, { capture: true, passive, signal });
    dialog.addEventListener(type, stop, { passive, signal });
  }
  return () => controller.abort();
}
