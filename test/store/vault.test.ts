import t from 'tap';
import { createVault } from '../../src/store/vault.ts';
import { lead } from '../support/lead.ts';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
const content = lead({ firstName: 'Canaryfirst', question: 'Canaryquestion 🚗' });

t.test('a sealed lead opens again, and its bytes show nothing of it', async (t) => {
  const vault = createVault([NEW]);
  const sealed = vault.seal(content);
  t.strictSame(vault.open(sealed), content);
  for (const bytes of [sealed.data, sealed.key ?? Buffer.alloc(0), vault.sealText('Canarytext')]) {
    t.notOk(/Canary|4045551212/.test(bytes.toString('latin1')));
  }
  t.equal(vault.openText(vault.sealText('Canarytext')), 'Canarytext');
});

t.test('each lead is sealed with its own key', async (t) => {
  const vault = createVault([NEW]);
  const [a, b] = [vault.seal(content), vault.seal(content)];
  t.notOk(a.key?.equals(b.key ?? a.key));
  t.throws(() => vault.open({ key: a.key, data: b.data }), { name: 'VaultError' });
});

t.test('a previous key still opens, and the current one seals', async (t) => {
  const rotated = createVault([NEW, OLD]);
  t.strictSame(rotated.open(createVault([OLD]).seal(content)), content);
  t.throws(() => createVault([OLD]).open(rotated.seal(content)), { name: 'VaultError', message: /not configured/ });
});

t.test('an altered lead and a lead without its key do not open', async (t) => {
  const vault = createVault([NEW]);
  const { key, data } = vault.seal(content);
  data[20] = (data[20] ?? 0) ^ 1;
  t.throws(() => vault.open({ key, data }), { name: 'VaultError' });
  t.throws(() => createVault([]).open(vault.seal(content)), { name: 'VaultError', message: /no DATA_KEY/ });
});

t.test('leads stored without a key are plain, and stay readable once a key is set', async (t) => {
  const sealed = createVault([]).seal(content);
  t.equal(sealed.key, null);
  t.strictSame(createVault([NEW]).open(sealed), content);
});
