import type { XStatic } from 'typebox/schema';
import * as value from './values.ts';

const secretFile = (description: string, example: string) =>
  ({
    type: 'string',
    description,
    minLength: 1,
    maxLength: 4096,
    errorMessage: "use a file's path",
    examples: [example],
  }) as const;

/** An entry of `providers`. */
export const ProviderEntry = {
  type: 'object',
  required: ['providerId'],
  properties: {
    region: value.RegionName,
    url: value.Endpoint,
    providerId: value.ProviderId,
    username: value.Username,
    usernameFile: secretFile('File that holds the user name; relative to this one.', '/run/secrets/provider-username'),
    password: value.Password,
    passwordFile: secretFile('File that holds the password; relative to this one.', '/run/secrets/provider-password'),
    xml: {
      type: 'object',
      properties: {
        root: value.XmlRoot,
        namespace: value.XmlNamespace,
        order: value.XmlOrder,
        contentType: value.ContentType,
      },
      additionalProperties: false,
      description: 'How documents are written. What is left out is as UPSTREAM_XML_* and UPSTREAM_CONTENT_TYPE say.',
      errorMessage: 'use an object such as { "order": "alphabetical" }',
      examples: [{ order: 'alphabetical' }],
    },
    listingFormat: value.ListingFormat,
  },
  additionalProperties: false,
  description: 'One account.',
  errorMessage: 'use an object with providerId, username and passwordFile',
} as const;

export type ProviderContent = XStatic<typeof ProviderEntry>;
