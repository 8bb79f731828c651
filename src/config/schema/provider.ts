import { closed } from './names.ts';
import { type Static, Type } from './type.ts';
import * as value from './values.ts';

const secretFile = (description: string, example: string) =>
  Type.String({ description, minLength: 1, maxLength: 4096, errorMessage: "use a file's path", examples: [example] });

/** An entry of `providers`. */
export const ProviderEntry = Type.Object(
  {
    region: Type.Optional(value.RegionName),
    url: Type.Optional(value.Endpoint),
    providerId: value.ProviderId,
    username: Type.Optional(value.Username),
    usernameFile: Type.Optional(
      secretFile('File that holds the user name; relative to this one.', '/run/secrets/provider-username'),
    ),
    password: Type.Optional(value.Password),
    passwordFile: Type.Optional(
      secretFile('File that holds the password; relative to this one.', '/run/secrets/provider-password'),
    ),
    xml: Type.Optional(
      Type.Object(
        {
          root: Type.Optional(value.XmlRoot),
          namespace: Type.Optional(value.XmlNamespace),
          order: Type.Optional(value.XmlOrder),
          contentType: Type.Optional(value.ContentType),
        },
        {
          ...closed,
          description:
            'How documents are written. What is left out is as UPSTREAM_XML_* and UPSTREAM_CONTENT_TYPE say.',
          errorMessage: 'use an object such as { "order": "alphabetical" }',
          examples: [{ order: 'alphabetical' }],
        },
      ),
    ),
    listingFormat: Type.Optional(value.ListingFormat),
  },
  { ...closed, description: 'One account.', errorMessage: 'use an object with providerId, username and passwordFile' },
);

export type ProviderContent = Static<typeof ProviderEntry>;
