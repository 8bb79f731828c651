import t from 'tap';
import { createVault } from '../../src/store/vault.ts';
import { lead } from '../support/lead.ts';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const ID = 'cnv_one';
const OTHER = 'cnv_other';
const content = lead({ firstName: 'Canaryfirst', question: 'Canaryquestion 🚗' });
const KEY_BYTES = 64;

t.test('a sealed lead opens again, and its bytes show nothing of it', async (t) => {
  const vault = createVault([NEW]);
  const sealed = vault.seal(ID, content);
  t.strictSame(vault.open(ID, sealed), content);
  for (const bytes of [sealed.data, sealed.key ?? Buffer.alloc(0), vault.sealText(ID, 'description', 'Canarytext')]) {
    t.notOk(/Canary|4045551212/.test(bytes.toString('latin1')));
  }
  t.equal(vault.openText(ID, 'description', vault.sealText(ID, 'description', 'Canarytext')), 'Canarytext');
});

t.test('each lead is sealed with its own key', async (t) => {
  const vault = createVault([NEW]);
  const [a, b] = [vault.seal(ID, content), vault.seal(ID, content)];
  t.notOk(a.key?.equals(b.key ?? a.key));
  t.throws(() => vault.open(ID, { key: a.key, data: b.data }), { name: 'VaultError' });
});

t.test('what one conversation sealed opens under no other, and in no other column', async (t) => {
  const vault = createVault([NEW]);
  const sealed = vault.seal(ID, content);
  const text = vault.sealText(ID, 'description', JSON.stringify(content));
  const moved = { name: 'VaultError', message: /altered or moved/ };
  t.throws(() => vault.open(OTHER, sealed), moved);
  t.throws(() => vault.openText(OTHER, 'description', text), moved);
  t.throws(() => vault.open(ID, { key: text.subarray(0, KEY_BYTES), data: text.subarray(KEY_BYTES) }), moved);
  t.throws(() => vault.openText(ID, 'description', Buffer.concat([sealed.key ?? text, sealed.data])), moved);
});

t.test('a previous key still opens, and the current one seals', async (t) => {
  const rotated = createVault([NEW, OLD]);
  t.strictSame(rotated.open(ID, createVault([OLD]).seal(ID, content)), content);
  t.throws(() => createVault([OLD]).open(ID, rotated.seal(ID, content)), {
    name: 'VaultError',
    message: /not configured/,
  });
});

t.test('an altered lead and a lead without its key do not open', async (t) => {
  const vault = createVault([NEW]);
  const { key, data } = vault.seal(ID, content);
  data[20] = (data[20] ?? 0) ^ 1;
  t.throws(() => vault.open(ID, { key, data }), { name: 'VaultError' });
  t.throws(() => createVault([]).open(ID, vault.seal(ID, content)), { name: 'VaultError', message: /no DATA_KEY/ });
});

t.test('a value that was cut so that its tag is shorter than 16 bytes does not open', async (t) => {
  const vault = createVault([NEW]);
  const { key } = vault.seal(ID, content);
  for (const length of [0, 4, 12, 15]) {
    t.throws(() => vault.open(ID, { key, data: Buffer.alloc(length) }), { name: 'VaultError' }, `${length} bytes`);
    t.throws(() => vault.openText(ID, 'description', Buffer.alloc(length)), { name: 'VaultError' }, `${length} bytes`);
  }
});

t.test('a lead that was stored without encryption is refused once a key is configured', async (t) => {
  const plain = createVault([]);
  const sealed = plain.seal(ID, content);
  t.equal(sealed.key, null);
  t.strictSame(plain.open(ID, sealed), content);
  t.throws(() => createVault([NEW]).open(ID, sealed), { name: 'VaultError', message: /without encryption/ });
  t.throws(
    () =>
      createVault([NEW]).openText(
        ID,
        'description',
        plain.sealText(ID, 'description', 'a text that is longer than a key'),
      ),
    {
      name: 'VaultError',
    },
  );
});

t.test('a value of the former format opens, and says that it is not bound', async (t) => {
  const vault = createVault([NEW]);
  const sealed = vault.seal(ID, content, 'former');
  t.strictSame(vault.open(OTHER, sealed), content);
  t.equal(vault.neededKey(sealed.key ?? Buffer.alloc(0)), 'former');
  t.equal(vault.openText(OTHER, 'description', vault.sealText(ID, 'description', 'Hello', 'former')), 'Hello');
});

t.test('a key that is wrapped anew needs the current key only, and keeps its length', async (t) => {
  const old = createVault([OLD]);
  const rotated = createVault([NEW, OLD]);
  const current = createVault([NEW]);
  for (const format of ['former', 'bound'] as const) {
    const sealed = old.seal(ID, content, format);
    const before = sealed.key ?? Buffer.alloc(0);
    const key = rotated.rewrap(ID, 'lead', before) ?? before;
    t.equal(key.length, before.length);
    t.strictSame(
      [before, key].map((wrapped) => rotated.neededKey(wrapped)),
      ['previous', 'current'],
    );
    t.strictSame(current.open(ID, { key, data: sealed.data }), content);
    t.throws(() => current.open(OTHER, { key, data: sealed.data }), { name: 'VaultError' });
    const text = old.sealText(ID, 'description', 'Hello', format);
    t.equal(current.openText(ID, 'description', rotated.rewrap(ID, 'description', text) ?? text), 'Hello');
  }
});

t.test('a key is not wrapped anew where it is current, unknown, or not in its place', async (t) => {
  const rotated = createVault([NEW, OLD]);
  const keyOf = (vault: typeof rotated) => vault.seal(ID, content).key ?? Buffer.alloc(0);
  t.equal(rotated.rewrap(ID, 'lead', keyOf(rotated)), undefined);
  t.equal(createVault([NEW]).rewrap(ID, 'lead', keyOf(createVault([OLD]))), undefined);
  t.equal(rotated.rewrap(OTHER, 'lead', keyOf(createVault([OLD]))), undefined);
  t.equal(rotated.rewrap(ID, 'description', keyOf(createVault([OLD]))), undefined);
});
