import { TextUs } from './element.ts';

// A page that has the script twice keeps the first.
if (!customElements.get('text-us')) customElements.define('text-us', TextUs);
