import { gzipSync } from 'node:zlib';
import { responseOf, SUCCESS, SUCCESS_CONTENT } from '../documents.ts';
import { type Fault, send } from './fault.ts';

const spoiled = (line: number, name: string, summary: string, body: string | Buffer): Fault => ({
  name,
  line,
  got: true,
  summary,
  answer: (call) => send(call, 200, body),
});

const nested = (levels: number) => responseOf(`${SUCCESS_CONTENT}${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`);
const FILL = Buffer.alloc(1024 * 1024, 'x');
const ENTITY = '<!DOCTYPE r [<!ENTITY s "Success">]>';

/** The conversation was opened, but the body that says so cannot be trusted or read. */
export const BODY_FAULTS: readonly Fault[] = [
  spoiled(40, 'blank', '200 with an empty body', ''),
  spoiled(41, 'bom', 'Success behind a byte order mark', `\uFEFF${SUCCESS}`),
  spoiled(
    42,
    'two_status',
    'Success and Failure in one document',
    responseOf(`${SUCCESS_CONTENT}<Status>Failure</Status>`),
  ),
  spoiled(43, 'nested_status', 'Success one level too deep', responseOf(`<Result>${SUCCESS_CONTENT}</Result>`)),
  spoiled(
    44,
    'wrong_prefix',
    'Success with a prefix that is bound to nothing',
    responseOf('<q:Status>Success</q:Status>'),
  ),
  spoiled(
    45,
    'doctype',
    'Success as an entity that a DOCTYPE defines',
    `${ENTITY}${responseOf('<Status>&s;</Status>')}`,
  ),
  spoiled(46, 'deep', 'Success, then 20,000 levels of elements', nested(20_000)),
  spoiled(47, 'deep_64k', 'Success, then as many levels as fit into 64 KiB (9,000)', nested(9_000)),
  {
    name: 'huge',
    line: 48,
    got: true,
    summary: 'Success, then 10 MB of description',
    answer: (call) => {
      const head = Buffer.from('<MobileTextConnectResponse><Status>Success</Status><Description>');
      const tail = Buffer.from('</Description></MobileTextConnectResponse>');
      send(call, 200, Buffer.concat([head, ...Array<Buffer>(10).fill(FILL), tail]));
    },
  },
  spoiled(49, 'truncated_xml', 'Success, cut in the middle of the document', SUCCESS.slice(0, -30)),
  spoiled(50, 'wrong_charset', 'Success in UTF-16, called UTF-8', Buffer.from(SUCCESS, 'utf16le')),
  spoiled(
    51,
    'bad_utf8',
    'Success with a description of broken UTF-8',
    Buffer.from(responseOf('<Status>Success</Status><Description>\u00c3\u0028</Description>'), 'latin1'),
  ),
  spoiled(52, 'lower_status', '`success` in lower case', responseOf('<Status>success</Status>')),
  spoiled(53, 'spaces', '`Success` between spaces', responseOf('<Status> Success \n</Status>')),
  spoiled(54, 'not_xml', 'JSON that says Success, called XML', '{"Status":"Success","Description":null}'),
  spoiled(55, 'no_status', 'a document without a Status', responseOf('<Description>Success</Description>')),
  spoiled(56, 'other_status', 'a Status that nobody knows', responseOf('<Status>Pending</Status>')),
  spoiled(57, 'two_roots', 'two documents, one after the other', `${SUCCESS}${SUCCESS}`),
  spoiled(58, 'wrong_root', 'a lone Status as the root', '<Status>Success</Status>'),
  {
    name: 'gzip',
    line: 59,
    got: true,
    summary: 'Success, compressed without having been asked',
    answer: (call) => send(call, 200, gzipSync(SUCCESS), { 'content-encoding': 'gzip' }),
  },
];
