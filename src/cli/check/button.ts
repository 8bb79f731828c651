import { existsSync } from 'node:fs';
import path from 'node:path';
import { BUILT_WIDGET } from '../../assets.ts';
import type { Finding } from './finding.ts';

/**
 * Whether the button's files are there, which pages of sites name. Outside production they are bundled when they are asked for;
 * in production nobody installs what that takes.
 */
export function checkButton({ production }: { readonly production: boolean }, folder = BUILT_WIDGET): Finding[] {
  if (!production) return [];
  if (existsSync(path.join(folder, 'v1.js'))) return [{ name: 'button', result: 'ok', detail: `in ${folder}` }];
  const detail = `${folder} has no v1.js, and pages get none: run npm run build:widget, or copy the folder from where it was built`;
  return [{ name: 'button', result: 'warning', detail }];
}
