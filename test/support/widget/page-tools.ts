/**
 * Runs in a page before its own scripts and gives it `tools`: elements by role and name through open shadow trees, as a visitor
 * and a screen reader know them, and long timers that only the test ends.
 */
function installTools(holdsTimers: boolean): void {
  const { setTimeout: set, clearTimeout: clear, setInterval } = window;
  /** Long timers of the button are held. Others are those of the driver. */
  const LONG_MS = 600;
  /** How long a click waits for its form, which a busy machine may exceed. */
  const FORM_MS = 500;
  type Kind = 'call' | 'load' | 'kept' | 'wait' | 'form';
  const held = new Map<number, { kind: Kind; ms: number; run: () => void; again: boolean }>();
  let lastId = 1e6;
  const hold = (run: () => void, ms: number, again: boolean): number | undefined => {
    const lines = String(new Error().stack)
      .split('\n')
      .filter((line) => line.includes('/widget/'));
    const by = lines[0];
    const isForm = ms === FORM_MS && lines.some((line) => line.includes('.dialog.'));
    if (!holdsTimers || !by || (ms <= LONG_MS && !isForm)) return undefined;
    const kind = isForm
      ? 'form'
      : ms === 60_000
        ? 'kept'
        : ms !== 10_000
          ? 'wait'
          : by.includes('.dialog.')
            ? 'call'
            : 'load';
    held.set(++lastId, { kind, ms, run, again });
    return lastId;
  };
  const end = (id?: number): void => {
    if (!held.delete(id ?? 0)) clear.call(window, id);
  };
  const replaced = {
    setTimeout: (run: () => void, ms = 0) => hold(run, ms, false) ?? set.call(window, run, ms),
    setInterval: (run: () => void, ms = 0) => hold(run, ms, true) ?? setInterval.call(window, run, ms),
    clearTimeout: end,
    clearInterval: end,
  };
  Object.assign(window, replaced);

  const ROLES: readonly (readonly [string, string])[] = [
    ['button', 'button, summary, input[type=submit]'],
    ['checkbox', 'input[type=checkbox]'],
    ['textbox', 'textarea, input:not([type]), input:is([type=text], [type=tel], [type=email])'],
    ['combobox', 'select'],
    ['link', 'a[href]'],
    ['heading', 'h1, h2, h3'],
    ['dialog', 'dialog[open]'],
  ];
  const roleOf = (element: Element): string =>
    element.getAttribute('role') ?? ROLES.find(([, selector]) => element.matches(selector))?.[0] ?? '';

  const isVisible = (element: Element): boolean =>
    element.checkVisibility?.({ visibilityProperty: true }) ?? element.getClientRects().length > 0;

  /** Children in the flat tree. */
  const childrenOf = (node: Node): readonly Node[] => {
    const assigned = node instanceof HTMLSlotElement ? node.assignedNodes() : [];
    if (assigned.length > 0) return assigned;
    return [...((node instanceof Element && node.shadowRoot) || node).childNodes];
  };
  /** Visible text, as it is read. */
  const wordsOf = (node: Node): string => {
    const parts: string[] = [];
    const collect = (node: Node): void => {
      if (node instanceof Text) parts.push(node.data);
      else if (node instanceof Element && !isSeenOrHasNoBox(node)) return;
      else for (const child of childrenOf(node)) collect(child);
    };
    collect(node);
    return parts.join('').replace(/\s+/g, ' ').trim();
  };
  // A slot has no box of its own.
  const isSeenOrHasNoBox = (element: Element): boolean =>
    element.getAttribute('aria-hidden') !== 'true' &&
    (isVisible(element) || getComputedStyle(element).display === 'contents');

  const referred = (element: Element, attribute: string): string =>
    (element.getAttribute(attribute) ?? '')
      .split(' ')
      .map((id) => (element.getRootNode() as Document | ShadowRoot).getElementById(id))
      .map((found) => (found ? wordsOf(found) : ''))
      .join(' ')
      .trim();
  const nameOf = (element: Element): string => {
    const labels = [...((element as HTMLInputElement).labels ?? [])];
    return (
      element.getAttribute('aria-label') ||
      referred(element, 'aria-labelledby') ||
      (labels.length > 0 ? labels.map(wordsOf).join(' ') : wordsOf(element))
    );
  };

  const inFlatTree = (root: Node): Element[] => {
    const found: Element[] = [];
    const visit = (node: Node): void => {
      if (node instanceof Element) {
        if (node.getAttribute('aria-hidden') === 'true') return;
        found.push(node);
      }
      for (const child of childrenOf(node)) visit(child);
    };
    visit(root);
    return found;
  };
  const all = (role?: string, name?: string | RegExp, root: Node = document.body): Element[] => {
    const elements = inFlatTree(root).filter((element) => (role ? roleOf(element) === role : roleOf(element)));
    // Live regions are there before they speak.
    const shown = elements.filter((element) => isVisible(element));
    const modal =
      shown.length > 0 && role !== 'dialog' && inFlatTree(root).find((element) => element.matches(':modal'));
    return shown.filter((element) => {
      if (modal && !inFlatTree(modal).includes(element)) return false;
      if (name === undefined) return true;
      return typeof name === 'string' ? nameOf(element) === name : name.test(nameOf(element));
    });
  };

  const active = (): Element | null => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element;
  };
  const describe = (element: Element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return {
      role: roleOf(element),
      name: nameOf(element),
      x: x + width / 2,
      y: y + height / 2,
      width,
      height,
    };
  };

  const isOnTop = (element: Element): boolean => {
    const { x, y } = describe(element);
    let hit = document.elementFromPoint(x, y);
    while (hit?.shadowRoot && hit !== element) hit = hit.shadowRoot.elementFromPoint(x, y);
    return !!hit && (element.contains(hit) || hit.contains(element));
  };

  const complaints: string[] = [];
  addEventListener('error', (event) => complaints.push(`error: ${event.message}`));
  addEventListener('unhandledrejection', ({ reason }) => complaints.push(`rejection: ${reason}`));
  addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
    // Browsers ask for an icon by themselves.
    if (!blockedURI.includes('favicon')) complaints.push(`violation: ${effectiveDirective} ${blockedURI}`);
  });
  const heard: { type: string; detail: unknown }[] = [];
  for (const type of ['open', 'submit', 'success', 'error', 'warning']) {
    addEventListener(`text-us:${type}`, (event) => heard.push({ type, detail: (event as CustomEvent).detail }));
  }
  let isOnline = true;
  Object.defineProperty(navigator, 'onLine', { get: () => isOnline });

  const tools = {
    /** Uncaught errors and violations of the page's policy. */
    complaints,
    /** Events of the button so far. */
    heard,
    roleOf,
    nameOf,
    childrenOf,
    isSeen: isSeenOrHasNoBox,
    wordsOf,
    all,
    /** Role and name of what has the focus; empty on the page itself. */
    focus: () => {
      const element = active();
      return element && element !== document.body ? [roleOf(element), nameOf(element)].join(' ').trim() : '';
    },
    active,
    find: (role: string, name?: string | RegExp, root?: Node) => all(role, name, root)[0],
    /** The element in view, for a click on its middle. */
    async target(role: string, name?: string | RegExp, root?: Node) {
      const [element] = all(role, name, root);
      if (!element) return undefined;
      if (!isOnTop(element)) {
        // Not to the edge, where something that stays in view may cover it.
        element.scrollIntoView({ block: 'center' });
        // WebKit scrolls beside the page's own thread: a click at once goes to the old place.
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      }
      return describe(element);
    },
    describe,
    /** Names of the text boxes and check boxes that are marked as wrong, each with its message. */
    wrong: () =>
      all()
        .filter((element) => element.getAttribute('aria-invalid') === 'true')
        .map((element) => [nameOf(element), referred(element, 'aria-describedby')]),
    /** Sets a value as a visitor does who pastes it. */
    fill(element: HTMLInputElement | HTMLTextAreaElement | undefined, value: string): boolean {
      if (!element) return false;
      element.focus();
      element.value = value;
      element.dispatchEvent(new InputEvent('input', { bubbles: true, composed: true }));
      return true;
    },
    /** Lengths in milliseconds of the held timers: time-outs of calls or of loading a part, minutes of kept leads, the wait for a form, others. */
    timers: (kind: Kind) => [...held.values()].filter((timer) => timer.kind === kind).map(({ ms }) => ms),
    /** Ends the held timers of a kind. Gives the length of the first; 0 if there is none. */
    elapse(kind: Kind): number {
      const due = [...held].filter(([, timer]) => timer.kind === kind);
      for (const [id, { run, again }] of due) {
        if (!again) held.delete(id);
        run();
      }
      return due[0]?.[1].ms ?? 0;
    },
    setOnline(online: boolean): void {
      isOnline = online;
      dispatchEvent(new Event(online ? 'online' : 'offline'));
    },
    setTimeout: set.bind(window),
  };
  Object.assign(window, { tools });
}

/** The script as text, for the head of a page. */
export const PAGE_TOOLS = `(${installTools})(true);`;

/** An expression for a page that is loaded, and whose timers run. */
export const LATE_TOOLS = `(${installTools})(false)`;
