import { TextUs } from './element.ts';

// If a page loads the script twice, the first definition stays.
if (!customElements.get('text-us')) customElements.define('text-us', TextUs);
