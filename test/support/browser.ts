import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium as playwright } from 'playwright-core';
import type { Test } from 'tap';
import { filledOnce } from './filled-once.ts';

/** The package's own `args` switch web security off, so that a test of CORS or CSP would pass falsely; these do not. */
const FLAGS = [
  '--no-sandbox',
  '--headless=new',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** A real browser that closes with the test. The first call in a checkout unpacks it, which takes a few seconds. */
export async function launchBrowser(t: Test): Promise<Browser> {
  const browser = await playwright.launch({
    executablePath: await chromiumPath(),
    args: FLAGS,
    ignoreDefaultArgs: ['--headless'],
  });
  t.teardown(() => browser.close());
  return browser;
}

const UNPACK = "await (await import('@sparticuz/chromium')).default.executablePath()";

/**
 * The path of the browser's program. The package unpacks to a fixed name in the temporary folder and takes whatever it
 * finds there, so it runs in a process that has an empty temporary folder of its own.
 */
export async function chromiumPath(): Promise<string> {
  const { devDependencies } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));
  const version: string = devDependencies['@sparticuz/chromium'];
  const folder = await filledOnce(`chromium-${version}`, async (draft) => {
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', UNPACK], {
      cwd: import.meta.dirname,
      env: { ...process.env, TMPDIR: draft },
    });
  });
  return join(folder, 'chromium');
}
