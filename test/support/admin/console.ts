import type { Test } from 'tap';
import { type AdminOptions, adminOver } from './admin.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** The console over a real store, with a browser's cookie for each operator. */
export function consoleOver(t: Test, options: AdminOptions = {}) {
  const admin = adminOver(t, options);
  const ask = async (
    method: 'GET' | 'POST',
    path: string,
    {
      cookie,
      form,
      headers = {},
    }: { cookie?: string; form?: Record<string, string>; headers?: Record<string, string> } = {},
  ) => {
    const answer = await (await admin.app).inject({
      method,
      url: `/console${path}`,
      headers: { host: '127.0.0.1:9090', ...(cookie && { cookie }), ...(form && FORM), ...headers },
      ...(form && { payload: new URLSearchParams(form).toString() }),
    });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body, cookies: answer.cookies };
  };
  const logIn = async (token: string) => {
    const { status, cookies } = await ask('POST', '/login', { form: { token } });
    t.equal(status, 303);
    const cookie = `${cookies[0]?.name}=${cookies[0]?.value}`;
    const formToken = /name="formToken" value="([^"]+)"/.exec((await ask('GET', '', { cookie })).text)?.[1] ?? '';
    return {
      cookie,
      formToken,
      open: (path: string) => ask('GET', path, { cookie }),
      send: (path: string, form: Record<string, string> = {}, headers = {}) =>
        ask('POST', path, { cookie, form: { formToken, ...form }, headers }),
    };
  };
  return { ...admin, ask, logIn };
}
