import type { TextUsEventMap, TextUsWarning } from './types.ts';

/** Dispatches an event of the element; `false` if the page cancelled it. */
export function tell<K extends keyof TextUsEventMap>(
  element: HTMLElement,
  name: K,
  detail: TextUsEventMap[K]['detail'],
): boolean {
  return element.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable: true, detail }));
}

/** Tells the page's author something, by an event and in the console unless the event is cancelled. */
export function warn(element: HTMLElement, warning: TextUsWarning): void {
  const { message, pointer = '' } = warning;
  if (tell(element, 'text-us:warning', warning))
    console.warn(`text-us: ${pointer} ${message}`.replace('  ', ' '), element);
}
