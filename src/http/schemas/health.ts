export const ALIVE = {
  $id: 'Alive',
  type: 'object',
  title: 'Alive',
  description: 'The process answers.',
  required: ['status'],
  additionalProperties: false,
  properties: { status: { type: 'string', const: 'alive', description: 'Always alive.', examples: ['alive'] } },
  examples: [{ status: 'alive' }],
} as const;

export const READINESS = {
  $id: 'Readiness',
  type: 'object',
  title: 'Readiness',
  description: 'Whether leads can be taken right now, and each check by name.',
  required: ['status', 'checks'],
  additionalProperties: false,
  properties: {
    status: { type: 'string', enum: ['ready', 'not_ready'], description: 'All checks together.', examples: ['ready'] },
    checks: {
      type: 'object',
      description: 'Each check with "ok", or what is wrong in a word.',
      additionalProperties: { type: 'string' },
      examples: [{ storage: 'ok' }],
    },
  },
} as const;
