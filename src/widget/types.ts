export interface TextUsElement extends HTMLElement {}

declare global {
  interface HTMLElementTagNameMap {
    'text-us': TextUsElement;
  }
}
