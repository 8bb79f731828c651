import { consumer, lead, post, refuses } from '../../support/http/refusals.ts';

const invalid = 'invalid_request';

/** Values of wrong types, by the type of the field that they are tried on. */
const NOT_A_TEXT: readonly [string, unknown][] = [
  ['null', null],
  ['a number', 4045551212],
  ['true', true],
  ['a list', ['(404) 555-1212']],
  ['an object', { toString: 'x' }],
];
const NOT_AN_INTEGER: readonly [string, unknown][] = [
  ['null', null],
  ['a text of digits', '7'],
  ['a text like NaN', 'NaN'],
  ['true', true],
  ['a list', [7]],
  ['an object', {}],
  ['a fraction', 1.5],
  ['zero', 0],
  ['below zero', -1],
  ['2^31', 2 ** 31],
  ['beyond 2^53', 2 ** 60],
];
const NOT_AN_OBJECT: readonly [string, unknown][] = [
  ['null', null],
  ['a text', 'x'],
  ['a number', 1],
  ['true', true],
  ['a list', [1]],
];

refuses('a field of the wrong type is refused and never coerced', [
  ...NOT_A_TEXT.flatMap(([what, value]) => [
    lead(`site is ${what}`, { site: value }, invalid, '/site'),
    lead(`advertiserId is ${what}`, { advertiserId: value }, invalid, '/advertiserId'),
    consumer(`phone is ${what}`, { phone: value }, invalid, '/consumer/phone'),
    consumer(`country is ${what}`, { country: value }, invalid, '/consumer/country'),
    consumer(`firstName is ${what}`, { firstName: value }, invalid, '/consumer/firstName'),
    consumer(`question is ${what}`, { question: value }, invalid, '/consumer/question'),
    lead(`consent text is ${what}`, { consent: { text: value } }, invalid, '/consent/text'),
    lead(`page url is ${what}`, { page: { url: value } }, invalid, '/page/url'),
  ]),
  ...NOT_AN_INTEGER.flatMap(([what, value]) => [
    lead(`merchantId is ${what}`, { advertiserId: undefined, merchantId: value }, invalid, '/merchantId'),
    lead(`placementId is ${what}`, { placementId: value }, invalid, '/placementId'),
  ]),
  ...NOT_AN_OBJECT.flatMap(([what, value]) => [
    lead(`consumer is ${what}`, { consumer: value }, invalid, '/consumer'),
    lead(`consent is ${what}`, { consent: value }, invalid, '/consent'),
    lead(`page is ${what}`, { page: value }, invalid, '/page'),
  ]),
  post('the body is null', 'null', 422, invalid, ''),
  post('the body is a text', '"lead"', 422, invalid, ''),
  post('the body is a number', '1', 422, invalid, ''),
  post('the body is true', 'true', 422, invalid, ''),
  post('the body is a list', '[]', 422, invalid, ''),
  post('the body is a list of leads', [{ site: 'demo' }], 422, invalid, ''),
  lead('listing is null', { listing: null }, invalid, '/listing'),
  lead('listing is a number', { listing: 5 }, invalid, '/listing'),
  lead('listing is a list', { listing: ['2019', 'Honda'] }, invalid, '/listing'),
  lead('listing is false', { listing: false }, invalid, '/listing'),
  lead('a listing value is null', { listing: { vin: null } }, invalid, '/listing/vin'),
  lead('a listing value is a list', { listing: { vin: ['x'] } }, invalid, '/listing/vin'),
  lead('a listing value is an object', { listing: { vin: {} } }, invalid, '/listing/vin'),
  post(
    'a listing value is beyond the range of numbers',
    '{"site":"demo","consumer":{"phone":"(404) 555-1212"},"listing":{"price":1e999}}',
    422,
    invalid,
    '/listing/price',
  ),
  post(
    'merchantId is beyond the range of numbers',
    '{"site":"demo","merchantId":1e999,"consumer":{"phone":"(404) 555-1212"}}',
    422,
    invalid,
    '/merchantId',
  ),
]);
