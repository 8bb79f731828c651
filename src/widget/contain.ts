/**
 * Events of the dialog that a page could take for its own: a shadow tree hides only their target. Shortcuts would swallow letters, a
 * card around the element would be followed, and a focus trap would take the focus away.
 */
const TYPES =
  'keydown keyup keypress beforeinput input change compositionstart compositionupdate compositionend submit reset invalid ' +
  'focus focusin focusout blur click dblclick auxclick contextmenu mousedown mouseup mousemove mouseover mouseout ' +
  'pointerdown pointerup pointermove pointerover pointerout pointercancel touchstart touchmove touchend touchcancel ' +
  'wheel select copy cut paste dragstart drag dragenter dragover dragleave dragend drop';

/** Elements whose own click has an effect, so that the click follows no link around the element. */
const ACTIVE = 'a[href],area,button,label,summary,input[type=checkbox],input[type=radio]';

/** Handles a click inside the dialog; the path begins with its target. `true` prevents the browser's own action. */
export type ClickHandler = (event: MouseEvent, path: readonly EventTarget[]) => boolean;

/**
 * Keeps the dialog's events inside it, on their way down from the window and on their way up. Returns the function that ends it.
 *
 * Slotted content belongs to the page and has listeners of its own, so its events are stopped only on their way up.
 */
export function contain(dialog: HTMLDialogElement, onClick: ClickHandler): () => void {
  const stop = (event: Event): void => {
    const path = event.composedPath();
    const at = path.indexOf(dialog);
    const target = path[0] as Node;
    if (at < 0 || (event.currentTarget === window && target.getRootNode() !== dialog.getRootNode())) return;
    event.stopImmediatePropagation();
    if (event.type !== 'click') return;
    const inside = path.slice(0, at + 1);
    const isActive = inside.some((node) => node instanceof Element && node.matches(ACTIVE));
    if (onClick(event as MouseEvent, inside) || !isActive) event.preventDefault();
  };
  const controller = new AbortController();
  const { signal } = controller;
  for (const type of TYPES.split(' ')) {
    // The browser waits for listeners of these that are not passive before it scrolls.
    const passive = /^(touch|wheel)/.test(type);
    addEventListener(type, stop, { capture: true, passive, signal });
    dialog.addEventListener(type, stop, { passive, signal });
  }
  return () => controller.abort();
}
