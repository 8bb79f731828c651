/** An answer of the public listener. */
export type Reply = { readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> };

/** Settings under which no rate limit or cap affects a test's load. */
export const NO_LIMITS: Readonly<Record<string, string>> = {
  RATE_LIMIT_MAX: '1000000',
  VISITOR_DAILY_MAX: '1000000',
  PHONE_DAILY_MAX: '100000',
  PHONE_DAILY_MAX_TOTAL: '100000',
  SITE_DAILY_MAX: '1000000',
};

/** A different number for each `n` below 500,000, as the provider counts it. None of them selects a fault of the simulator. */
export function phoneOf(n: number): string {
  return `1404${2_000_000 + n}`;
}

/** A valid body with the `n`th number. */
export function leadOf(n: number, changes: object = {}): object {
  return { site: 'demo', advertiserId: '1659', consumer: { phone: `+${phoneOf(n)}` }, ...changes };
}

/** Sends a lead. Returns `undefined` if no complete answer came: the connection was refused, reset or closed early. */
export async function post(
  url: string,
  body: object | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply | undefined> {
  try {
    const answer = await fetch(`${url}/conversations`, {
      method: 'POST',
      headers: { origin: 'https://dealer.example', 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  } catch {
    return undefined;
  }
}

/** As `post`, but rejects if no answer comes. */
export async function send(...request: Parameters<typeof post>): Promise<Reply> {
  const reply = await post(...request);
  if (!reply) throw new Error('The gateway gave no answer.');
  return reply;
}

/** Reads a path of the public listener, such as `/readyz`. */
export async function read(url: string, path: string): Promise<Reply> {
  const answer = await fetch(url + path);
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}
