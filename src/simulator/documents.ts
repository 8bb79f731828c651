const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

export const XML = 'application/xml; charset=utf-8';
export const HTML = 'text/html; charset=utf-8';

const NIL = '<Description i:nil="true"/>';

/** The response document around any content. */
export function responseOf(content: string): string {
  return `<MobileTextConnectResponse xmlns:i="${XSI}">${content}</MobileTextConnectResponse>`;
}

export const SUCCESS_CONTENT = `<Status>Success</Status>${NIL}`;
export const SUCCESS = responseOf(SUCCESS_CONTENT);

/** A Failure that says why, or a null description where it says nothing. */
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
