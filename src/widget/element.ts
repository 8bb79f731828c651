/** `<text-us>`. */
export class TextUs extends HTMLElement {}
