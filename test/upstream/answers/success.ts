import { type Case, chunk, head, http, NIL, ok, SUCCESS, utf16 } from './wire.ts';

export const DELIVERED: readonly Case[] = [
  { name: 'Success', wire: ok(SUCCESS), class: 'delivered' },
  { name: 'Success in a 201', wire: http(201, SUCCESS), class: 'delivered' },
  { name: 'Success in a 202', wire: http(202, SUCCESS), class: 'delivered' },
  { name: 'Success with white space around it', wire: ok('<R><Status>\n  Success </Status></R>'), class: 'delivered' },
  { name: 'Success in a CDATA section', wire: ok('<R><Status><![CDATA[Success]]></Status></R>'), class: 'delivered' },
  { name: 'Success beside a comment', wire: ok('<R><Status><!-- x -->Success</Status></R>'), class: 'delivered' },
  {
    name: 'Success under a bound prefix',
    wire: ok('<a:R xmlns:a="urn:a"><a:Status>Success</a:Status></a:R>'),
    class: 'delivered',
  },
  {
    name: 'Success in a default namespace with a nil description',
    wire: ok(`<R xmlns="urn:a" ${NIL}><Description i:nil="true"/><Status>Success</Status></R>`),
    class: 'delivered',
  },
  {
    name: 'Success after a byte order mark',
    wire: ok(`\ufeff<?xml version="1.0" encoding="utf-8"?>${SUCCESS}`),
    class: 'delivered',
  },
  { name: 'Success in UTF-16 with a byte order mark', wire: ok(utf16(`\ufeff${SUCCESS}`)), class: 'delivered' },
  {
    name: 'Success in UTF-16 by content type',
    wire: ok(utf16(SUCCESS), 'content-type: text/xml; charset=utf-16\r\n'),
    class: 'delivered',
  },
  {
    name: 'Success declared as UTF-16 in a UTF-8 answer',
    wire: ok(`<?xml version="1.0" encoding="utf-16"?>${SUCCESS}`),
    class: 'delivered',
  },
  { name: 'Success without a content type', wire: ok(SUCCESS, ''), class: 'delivered' },
  {
    name: 'Success in chunks',
    wire: `${head('transfer-encoding: chunked\r\n')}${chunk('<R><Sta')}${chunk('tus>Success</Status></R>')}0\r\n\r\n`,
    class: 'delivered',
  },
  {
    name: 'Success up to the end of the connection',
    wire: head('connection: close\r\n') + SUCCESS,
    class: 'delivered',
  },
  {
    name: 'Success after a 103',
    wire: `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok(SUCCESS)}`,
    class: 'delivered',
  },
  {
    name: 'Success with text beside the elements',
    wire: ok('<R>fine <Status>Success</Status> indeed</R>'),
    class: 'delivered',
  },
  { name: 'Success in exactly 64 KiB', wire: ok(SUCCESS.padEnd(65_536)), class: 'delivered' },
];
