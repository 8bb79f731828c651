import type { Locator, Page } from 'playwright-core';

/** What a visitor sees and does, by the names that people and screen readers know. */
export type Visitor = {
  readonly button: Locator;
  readonly dialog: Locator;
  readonly phone: Locator;
  readonly send: Locator;
  /** What is announced politely, and what at once. */
  readonly status: Locator;
  readonly alert: Locator;
  open(): Promise<void>;
  fill(values: Readonly<Record<string, string>>): Promise<void>;
  /** Opens the dialog, fills in the phone and clicks "Send". */
  ask(phone?: string): Promise<void>;
  /** The heading of the dialog, once it is this. */
  reads(heading: string | RegExp): Promise<void>;
};

export function visitorOf(page: Page, element = 'text-us'): Visitor {
  const host = page.locator(element);
  const dialog = host.locator('dialog');
  const visitor: Visitor = {
    button: host.locator('button[part=button]'),
    dialog,
    phone: host.locator('#phone'),
    send: host.locator('form button[part=submit]'),
    status: host.locator('[role=status]'),
    alert: host.locator('[role=alert]'),
    async open() {
      await visitor.button.click();
      await dialog.waitFor();
    },
    async fill(values) {
      for (const [name, value] of Object.entries(values)) await host.locator(`#${name}`).fill(value);
    },
    async ask(phone = '(404) 555-1212') {
      await visitor.open();
      await visitor.phone.fill(phone);
      await visitor.send.click();
    },
    async reads(heading) {
      await dialog.getByRole('heading', { name: heading }).waitFor();
    },
  };
  return visitor;
}
