import type { Mistake } from '../problem.ts';
import { checkCountry } from './country.ts';
import { checkDatabase } from './database.ts';
import { checkEndpoint } from './endpoint.ts';
import { checkKeyHash } from './key-hash.ts';
import { checkCidr, checkHost } from './network.ts';
import { checkOrigin } from './origin.ts';
import { checkRedis } from './redis.ts';
import { checkSecretKey } from './secret-key.ts';
import { checkContentType, checkXmlLine } from './wire.ts';

/** The `format`s of our schemas: each says what is wrong with a text, or nothing. */
export const FORMATS: Readonly<Record<string, (text: string) => Mistake | undefined>> = {
  cidr: checkCidr,
  'content-type': checkContentType,
  country: checkCountry,
  database: checkDatabase,
  endpoint: checkEndpoint,
  host: checkHost,
  'key-hash': checkKeyHash,
  origin: checkOrigin,
  redis: checkRedis,
  'secret-key': checkSecretKey,
  'xml-line': checkXmlLine,
};
