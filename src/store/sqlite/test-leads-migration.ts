/** A row of `callbacks` for each lead of a partner or a site and each of its receivers. */
const callbacksBy = (owner: 'partner' | 'site'): string => `
     SELECT c.seq, 'msg_' || lower(hex(randomblob(16))) AS id, destination, c.id AS ordering, c.updated_at AS at, status,
       json_remove(
         json_object('id', c.id, 'test', json('true'), 'reference', reference, 'status', status, 'reason', reason,
           'attempts', attempts,
           'createdAt', strftime('%Y-%m-%dT%H:%M:%S', created_at / 1000, 'unixepoch') || printf('.%03dZ', created_at % 1000),
           'updatedAt', strftime('%Y-%m-%dT%H:%M:%S', updated_at / 1000, 'unixepoch') || printf('.%03dZ', updated_at % 1000)),
         CASE WHEN reason IS NULL THEN '$.reason' ELSE '$.absent' END,
         CASE WHEN reference IS NULL THEN '$.reference' ELSE '$.absent' END,
         CASE WHEN substr(provider, 1, 5) = 'test:' THEN '$.absent' ELSE '$.test' END
       ) AS data
     FROM conversations AS c JOIN subscribers AS s ON s.${owner} = c.${owner} LEFT JOIN lead_references AS r ON r.seq = c.seq`;

/**
 * Test leads. They need no column, because their provider says that they are tests (`domain/provider.ts`): a lead of an earlier release
 * is none, and an earlier release that meets one cannot send it. Their callbacks say so, and a partner's list of its test leads has an
 * index, whose condition is spelled like `IS_TEST`; real leads do not enter it.
 */
export const TEST_LEADS_MIGRATION = `
   CREATE INDEX conversations_partner_test ON conversations (partner, status, created_at)
     WHERE partner IS NOT NULL AND substr(provider, 1, 5) = 'test:';
   DROP VIEW callbacks;
   CREATE VIEW callbacks AS ${callbacksBy('partner')} UNION ALL ${callbacksBy('site')}`;
