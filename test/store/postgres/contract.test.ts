import t from 'tap';
import { storeContract } from '../../contract/store.ts';
import { postgresOutbox, startPostgres } from '../../support/postgres.ts';

storeContract(t, postgresOutbox(await startPostgres()));
