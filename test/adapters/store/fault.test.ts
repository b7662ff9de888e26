import { describe, expect, test } from 'vitest';
import { storeFault } from '../../../src/adapters/store/fault.ts';
import { FillwrightFault } from '../../../src/domain/faults.ts';

function failure(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe('what may pass is store_unavailable, and keeps its cause', () => {
  test.each([
    ['connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED'],
    ['connect ENOENT /tmp/.s.PGSQL.5432', 'ENOENT'],
    ['read ECONNRESET', 'ECONNRESET'],
    ['getaddrinfo EAI_AGAIN db', 'EAI_AGAIN'],
    ['terminating connection due to administrator command', '57P01'],
    ['the database system is starting up', '57P03'],
    ['canceling statement due to statement timeout', '57014'],
    ['sorry, too many clients already', '53300'],
    ['could not extend file: No space left on device', '53100'],
    ['out of memory', '53200'],
    ['cannot execute INSERT in a read-only transaction', '25006'],
    ['could not write to file', '58030'],
    ['deadlock detected', '40P01'],
    ['password authentication failed for user', '28P01'],
    ['database "x" does not exist', '3D000'],
    ['relation "journal" does not exist', '42P01'],
    ['Connection terminated unexpectedly', undefined],
    ['Connection terminated due to connection timeout', undefined],
    ['timeout expired', undefined],
    ['Query read timeout', undefined],
    ['Client has encountered a connection error and is not queryable', undefined],
    ['Cannot use a pool after calling end on the pool', undefined],
  ])('%s', (message, code) => {
    const cause = failure(message, code);
    const fault = storeFault(cause, 'commit');
    expect(fault).toMatchObject({ code: 'store_unavailable', facts: { operation: 'commit' } });
    expect(fault.message).toContain(message);
    expect(fault.message).not.toContain('\n');
    expect(fault.cause).toBe(cause);
  });
});

describe('what the server refuses is broken_invariant: it would refuse it again', () => {
  test.each([
    ['duplicate key value violates unique constraint', '23505'],
    ['new row violates check constraint', '23514'],
    ['null value in column', '23502'],
    ['invalid input syntax for type numeric', '22P02'],
    ['syntax error at or near', '42601'],
    ['undefined is not a function', undefined],
  ])('%s', (message, code) => {
    expect(storeFault(failure(message, code), 'project').code).toBe('broken_invariant');
  });
});

test.each([
  ['22021', 'invalid byte sequence for encoding "UTF8": 0x00', 'got a NUL character'],
  [
    '22P05',
    'character has no equivalent in encoding "LATIN1"',
    'no equivalent in encoding "LATIN1"',
  ],
])('text that cannot be kept says why: %s', (code, message, why) => {
  const fault = storeFault(failure(message, code), 'commit');
  expect(fault).toMatchObject({ code: 'invalid_value', message: expect.stringContaining(why) });
});

test('a fault of ours passes as it is', () => {
  const fault = new FillwrightFault('store_busy', 'taken');
  expect(storeFault(fault, 'acquireWriter')).toBe(fault);
});

test('several failed addresses give the message of the first', () => {
  const both = Object.assign(
    new AggregateError([failure('connect ECONNREFUSED ::1:5432'), failure('other')], ''),
    { code: 'ECONNREFUSED' },
  );
  expect(storeFault(both, 'migrate').message).toBe(
    'The store is not available (migrate): connect ECONNREFUSED ::1:5432.',
  );
});

test('a URL that cannot be read is a fault of the configuration, and is not repeated', () => {
  const cause = Object.assign(failure('Invalid URL', 'ERR_INVALID_URL'), { input: 'secret' });
  const fault = storeFault(cause, 'migrate');
  expect(fault.code).toBe('invalid_config');
  expect(fault.cause).toBeUndefined();
  expect(JSON.stringify(fault)).not.toContain('secret');
});
