import t from 'tap';
import { deliveryContract } from '../../contract/store.ts';
import { postgresOutbox, startPostgres } from '../../support/postgres.ts';

// Each test has a database of its own.
t.setTimeout(240_000);

deliveryContract(t, postgresOutbox(await startPostgres()));
