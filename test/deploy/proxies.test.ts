import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { DEFAULT_FORM } from '../../src/config/defaults.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { goodBody, testApp } from '../support/http/app.ts';
import { site } from '../support/lead.ts';

t.setTimeout(240_000);

const PAGE = 'https://dealer.example';
/** Another address than the proxy's, so that the gateway can tell the two apart. */
const VISITOR = '127.0.0.2';
const CERTIFICATE = resolve('test/fixtures/tls/first.test-cert.pem');
const KEY = resolve('test/fixtures/tls/first.test-key.pem');
/** What stands in the documents for the address of the gateway. */
const GATEWAY = 'http://127.0.0.1:8080';

/** Where a proxy listens, and the part of its configuration that is tested. */
type Setup = { readonly folder: string; readonly port: number; readonly snippet: string };
type Proxy = {
  readonly name: string;
  /** Name of its code block in the documents. */
  readonly language: string;
  readonly version: readonly [program: string, ...options: string[]];
  /** Writes the configuration around the snippet and gives the command that runs the proxy in the foreground. */
  readonly start: (setup: Setup) => [program: string, ...options: string[]];
};

const NGINX: Proxy = {
  name: 'nginx',
  language: 'nginx',
  version: ['nginx', '-v'],
  start({ folder, port, snippet }) {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const file = write(
      folder,
      'nginx.conf',
      `daemon off; pid ${folder}/pid; error_log stderr; events {}
       http {
         access_log off; ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
         server {
           listen 127.0.0.1:${port} ssl; ssl_certificate ${CERTIFICATE}; ssl_certificate_key ${KEY};
           ${snippet}
         }
       }`,
    );
    return ['nginx', '-e', 'stderr', '-p', folder, '-c', file];
  },
};

const CADDY: Proxy = {
  name: 'Caddy',
  language: 'caddyfile',
  version: ['caddy', 'version'],
  start({ folder, port, snippet }) {
    const file = write(
      folder,
      'Caddyfile',
      `{\n admin off\n auto_https disable_redirects\n storage file_system ${folder}\n}
       https://dealer.example:${port} {\n bind 127.0.0.1\n tls ${CERTIFICATE} ${KEY}\n ${snippet}\n}`,
    );
    return ['caddy', 'run', '--adapter', 'caddyfile', '--config', file];
  },
};

const MODULES = '/usr/lib/apache2/modules';
const APACHE: Proxy = {
  name: 'Apache',
  language: 'apache',
  version: ['apache2', '-v'],
  start({ folder, port, snippet }) {
    const modules = ['mpm_event', 'authz_core', 'ssl', 'proxy', 'proxy_http', 'headers'];
    const file = write(
      folder,
      'apache.conf',
      `ServerRoot ${folder}\nPidFile ${folder}/pid\nDefaultRuntimeDir ${folder}\nMutex file:${folder} default
       ErrorLog /dev/stderr\nServerName dealer.example\nUser www-data\nGroup www-data\nListen 127.0.0.1:${port} https
       ${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
       <VirtualHost *:${port}>
         SSLEngine on\nSSLCertificateFile ${CERTIFICATE}\nSSLCertificateKeyFile ${KEY}
         ${snippet}
       </VirtualHost>`,
    );
    return ['apache2', '-DFOREGROUND', '-f', file];
  },
};

function write(folder: string, name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

/** The code block of the documents in this language, for a gateway on another port. */
function documented(language: string, port: number): string {
  const block = readFileSync('docs/proxy.md', 'utf8').match(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``))?.[1];
  if (!block?.includes('127.0.0.1:8080')) throw new Error(`docs/proxy.md has no setting for ${language}.`);
  return block.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`);
}

/** A gateway with one site that requires a form token, behind a proxy. Without a snippet the proxy has the documented one. */
async function behind(t: Test, { start, language }: Proxy, makeSnippet = (port: number) => documented(language, port)) {
  const form = { ...DEFAULT_FORM, token: 'required', minFillS: 0 } as const;
  const { listen, submitted, log } = await testApp(t, {
    settings: {
      trustProxy: ['127.0.0.1'],
      sites: new Map([['dealer', site({ key: 'dealer', origins: new Set([PAGE]), form })]]),
    },
  });
  const folder = resolve(t.testdirName);
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const [program, ...options] = start({ folder, port, snippet: makeSnippet(await listen()) });
  const proxy: ChildProcess = spawn(program, options, { stdio: 'ignore', env: { ...process.env, HOME: folder } });
  t.teardown(async () => {
    if (proxy.exitCode !== null) return;
    const ended = once(proxy, 'exit');
    proxy.kill('SIGTERM');
    await ended;
  });
  const send = sender(port);
  await eventually('the proxy answers', 10_000, async () => {
    const answer = await send('GET', '/text-us/healthz').catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return { send, submitted, log };
}

/** Sends as a browser on a page of the site: by TLS, to the name of the site, with a forged `X-Forwarded-For`. */
function sender(port: number) {
  const connection = { host: '127.0.0.1', port, servername: 'dealer.example', localAddress: VISITOR };
  return async (
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: object,
  ) => {
    const bytes = body && JSON.stringify(body);
    const sent = request({
      ...connection,
      method,
      path,
      rejectUnauthorized: false,
      agent: false,
      headers: {
        host: 'dealer.example',
        'sec-fetch-site': 'same-origin',
        'x-forwarded-for': '203.0.113.9',
        cookie: 'session=canary',
        ...(bytes && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(bytes)) }),
        ...headers,
      },
    });
    sent.end(bytes);
    const [answer] = await once(sent, 'response');
    return { status: answer.statusCode as number, json: JSON.parse(await text(answer)) };
  };
}

const missing = ({ name, version: [program, ...options] }: Proxy): string | false =>
  spawnSync(program, options).error ? `no ${name} on this machine: apt-get install ${program}` : false;

const FORM = '/text-us/sites/dealer/form';

for (const proxy of [NGINX, CADDY, APACHE]) {
  t.test(`a lead arrives through ${proxy.name} with the documented settings`, { skip: missing(proxy) }, async (t) => {
    const { send, submitted } = await behind(t, proxy);
    for (const headers of [{ referer: `${PAGE}/car/1` }, {}]) {
      const form = await send('GET', FORM, headers);
      t.equal(form.status, 200, headers.referer ? 'with a Referer' : 'where the page hides it');
      const body = goodBody({ site: 'dealer', formToken: form.json.formToken });
      const lead = await send('POST', '/text-us/conversations', { origin: PAGE, ...headers }, body);
      t.equal(lead.status, 201, lead.json.detail);
    }
    t.equal(submitted.length, 2);
    t.equal(submitted[0]?.context.scope.address, VISITOR, 'the visitor’s own address counts, and no forged one');
  });
}

t.test(
  'behind nginx with its defaults the Referer is enough, and without it the refusal says what is missing',
  { skip: missing(NGINX) },
  async (t) => {
    const { send, log } = await behind(
      t,
      NGINX,
      (port) => `location /text-us/ { proxy_pass ${GATEWAY.replace('8080', String(port))}/; }`,
    );
    const referer = `${PAGE}/car/1`;
    const form = await send('GET', FORM, { referer });
    t.equal(form.status, 200);
    const body = goodBody({ site: 'dealer', formToken: form.json.formToken });
    t.equal((await send('POST', '/text-us/conversations', { origin: PAGE, referer }, body)).status, 201);
    const hidden = await send('GET', FORM);
    t.match(hidden, { status: 403, json: { code: 'origin_not_allowed', detail: /X-Forwarded-Host/ } });
    t.match(log().at(-1), {
      code: 'origin_not_allowed',
      site: 'dealer',
      origin: 'none',
      proxyLacks: 'X-Forwarded-Host',
    });
  },
);
