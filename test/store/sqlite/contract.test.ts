import t from 'tap';
import { storeContract } from '../../contract/store.ts';
import { sqliteOutbox } from '../../support/outbox.ts';

storeContract(t, sqliteOutbox);
