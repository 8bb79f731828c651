import t from 'tap';
import { Type as TypeBox } from 'typebox';
import { Type } from '../../src/config/schema/type.ts';

/** One schema that uses each builder with and without options, by the builders that are given. */
function everything(build: typeof Type) {
  const options = { description: 'words', errorMessage: 'what is right' };
  const inner = build.Object({ a: build.Optional(build.String(options)), b: build.Boolean() });
  return build.Object(
    {
      array: build.Array(build.Integer({ minimum: 1 }), { minItems: 1, ...options }),
      boolean: build.Optional(build.Boolean(options)),
      choice: build.Enum(['one', 'two'], options),
      integer: build.Integer(),
      literal: build.Literal('*', options),
      inner,
      optionalOnly: build.Object({ a: build.Optional(inner) }, options),
      record: build.Record(build.String({ pattern: '^[a-z]$' }), inner, { additionalProperties: false, ...options }),
      text: build.String(),
      union: build.Optional(build.Union([build.Array(build.String()), build.Literal('*')], options)),
    },
    { additionalProperties: false, ...options },
  );
}

t.test('our builders make, word for word, the schemas that those of TypeBox make', async (t) => {
  t.equal(JSON.stringify(everything(Type), null, 1), JSON.stringify(everything(TypeBox), null, 1));
});

t.test('a schema that is optional in one place stays required in another', async (t) => {
  const text = Type.String();
  t.match(Type.Object({ here: Type.Optional(text), there: text }), { required: ['there'] });
});
