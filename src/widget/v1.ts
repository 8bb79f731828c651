import { TextUs } from './element.ts';

/** An engine without these would show a button whose dialog does not work: there the page's own content stays. */
const isSupported = 'HTMLDialogElement' in window && 'adoptedStyleSheets' in document;

// If a page loads the script twice, the first definition stays.
if (isSupported && !customElements.get('text-us')) customElements.define('text-us', TextUs);
