import { isXmlText } from '../../conversation/text.ts';
import type { Mistake } from '../problem.ts';

/** Text that goes into the provider's document as it is. A line break is nearly always one newline too many in a secret file. */
export function checkXmlLine(text: string): Mistake | undefined {
  if (isXmlText(text) && !/[\r\n]/.test(text)) return undefined;
  return { problem: 'contains a line break or a character that XML cannot carry', fix: 'remove it' };
}

/** The media type of an XML document in UTF-8 (RFC 9110, section 8.3.1; RFC 7303). */
export function checkContentType(text: string): Mistake | undefined {
  const fix = 'use a media type such as application/xml; charset=utf-8 or text/xml; charset=utf-8';
  const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  const form = new RegExp(`^${token}/${token}(; *${token}=(${token}|"[ !#-\\[\\]-~]*"))*$`);
  if (!form.test(text)) return { problem: 'is not a media type', fix };
  if (!/^(application|text)\/([^;]+\+)?xml *(;|$)/i.test(text))
    return { problem: 'is not a type of XML documents', fix };
  const charset = /; *charset="?([^";]*)/i.exec(text)?.[1];
  if (charset === undefined || charset.toLowerCase() === 'utf-8') return undefined;
  return { problem: 'names a charset other than utf-8, in which documents are sent', fix };
}
