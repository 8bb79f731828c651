import type { ServerResponse } from 'node:http';
import type { Fields } from '../request.ts';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

export const XML = 'application/xml; charset=utf-8';
export const HTML = 'text/html; charset=utf-8';

/** How the document of an answer begins. */
const DOCUMENT = '<MobileTextConnectResponse';

const NIL = '<Description i:nil="true"/>';

/** The response document with the given content. */
export function responseOf(content: string): string {
  return `<MobileTextConnectResponse xmlns:i="${XSI}">${content}</MobileTextConnectResponse>`;
}

export const SUCCESS_CONTENT = `<Status>Success</Status>${NIL}`;
export const SUCCESS = responseOf(SUCCESS_CONTENT);

/** A Failure with a description, or with a null description where none is given. */
export function failureOf(description: string | undefined): string {
  const told = description === undefined ? NIL : `<Description>${escapeXml(description)}</Description>`;
  return responseOf(`<Status>Failure</Status>${told}`);
}

/** The page that a .NET host shows instead of an answer. */
export function pageOf(title: string, text: string): string {
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"',
    ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">',
    `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>${escapeXml(title)}</title></head>`,
    `<body><div id="content"><p class="heading1">${escapeXml(title)}</p><p>${escapeXml(text)}</p></div></body></html>`,
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The call that a fault answers. */
export type Call = {
  readonly response: ServerResponse;
  /** The request's fields; empty where no acceptable request was read. */
  readonly fields: Fields;
  /** The ordered delay in milliseconds, or the fault's own. Already over, unless the fault is `paced`. */
  readonly delayMs: number;
  /** Seconds for a Retry-After header. */
  readonly retryAfterS: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How a service of the simulated profile sends the documents of its answers. */
  readonly framed?: { readonly type: string; readonly frame: (document: string) => string };
};

/** One way to answer a call. */
export type Fault = {
  readonly name: string;
  /** NN of the phone number that selects the fault, +1 404 555 20NN. */
  readonly line: number;
  /** Whether an agent sees the conversation, independent of the answer. */
  readonly got: boolean;
  /** A description of the answer, for the table in `docs/simulator.md` and the inbox. */
  readonly summary: string;
  readonly answer: (call: Call) => void;
  /** Delay before the answer in milliseconds, where none was ordered. */
  readonly delayMs?: number;
  /** Waits between the bytes of the answer instead of before it. */
  readonly paced?: true;
  /** Happens before the body is read. Selected by a phone number, the call counts as unread. */
  readonly unread?: true;
};

/** Sends a whole answer with its correct length. */
export function send(call: Call, status: number, body: string | Buffer, headers: Record<string, string> = {}): void {
  const framed = typeof body === 'string' && body.startsWith(DOCUMENT) ? call.framed : undefined;
  const sent = framed ? framed.frame(String(body)) : body;
  const type = framed?.type ?? XML;
  call.response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(sent), ...headers });
  call.response.end(sent);
}
