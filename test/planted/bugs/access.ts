import type { PlantedBug } from '../planted-bug.ts';

/** Bugs of who may do what, and of secrets. */
export const accessBugs: readonly PlantedBug[] = [
  {
    name: 'a secret passes where a text is told',
    invariant: 'I9',
    file: 'runtime/observe/redactor.ts',
    find: 'shown += text.slice(from, at) + HIDDEN;',
    plant: 'shown += text.slice(from, at + found.length);',
    test: 'test/unit/observe/redactor.test.ts',
  },
  {
    name: 'a secret is stored in clear where there is a key',
    invariant: 'I9',
    file: 'runtime/settings/secret-vault.ts',
    find: '!isSealed(value) && (isSecret(key, value)',
    plant: 'isSealed(value) && (isSecret(key, value)',
    test: 'test/unit/settings/secret-vault.test.ts',
  },
  {
    name: 'a viewer may do what an admin may',
    invariant: 'I9',
    file: 'runtime/rest/roles.ts',
    find: 'return ROLES.indexOf(role) >= ROLES.indexOf(needed);',
    plant: 'return ROLES.indexOf(role) <= ROLES.indexOf(needed);',
    test: 'test/unit/rest/access.test.ts',
  },
  {
    name: 'any token is known',
    invariant: 'I9',
    file: 'runtime/rest/authentication.ts',
    find: "if (timingSafeEqual(digest, Buffer.from(known, 'hex')))",
    plant: "if (!timingSafeEqual(digest, Buffer.from(known, 'hex')))",
    test: 'test/unit/rest/access.test.ts',
  },
];
